using Mjolnir.Core.Batches;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Violations;
using Mjolnir.Storage.Objects;
using Mjolnir.Storage.Shards;

namespace Mjolnir.WriteBehind.Tests.Auditing;

public sealed class AuditorTests
{
    private static readonly RowKey Alice = World.Key("alice");

    [Fact]
    public async Task Rows_that_agree_are_counted_and_nothing_is_touched()
    {
        await using var world = await AuditedWorld.StartAsync("alice", "bob", "carol");
        var (objects, items, sets) = (world.World.Objects.Names, world.Shard.Statistics.Items, world.Shard.Statistics.Sets);
        var figures = await world.SilentAsync();
        Assert.Equal(AuditedWorld.Rounds, figures.Rounds);
        Assert.True(figures.Rows >= 3 * AuditedWorld.Rounds, $"{figures}");
        Assert.Equal((0, 0, 0), (figures.Differences, figures.Cleared, figures.Unclear));
        Assert.Equal(objects, world.World.Objects.Names);
        Assert.Equal((items, sets), (world.Shard.Statistics.Items, world.Shard.Statistics.Sets));
        Assert.Equal(0, world.Requests.Figures.Puts + world.Requests.Figures.Deletes);
        Assert.True(world.Requests.Figures.Gets > 0);
    }

    [Fact]
    public async Task A_value_changed_by_hand_in_the_shard_is_found_and_told_once_with_row_and_stamp()
    {
        await using var world = await AuditedWorld.StartAsync("alice", "bob");
        await world.PutAsync(Alice, Version(1, new Stamp(AuditedWorld.Log, 1), 11));
        var told = await world.ToldAsync();
        Assert.Equal((ViolationKind.ValueDiffers, "row bank/users/alice"), (told.Kind, told.Part));
        Assert.Contains("version 1 by s1.1:1", told.What);
        await world.Auditor.RoundAsync(World.Ever);
        Assert.Single(world.Told);
        Assert.Equal((1, 1), (world.Auditor.Figures.Differences, world.Auditor.Figures.Open));
    }

    [Fact]
    public async Task A_difference_that_was_mended_is_no_longer_open_and_told_again_when_it_comes_back()
    {
        await using var world = await AuditedWorld.StartAsync("alice");
        var stamp = new Stamp(AuditedWorld.Log, 1);
        await world.PutAsync(Alice, Version(1, stamp, 11));
        await world.ToldAsync();
        await world.PutAsync(Alice, Version(1, stamp, 10));
        await world.Auditor.RoundAsync(World.Ever);
        Assert.Equal(0, world.Auditor.Figures.Open);
        await world.PutAsync(Alice, Version(1, stamp, 11));
        await world.Auditor.RoundAsync(World.Ever);
        Assert.Equal(2, world.Told.Count);
    }

    [Fact]
    public async Task A_row_changed_in_a_segment_is_found()
    {
        await using var world = await AuditedWorld.StartAsync("alice", "bob");
        await world.ChangeSegmentAsync(row => row.Key == Alice ? row with { Version = row.Version with { Value = Document.FromText("{\"v\":99}") } } : row);
        Assert.Equal((ViolationKind.ValueDiffers, "row bank/users/alice"), Of(await world.ToldAsync()));
    }

    [Fact]
    public async Task A_row_missing_in_the_store_is_found_from_the_log()
    {
        await using var world = await AuditedWorld.StartAsync("alice", "bob");
        await world.ChangeSegmentAsync(row => row.Key == Alice ? null : row);
        Assert.Equal((ViolationKind.RowMissingInStore, "row bank/users/alice"), Of(await world.ToldAsync()));
    }

    [Fact]
    public async Task A_newer_version_that_the_manifest_lists_as_stored_must_be_in_the_store()
    {
        await using var world = await AuditedWorld.StartAsync("alice", "bob");
        await world.PutAsync(Alice, Version(2, new Stamp(AuditedWorld.Log, 2), 11));
        Assert.Equal((ViolationKind.RowMissingInStore, "row bank/users/alice"), Of(await world.ToldAsync()));
    }

    [Fact]
    public async Task A_row_missing_in_a_warm_shard_is_found_and_in_a_cold_one_nothing_can_be_said()
    {
        await using var world = await AuditedWorld.StartAsync("alice", "bob");
        await world.RemoveAsync(Alice);
        world.IsWarmed = false;
        Assert.True((await world.SilentAsync()).Unclear > 0);
        world.IsWarmed = true;
        Assert.Equal((ViolationKind.RowMissingInCache, "row bank/users/alice"), Of(await world.ToldAsync()));
    }

    [Fact]
    public async Task A_shard_behind_the_store_is_found()
    {
        await using var world = await AuditedWorld.StartAsync("alice");
        await world.WriteAsync("alice", 2, 20);
        await world.StoreAsync();
        await world.PutAsync(Alice, Version(1, new Stamp(AuditedWorld.Log, 1), 10));
        Assert.Equal((ViolationKind.CacheBehind, "row bank/users/alice"), Of(await world.ToldAsync()));
    }

    [Fact]
    public async Task A_version_used_twice_is_found()
    {
        await using var world = await AuditedWorld.StartAsync("alice", "bob");
        await world.PutAsync(Alice, Version(1, new Stamp(AuditedWorld.Log, 2), 10));
        Assert.Equal((ViolationKind.VersionDuplicate, "row bank/users/alice"), Of(await world.ToldAsync()));
    }

    [Fact]
    public async Task A_version_by_a_log_that_nobody_registered_or_by_none_is_found()
    {
        await using var world = await AuditedWorld.StartAsync("alice", "bob");
        await world.PutAsync(Alice, Version(2, new Stamp("s9.1", 1), 10));
        Assert.Equal((ViolationKind.UnknownStamp, "row bank/users/alice"), Of(await world.ToldAsync()));
        world.Told.Clear();
        await world.PutAsync(World.Key("bob"), Version(2, Stamp.None, 10));
        Assert.Equal((ViolationKind.UnknownStamp, "row bank/users/bob"), Of(await world.ToldAsync()));
    }

    [Fact]
    public async Task A_version_not_yet_stored_is_explained_by_a_live_log_one_batch_above_its_end_and_not_two()
    {
        await using var world = await AuditedWorld.StartAsync("alice");
        world.Durable[AuditedWorld.Log] = 5;
        await world.PutAsync(Alice, Version(7, new Stamp(AuditedWorld.Log, 6), 10));
        await world.SilentAsync();
        await world.PutAsync(Alice, Version(7, new Stamp(AuditedWorld.Log, 7), 10));
        Assert.Equal((ViolationKind.StampOrder, "row bank/users/alice"), Of(await world.ToldAsync()));
    }

    [Fact]
    public async Task A_hot_row_that_is_always_ahead_of_what_was_heard_last_is_no_difference()
    {
        await using var world = await AuditedWorld.StartAsync("alice");
        var (batch, asked) = (200L, 0);
        world.Wire = connection => new Changed(connection, operation =>
        {
            if (operation.CacheKey == AuditedWorld.CacheKey(Alice))
            {
                (batch, asked) = (batch + 200, 0);
                world.PutAsync(Alice, Version(batch, new Stamp(AuditedWorld.Log, batch), 10)).GetAwaiter().GetResult();
            }

            return operation.Status;
        });
        // Heard at first from before the row was read, and before it is read again from after it.
        world.Hears = () => batch - 200 + (asked++ == 0 ? -100 : 100);
        await world.PutAsync(Alice, Version(batch, new Stamp(AuditedWorld.Log, batch), 10));
        Assert.True((await world.SilentAsync()).Cleared > 0);
    }

    [Fact]
    public async Task Of_a_log_whose_owner_is_silent_nothing_is_said()
    {
        await using var world = await AuditedWorld.StartAsync("alice");
        await world.PutAsync(Alice, Version(7, new Stamp(AuditedWorld.Log, 700), 10));
        Assert.True((await world.SilentAsync()).Unclear > 0);
    }

    [Fact]
    public async Task A_void_version_is_nobodys_and_what_it_replaced_is_compared()
    {
        await using var world = await AuditedWorld.StartAsync("alice");
        await world.World.OpenLogAsync("s2.1");
        await world.World.SealAsync("s2.1");
        var current = Version(2, new Stamp("s2.1", 1), 20);
        await world.PutAsync(Alice, EnvelopeCodec.Encode(new Envelope(current, Version(1, new Stamp(AuditedWorld.Log, 1), 10), 1)));
        await world.SilentAsync();
        await world.PutAsync(Alice, EnvelopeCodec.Encode(new Envelope(current, Version(1, new Stamp(AuditedWorld.Log, 1), 11), 1)));
        Assert.Equal((ViolationKind.ValueDiffers, "row bank/users/alice"), Of(await world.ToldAsync()));
    }

    [Fact]
    public async Task A_damaged_item_is_found()
    {
        await using var world = await AuditedWorld.StartAsync("alice", "bob");
        var item = EnvelopeCodec.Encode(Envelope.Of(Version(1, new Stamp(AuditedWorld.Log, 1), 10)));
        item[^6] ^= 1;
        await world.PutAsync(Alice, item);
        Assert.Equal((ViolationKind.DamagedData, "row bank/users/alice"), Of(await world.ToldAsync()));
    }

    [Fact]
    public async Task A_damaged_segment_is_told_by_name()
    {
        await using var world = await AuditedWorld.StartAsync("alice", "bob");
        world.RestartAuditor();
        var segment = ObjectNames.ManifestEntry(AuditedWorld.Log, 1);
        world.World.Objects[segment][20] ^= 1;
        var told = await world.ToldAsync();
        Assert.Equal(ViolationKind.DamagedData, told.Kind);
        Assert.Contains(segment, told.What);
    }

    [Fact]
    public async Task A_damaged_manifest_is_told_once_and_ends_the_round()
    {
        await using var world = await AuditedWorld.StartAsync("alice", "bob");
        var entry = ObjectNames.ManifestEntry(AuditedWorld.Log, 1);
        world.World.Objects[entry][^40] ^= 1;
        Assert.False(await world.Auditor.RoundAsync(World.Ever));
        Assert.False(await world.Auditor.RoundAsync(World.Ever));
        Assert.Contains(entry, Assert.Single(world.Told).What);
        Assert.Equal(2, world.Auditor.Figures.Skipped);
    }

    [Fact]
    public async Task Batches_that_depend_on_one_above_their_logs_end_are_found()
    {
        await using var world = await AuditedWorld.StartAsync("alice");
        await world.World.OpenLogAsync("s2.1");
        await world.World.SealAsync("s2.1");
        await world.World.OpenLogAsync("s3.1");
        await world.World.PublishAsync("s3.1", 1, new Stamp("s2.1", 4), World.Put("dora", 1, 1));
        await world.World.StoreAsync("s3.1", 1);
        var told = await world.ToldAsync();
        Assert.Equal((ViolationKind.StampOrder, "log s3.1"), Of(told));
        Assert.Contains("s2.1:4", told.What);
    }

    [Fact]
    public async Task Transaction_ids_start_anew_and_leave_by_themselves()
    {
        await using var world = await AuditedWorld.StartAsync("alice");
        var id = World.Key("{alice}1", "_tx");
        await world.World.PublishAsync(AuditedWorld.Log, 2, new BatchRecord(id, 5, RowState.Present, Document.FromText("{}")));
        await world.World.StoreAsync(AuditedWorld.Log, 2);
        await world.SilentAsync();
        await world.PutAsync(id, Version(1, new Stamp(AuditedWorld.Log, 1), 1));
        await world.SilentAsync();
    }

    [Fact]
    public async Task Under_a_newer_view_an_old_home_proves_nothing()
    {
        await using var world = await AuditedWorld.StartAsync("alice", "bob");
        await world.RemoveAsync(Alice);

        // The registry has a newer open view; the auditor has not heard of it yet.
        await world.OpenViewAsync(2);
        Assert.True((await world.SilentAsync()).Cleared > 0);
        world.ActiveView = 2;
        Assert.Equal(ViolationKind.RowMissingInCache, (await world.ToldAsync()).Kind);
    }

    [Fact]
    public async Task What_only_one_look_saw_is_dispelled()
    {
        await using var world = await AuditedWorld.StartAsync("alice", "bob");
        await world.Auditor.DisposeAsync();
        var looks = 0;
        world.Wire = connection => new Changed(connection, operation => operation.CacheKey == AuditedWorld.CacheKey(Alice) && looks++ == 0 ? ShardStatus.Miss : operation.Status);
        world.RestartAuditor();
        Assert.Equal(1, (await world.SilentAsync()).Cleared);
        Assert.True(looks > 2);
    }

    [Fact]
    public async Task A_shard_without_its_label_or_without_an_answer_proves_nothing()
    {
        await using var world = await AuditedWorld.StartAsync("alice", "bob");
        world.Shard.Flush();
        Assert.Equal(0, (await world.SilentAsync()).Cleared);
        await world.Auditor.DisposeAsync();
        world.Wire = connection => new Changed(connection, _ => ShardStatus.Unknown);
        world.RestartAuditor();
        var figures = await world.SilentAsync();
        Assert.Equal(figures.Rows, figures.Unclear);
    }

    [Fact]
    public async Task Without_an_open_view_rounds_are_left_out()
    {
        await using var world = await AuditedWorld.StartAsync("alice");
        world.ActiveView = 0;
        Assert.False(await world.Auditor.RoundAsync(World.Ever));
        Assert.Equal((0, 1), (world.Auditor.Figures.Rounds, world.Auditor.Figures.Skipped));
    }

    [Fact]
    public async Task Rows_in_runs_are_compared_too_and_one_of_an_earlier_round_that_a_merge_lost_is_found()
    {
        await using var world = await AuditedWorld.StartAsync("alice", "bob");
        await world.WriteAsync("alice", 2, 20);
        await world.StoreAsync();
        await world.SilentAsync(rounds: 2);
        Assert.Equal(1, await world.World.Compactor(new WriteBehindLimits { EntriesPerLog = 1 }).RoundAsync(World.Ever));
        await world.SilentAsync();

        var head = await new Storage.Manifests.RunChain(world.World.Objects).HeadAsync(World.Ever);
        await new Storage.Manifests.RunChain(world.World.Objects).CreateAsync(head with { Number = head.Number + 1, Runs = [] }, World.Ever);
        Assert.Equal(ViolationKind.RowMissingInStore, (await world.ToldAsync()).Kind);
    }

    private static (ViolationKind Kind, string Part) Of(Violation violation) => (violation.Kind, violation.Part);

    private static RowVersion Version(long version, Stamp stamp, int value) => new(version, stamp, RowState.Present, Document.FromText($"{{\"v\":{value}}}"));

    /// <summary>A connection whose answers a test changes.</summary>
    private sealed class Changed(IShardConnection inner, Func<ShardOperation, ShardStatus> status) : IShardConnection
    {
        public string Shard => inner.Shard;

        public long Incarnation => inner.Incarnation;

        public async ValueTask RunAsync(IReadOnlyList<ShardOperation> pass, CancellationToken cancellationToken)
        {
            await inner.RunAsync(pass, cancellationToken);
            foreach (var operation in pass)
            {
                operation.Status = status(operation);
            }
        }

        public ValueTask OpenAsync(string label, CancellationToken cancellationToken) => inner.OpenAsync(label, cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
