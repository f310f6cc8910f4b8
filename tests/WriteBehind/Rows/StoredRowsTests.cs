using Mjolnir.Chaos.Objects;
using Mjolnir.Core;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Manifests;
using Mjolnir.Storage.Objects;
using Mjolnir.Storage.Rows;

namespace Mjolnir.WriteBehind.Tests.Rows;

public sealed class StoredRowsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly World _world = new();

    [Fact]
    public async Task The_highest_version_of_all_segments_counts()
    {
        await _world.OpenLogAsync("s1.1");
        await _world.OpenLogAsync("s2.1");
        await _world.PublishAsync("s1.1", 1, World.Put("alice", 1, 1));
        await _world.StoreAsync("s1.1", 1);
        await _world.PublishAsync("s2.1", 1, new Stamp("s1.1", 1), World.Put("alice", 2, 2));
        await _world.StoreAsync("s2.1", 1);
        await _world.PublishAsync("s1.1", 2, new Stamp("s2.1", 1), World.Remove("alice", 3));
        await _world.StoreAsync("s1.1", 2);
        var found = await (await _world.RowsAsync()).FindAsync(World.Key("alice"), World.Ever);
        Assert.Equal(new RowVersion(3, new Stamp("s1.1", 2), RowState.Tombstone, null), found);
    }

    [Fact]
    public async Task A_void_version_is_left_out_before_the_highest_is_chosen()
    {
        await _world.OpenLogAsync("s1.1");
        await _world.PublishAsync("s1.1", 1, World.Put("alice", 1, 1));
        await _world.StoreAsync("s1.1", 1);
        await _world.OpenLogAsync("s2.1");
        await _world.PublishAsync("s2.1", 1, World.Put("alice", 2, 2));
        await _world.StoreAsync("s2.1", 1);

        // A cut lowers s2.1 to nothing: what it wrote never happened.
        await _world.OpenLogAsync("s3.1");
        await _world.PublishAsync("s3.1", 1, new Stamp("s4.1", 1), World.Put("bob", 1, 1));
        await _world.StoreAsync("s3.1", 1);
        _world.Broker.Lose("s3.1");
        await _world.RecoverAsync();
        Assert.Null(await _world.FindAsync("bob"));
        Assert.Equal("{\"v\":2}", await _world.FindAsync("alice"));
        Assert.Equal(0, (await _world.RowsAsync()).SealedLogs["s3.1"]);
    }

    [Fact]
    public async Task A_version_that_exists_twice_is_reported()
    {
        await _world.OpenLogAsync("s1.1");
        await _world.OpenLogAsync("s2.1");
        await _world.PublishAsync("s1.1", 1, World.Put("alice", 1, 1));
        await _world.PublishAsync("s2.1", 1, World.Put("alice", 1, 2));
        await _world.StoreAsync("s1.1", 1);
        await _world.StoreAsync("s2.1", 1);
        var rows = await _world.RowsAsync();
        var fault = await Assert.ThrowsAsync<CorruptDataException>(async () => await rows.FindAsync(World.Key("alice"), World.Ever));
        Assert.Contains("s1.1:1", fault.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<CorruptDataException>(() => StreamAsync(rows));
    }

    [Fact]
    public async Task Every_flipped_byte_of_a_segment_is_reported_with_its_object()
    {
        await StoreManyAsync(50, 1);
        var name = Assert.Single(_world.Objects.Names, name => name.EndsWith(".gz", StringComparison.Ordinal));
        var good = _world.Objects[name];
        for (var i = 0; i < good.Length; i++)
        {
            var bad = (byte[])good.Clone();
            bad[i] ^= 0x10;
            _world.Objects[name] = bad;
            Assert.Equal(name, (await Assert.ThrowsAsync<CorruptDataException>(async () => await StreamAsync(await _world.RowsAsync()))).ObjectName);
        }
    }

    [Fact]
    public async Task Every_flipped_byte_of_a_manifest_is_reported_with_its_object()
    {
        await StoreManyAsync(2, 1);
        var name = Assert.Single(_world.Objects.Names, name => name.Contains("/entries/", StringComparison.Ordinal));
        var good = _world.Objects[name];
        for (var i = good.Length - ManifestCodec.LengthOf(name, good); i < good.Length; i++)
        {
            var bad = (byte[])good.Clone();
            bad[i] ^= 0x01;
            _world.Objects[name] = bad;
            Assert.Equal(name, (await Assert.ThrowsAsync<CorruptDataException>(_world.RowsAsync)).ObjectName);
        }
    }

    [Fact]
    public async Task A_torn_segment_or_manifest_is_reported()
    {
        await StoreManyAsync(2, 1);
        foreach (var name in _world.Objects.Names.Where(name => name.StartsWith("logs/", StringComparison.Ordinal)))
        {
            var good = _world.Objects[name];
            _world.Objects[name] = good[..(good.Length / 2)];
            Assert.Equal(name, (await Assert.ThrowsAsync<CorruptDataException>(async () => await StreamAsync(await _world.RowsAsync()))).ObjectName);
            _world.Objects[name] = good;
        }
    }

    [Fact]
    public async Task A_missing_segment_is_reported_and_never_no_row()
    {
        await StoreManyAsync(2, 1);
        var rows = await _world.RowsAsync();
        await _world.Objects.DeleteAsync(_world.Objects.Names.Single(name => name.EndsWith(".gz", StringComparison.Ordinal)), World.Ever);
        await Assert.ThrowsAsync<CorruptDataException>(async () => await rows.FindAsync(World.Key("user0000"), World.Ever));
        await Assert.ThrowsAsync<CorruptDataException>(() => StreamAsync(rows));
    }

    [Fact]
    public async Task The_stream_gives_every_key_once_in_order()
    {
        await StoreManyAsync(3000, 7);
        var rows = await StreamAsync(await _world.RowsAsync());
        Assert.Equal(3000, rows.Count);
        Assert.Equal(rows.OrderBy(name => name, StringComparer.Ordinal), rows);
        var wanted = new List<string>();
        await foreach (var row in (await _world.RowsAsync()).StreamAsync(key => key.PrimaryKey.EndsWith('5'), World.Ever))
        {
            wanted.Add(row.Key.PrimaryKey);
        }

        Assert.Equal(300, wanted.Count);
    }

    [Fact]
    public async Task A_key_costs_one_read_once_the_indexes_are_known()
    {
        await StoreManyAsync(3000, 7);
        var rows = await _world.RowsAsync();
        await rows.FindAsync(World.Key("user0000"), World.Ever);
        var before = rows.Reads;
        for (var i = 0; i < 100; i++)
        {
            Assert.NotNull(await rows.FindAsync(World.Key($"user{i:D4}"), World.Ever));
        }

        Assert.InRange(rows.Reads - before, 100, 120);
    }

    [Fact]
    public async Task Keys_of_one_block_that_are_wanted_together_cost_one_read()
    {
        await StoreManyAsync(50, 1);
        var rows = await _world.RowsAsync();
        await rows.FindAsync(World.Key("user0000"), World.Ever);
        var before = rows.Reads;
        var read = _world.Store.HoldNext(static operation => operation.Verb == StoreVerb.GetRange);

        var first = rows.FindAsync(World.Key("user0000"), World.Ever).AsTask();
        await read.Reached.WaitAsync(Patience);
        var second = rows.FindAsync(World.Key("user0001"), World.Ever).AsTask();
        await Task.WhenAny(second, Task.Delay(200));

        // A read of its own would have ended.
        Assert.False(second.IsCompleted);
        read.Release();
        Assert.All(await Task.WhenAll(first, second), Assert.NotNull);
        Assert.Equal(1, rows.Reads - before);
        Assert.NotNull(await rows.FindAsync(World.Key("user0001"), World.Ever));
        Assert.Equal(2, rows.Reads - before);
    }

    [Fact]
    public async Task When_an_object_was_merged_and_collected_the_reader_starts_over()
    {
        await StoreManyAsync(200, 4);
        var rows = await _world.RowsAsync();
        var streamed = new List<string>();
        await foreach (var row in rows.StreamAsync(null, World.Ever))
        {
            streamed.Add(row.Key.PrimaryKey);
            if (streamed.Count == 1)
            {
                await MergeAndCollectAsync();
            }
        }

        Assert.Equal(200, streamed.Distinct().Count());
        Assert.Equal(200, streamed.Count);
        var again = await _world.RowsAsync();
        Assert.Equal("{\"v\":3}", (await again.FindAsync(World.Key("user0003"), World.Ever))?.Value?.ToString());
    }

    [Fact]
    public async Task A_find_over_collected_segments_starts_over()
    {
        await StoreManyAsync(200, 4);
        var rows = await _world.RowsAsync();
        await MergeAndCollectAsync();
        Assert.Single(_world.Objects.Names, name => name.Contains("/entries/", StringComparison.Ordinal));
        Assert.Equal("{\"v\":3}", (await rows.FindAsync(World.Key("user0003"), World.Ever))?.Value?.ToString());
        Assert.Null(await rows.FindAsync(World.Key("nobody"), World.Ever));
    }

    [Fact]
    public async Task W7_a_row_merged_while_a_snapshot_is_read_is_not_absent()
    {
        await StoreManyAsync(20, 4);

        // The snapshot has read the logs and is about to read the chain of runs.
        var reads = 0;
        var gate = _world.Store.HoldNext(operation => operation is { Verb: StoreVerb.List, Name: "runs/0" } && ++reads == 2);
        var opening = _world.RowsAsync();
        await gate.Reached.WaitAsync(Patience);
        await MergeAndCollectAsync();
        gate.Release();
        Assert.NotNull(await (await opening).FindAsync(World.Key("user0003"), World.Ever));
    }

    [Fact]
    public async Task W7_a_row_merged_before_the_logs_are_read_is_not_absent()
    {
        await StoreManyAsync(20, 4);
        var gate = _world.Store.HoldNext(operation => operation is { Verb: StoreVerb.List, Name: "registry/logs/" });
        var opening = _world.RowsAsync();
        await gate.Reached.WaitAsync(Patience);
        await MergeAndCollectAsync();
        gate.Release();
        Assert.NotNull(await (await opening).FindAsync(World.Key("user0003"), World.Ever));
    }

    [Fact]
    public async Task W6_a_reload_after_a_seal_sees_what_the_seal_covers()
    {
        await _world.OpenLogAsync("s1.1");
        await _world.PublishAsync("s1.1", 1, World.Put("alice", 1, 1));
        await _world.StoreAsync("s1.1", 1);
        var rows = await _world.RowsAsync();
        await _world.PublishAsync("s1.1", 2, World.Put("alice", 2, 2));
        Assert.Equal(2, await _world.SealAsync("s1.1"));

        // The old manifests give version 1, which batch 2, durable below the seal, replaced: a lost update if it were believed.
        Assert.Equal(1, (await rows.FindAsync(World.Key("alice"), World.Ever))?.Version);
        Assert.DoesNotContain("s1.1", rows.SealedLogs.Keys);
        await rows.RefreshAsync(World.Ever);
        Assert.Equal(2, rows.SealedLogs["s1.1"]);
        Assert.Equal(2, (await rows.FindAsync(World.Key("alice"), World.Ever))?.Version);
        Assert.True(rows.Snapshot.IsValid(new Stamp("s1.1", 2)));
        Assert.False(rows.Snapshot.IsValid(new Stamp("s1.1", 3)));
    }

    [Fact]
    public async Task W6_reloads_that_begin_after_a_seal_share_one_snapshot_and_none_that_began_before_it()
    {
        var rows = await OneRowAsync();
        var (snapshots, lists) = (0, 0);
        _world.Store.HoldEach(operation => operation is { Verb: StoreVerb.List, Name: "registry/logs/" } && ++snapshots < 0);
        var early = _world.Store.HoldNext(operation => operation is { Verb: StoreVerb.List, Name: "runs/0" } && ++lists == 2);
        var before = rows.RefreshAsync(World.Ever).AsTask();
        await early.Reached.WaitAsync(Patience);
        await SealWithUpdateAsync();
        var reloads = Enumerable.Range(0, 500).Select(_ => ReloadAsync(rows)).ToList();
        early.Release();
        await before.WaitAsync(Patience);

        Assert.All(await Task.WhenAll(reloads).WaitAsync(Patience), version => Assert.Equal(2, version));
        Assert.Equal(2, snapshots);
    }

    [Fact]
    public async Task W6_a_snapshot_that_began_before_a_seal_and_comes_late_replaces_none_that_began_after_it()
    {
        await StoreManyAsync(200, 4);
        var rows = await _world.RowsAsync();
        await MergeAndCollectAsync();
        var lists = 0;
        var late = _world.Store.HoldNext(operation => operation is { Verb: StoreVerb.List, Name: "runs/0" } && ++lists == 2);
        var find = rows.FindAsync(World.Key("user0003"), World.Ever).AsTask();
        await late.Reached.WaitAsync(Patience);
        await _world.PublishAsync("s1.1", 5, World.Put("user0003", 2, 4711));
        await _world.SealAsync("s1.1");
        await rows.RefreshAsync(World.Ever);
        late.Release();
        await find.WaitAsync(Patience);

        Assert.Equal(2, (await rows.FindAsync(World.Key("user0003"), World.Ever))?.Version);
        Assert.Equal(5, rows.SealedLogs["s1.1"]);
    }

    [Fact]
    public async Task Who_shares_a_snapshot_is_told_of_its_failure_and_the_next_is_a_new_one()
    {
        var rows = await OneRowAsync();
        var down = _world.Store.HoldEach(operation => operation is { Verb: StoreVerb.List, Name: "registry/logs/" });
        var shared = Enumerable.Range(0, 5).Select(_ => rows.RefreshAsync(World.Ever).AsTask()).ToList();
        await down.Reached.WaitAsync(Patience);
        using var impatient = new CancellationTokenSource();
        var left = rows.RefreshAsync(impatient.Token).AsTask();
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        down.ReleaseByThrowing(new StoreUnavailableException("down"));
        foreach (var one in shared)
        {
            await Assert.ThrowsAsync<StoreUnavailableException>(() => one.WaitAsync(Patience));
        }

        down.Dispose();
        await SealWithUpdateAsync();
        Assert.Equal(2, await ReloadAsync(rows).WaitAsync(Patience));
    }

    private static async Task<long?> ReloadAsync(StoredRows rows)
    {
        await rows.RefreshAsync(World.Ever);
        return (await rows.FindAsync(World.Key("alice"), World.Ever))?.Version;
    }

    private async Task<StoredRows> OneRowAsync()
    {
        await _world.OpenLogAsync("s1.1");
        await _world.PublishAsync("s1.1", 1, World.Put("alice", 1, 1));
        await _world.StoreAsync("s1.1", 1);
        return await _world.RowsAsync();
    }

    private async Task SealWithUpdateAsync()
    {
        await _world.PublishAsync("s1.1", 2, World.Put("alice", 2, 2));
        await _world.SealAsync("s1.1");
    }

    private static async Task<List<string>> StreamAsync(StoredRows rows)
    {
        var keys = new List<string>();
        await foreach (var row in rows.StreamAsync(null, World.Ever))
        {
            keys.Add(row.Key.PrimaryKey);
        }

        return keys;
    }

    /// <summary>Row i of the log's batch i mod segments, one segment for each batch.</summary>
    private async Task StoreManyAsync(int rows, int segments)
    {
        await _world.OpenLogAsync("s1.1");
        for (var batch = 1; batch <= segments; batch++)
        {
            var records = Enumerable.Range(0, rows).Where(i => i % segments == batch - 1).Select(i => World.Put($"user{i:D4}", 1, i)).ToArray();
            await _world.PublishAsync("s1.1", batch, records);
            await _world.StoreAsync("s1.1", batch);
        }
    }

    private async Task MergeAndCollectAsync()
    {
        var compactor = _world.Compactor(new WriteBehindLimits { EntriesPerLog = 1, CollectionDelay = TimeSpan.FromMinutes(10) });
        Assert.Equal(1, await compactor.RoundAsync(World.Ever));
        _world.Time.Advance(TimeSpan.FromMinutes(10));
        await compactor.RoundAsync(World.Ever);
    }
}
