using Mjolnir.Chaos.Objects;
using Mjolnir.Core.Batches;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;
using Mjolnir.Storage.Manifests;

namespace Mjolnir.WriteBehind.Tests.Compaction;

public sealed class CompactorTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly WriteBehindLimits Eager = new() { EntriesPerLog = 1, RunsPerLevel = 3 };

    private readonly World _world = new();

    [Fact]
    public async Task Segments_become_a_run_and_the_rows_stay()
    {
        await _world.OpenLogAsync("s1.1");
        for (var batch = 1; batch <= 5; batch++)
        {
            await StoreAsync("s1.1", batch, World.Put("alice", batch, batch), World.Put($"u{batch}", 1, batch));
        }

        Assert.Equal(1, await _world.Compactor(Eager).RoundAsync(World.Ever));
        Assert.Equal("{\"v\":5}", await _world.FindAsync("alice"));
        Assert.Equal("{\"v\":3}", await _world.FindAsync("u3"));
        var head = await HeadAsync();
        Assert.Equal(6, Assert.Single(head.Runs).Rows);
        Assert.Empty(await _world.ManifestAsync("s1.1"));
        await StoreAsync("s1.1", 6, World.Put("alice", 6, 6));
        Assert.Equal("{\"v\":6}", await _world.FindAsync("alice"));
        Assert.Equal(6, Assert.Single(await _world.ManifestAsync("s1.1")).Number);
    }

    [Fact]
    public async Task Runs_of_a_level_are_merged_into_the_next()
    {
        await _world.OpenLogAsync("s1.1");
        for (var batch = 1; batch <= 9; batch++)
        {
            await StoreAsync("s1.1", batch, World.Put("alice", batch, batch), World.Put($"u{batch}", 1, batch));
            await _world.Compactor(Eager).RoundAsync(World.Ever);
        }

        Assert.Equal([3], (await HeadAsync()).Runs.Select(run => run.Level));
        Assert.Equal("{\"v\":9}", await _world.FindAsync("alice"));
        Assert.Equal("{\"v\":1}", await _world.FindAsync("u1"));
    }

    [Fact]
    public async Task Large_runs_are_split_by_slots()
    {
        await _world.OpenLogAsync("s1.1");
        await StoreAsync("s1.1", 1, [.. Enumerable.Range(0, 500).Select(i => World.Put($"u{i}", 1, i))]);
        await _world.Compactor(Eager with { RunBytes = 1000 }).RoundAsync(World.Ever);
        var head = await HeadAsync();
        Assert.True(head.Runs.Count > 4);
        Assert.Equal(500, head.Runs.Sum(run => run.Rows));
        var rows = await _world.RowsAsync();
        for (var i = 0; i < 500; i++)
        {
            Assert.Equal($"{{\"v\":{i}}}", (await rows.FindAsync(World.Key($"u{i}"), World.Ever))?.Value?.ToString());
        }
    }

    [Fact]
    public async Task W5_what_is_above_the_stable_cut_is_not_merged_and_does_not_come_back()
    {
        await _world.OpenLogAsync("s1.1");
        await _world.OpenLogAsync("s2.1");
        await StoreAsync("s1.1", 1, World.Put("alice", 1, 1));

        // s1.1:2 depends on s2.1:1, which is still only in its queue.
        await _world.PublishAsync("s2.1", 1, World.Put("bob", 1, 1));
        await _world.PublishAsync("s1.1", 2, new Stamp("s2.1", 1), World.Put("alice", 2, 2));
        await _world.StoreAsync("s1.1", 2);
        await _world.Compactor(Eager).RoundAsync(World.Ever);
        Assert.Equal(1, (await HeadAsync()).CoverageOf("s1.1")?.Batch);
        Assert.Equal("{\"v\":2}", await _world.FindAsync("alice"));

        _world.Broker.Lose("s2.1");
        await _world.RecoverAsync();
        Assert.Equal("{\"v\":1}", await _world.FindAsync("alice"));
        await _world.Compactor(Eager).RoundAsync(World.Ever);
        Assert.Equal("{\"v\":1}", await _world.FindAsync("alice"));
        Assert.Null(await _world.FindAsync("bob"));
        Assert.Equal(1, (await _world.RowsAsync()).SealedLogs["s1.1"]);
    }

    [Fact]
    public async Task W5_a_cut_made_while_a_merge_computes_takes_its_number()
    {
        await _world.OpenLogAsync("s1.1");
        await _world.OpenLogAsync("s2.1");
        await StoreAsync("s1.1", 1, World.Put("alice", 1, 1));
        await _world.PublishAsync("s2.1", 1, World.Put("bob", 1, 1));
        await _world.PublishAsync("s1.1", 2, new Stamp("s2.1", 1), World.Put("alice", 2, 2));
        await _world.StoreAsync("s1.1", 2);

        var gate = _world.Store.HoldNext(operation => operation is { Verb: StoreVerb.Create, Name: "runs/0000000001.json" });
        var merging = _world.Compactor(Eager).RoundAsync(World.Ever);
        await gate.Reached.WaitAsync(Patience);
        _world.Broker.Lose("s2.1");
        await _world.RecoverAsync();
        gate.Release();
        await merging;
        var head = await HeadAsync();
        Assert.Equal((2, 1L), (head.Number, head.CutOf("s1.1")));
        Assert.Equal("{\"v\":1}", await _world.FindAsync("alice"));
    }

    [Fact]
    public async Task W9_a_tombstone_is_never_dropped_and_its_version_never_used_again()
    {
        await _world.OpenLogAsync("s1.1");
        await StoreAsync("s1.1", 1, World.Put("alice", 1, 1));
        await StoreAsync("s1.1", 2, World.Remove("alice", 2));
        for (var batch = 3; batch <= 11; batch++)
        {
            await StoreAsync("s1.1", batch, World.Put("bob", batch - 2, batch));
            await _world.Compactor(Eager).RoundAsync(World.Ever);
        }

        var found = await (await _world.RowsAsync()).FindAsync(World.Key("alice"), World.Ever);
        Assert.Equal(new RowVersion(2, new Stamp("s1.1", 2), RowState.Tombstone, null), found);
    }

    [Fact]
    public async Task Old_transaction_ids_are_dropped_with_their_expiry_and_young_ones_stay()
    {
        await _world.OpenLogAsync("s1.1");
        var (old, young) = (World.Key("{alice}old", "_tx"), World.Key("{alice}young", "_tx"));
        await StoreAsync("s1.1", 1, new BatchRecord(old, 1, RowState.Present, Document.FromText("{}")));
        _world.Time.Advance(TimeSpan.FromMinutes(12));
        await StoreAsync("s1.1", 2, new BatchRecord(young, 1, RowState.Present, Document.FromText("{}")));
        await _world.Compactor(Eager).RoundAsync(World.Ever);
        Assert.Equal(1, Assert.Single((await HeadAsync()).Runs).Rows);
        Assert.Null(await (await _world.RowsAsync()).FindAsync(old, World.Ever));
        Assert.NotNull(await (await _world.RowsAsync()).FindAsync(young, World.Ever));
    }

    [Fact]
    public async Task A_sealed_log_that_the_runs_hold_is_never_read_again_and_keeps_its_watermark()
    {
        await _world.OpenLogAsync("s1.1");
        await StoreAsync("s1.1", 1, World.Put("alice", 1, 1));
        await _world.SealAsync("s1.1");
        await _world.Compactor(Eager).RoundAsync(World.Ever);
        Assert.Equal(1, (await HeadAsync()).CoverageOf("s1.1")?.Watermark);
        Assert.Equal(1, await new LogManifest(_world.Objects).SealedWatermarkAsync("s1.1", World.Ever));
        Assert.Equal(1, (await _world.RowsAsync()).SealedLogs["s1.1"]);
        Assert.Equal(0, await _world.Compactor(Eager).RoundAsync(World.Ever));
    }

    [Fact]
    public async Task Two_compactors_do_no_harm()
    {
        await _world.OpenLogAsync("s1.1");
        await StoreAsync("s1.1", 1, World.Put("alice", 1, 1));
        var gate = _world.Store.HoldNext(operation => operation is { Verb: StoreVerb.Create, Name: "runs/0000000001.json" });
        var slow = _world.Compactor(Eager).RoundAsync(World.Ever);
        await gate.Reached.WaitAsync(Patience);
        await _world.Compactor(Eager).RoundAsync(World.Ever);
        gate.Release();
        await slow;
        Assert.Equal(1, (await HeadAsync()).Number);
        Assert.Equal("{\"v\":1}", await _world.FindAsync("alice"));
    }

    [Fact]
    public async Task Garbage_is_left_for_the_delay_and_the_fences_for_ever()
    {
        await _world.OpenLogAsync("s1.1");
        await StoreAsync("s1.1", 1, World.Put("alice", 1, 1));
        await StoreAsync("s1.1", 2, World.Put("alice", 2, 2));
        var compactor = _world.Compactor(Eager);
        await compactor.RoundAsync(World.Ever);
        var before = _world.Objects.Names;
        _world.Time.Advance(TimeSpan.FromMinutes(9));
        await compactor.RoundAsync(World.Ever);
        Assert.Equal(before, _world.Objects.Names);
        _world.Time.Advance(TimeSpan.FromMinutes(1));
        await compactor.RoundAsync(World.Ever);
        Assert.Equal(["logs/s1.1/entries/0000000002.gz"], _world.Objects.Names.Where(name => name.StartsWith("logs/", StringComparison.Ordinal)));
        Assert.Equal("{\"v\":2}", await _world.FindAsync("alice"));
        await StoreAsync("s1.1", 3, World.Put("alice", 3, 3));
        Assert.Equal("{\"v\":3}", await _world.FindAsync("alice"));
    }

    [Fact]
    public void Every_slot_lies_in_one_range_of_a_power_of_two()
    {
        Assert.Equal(0, Slots.Count % new WriteBehindLimits().MostRanges);
    }

    private async Task StoreAsync(string log, long batch, params BatchRecord[] records)
    {
        await _world.PublishAsync(log, batch, records);
        await _world.StoreAsync(log, batch);
    }

    private ValueTask<Mjolnir.Core.Manifests.RunChainEntry> HeadAsync() => new RunChain(_world.Objects).HeadAsync(World.Ever);
}
