using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Manifests;
using Mjolnir.Core.Views;
using Mjolnir.Storage.Cluster;
using Mjolnir.Storage.Manifests;
using Mjolnir.Storage.Shards;

namespace Mjolnir.WriteBehind.Tests.Views;

/// <summary>The keeper, the workers and plain servers together.</summary>
public sealed class ClusterLifeTests : IAsyncLifetime
{
    private readonly ClusterTest _cluster = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _cluster.DisposeAsync();
        Assert.Empty(_cluster.Faults);
    }

    [Fact]
    public async Task The_first_servers_become_view_one_together_and_their_shards_are_labelled_and_warm()
    {
        _cluster.StartKeeper();
        _cluster.StartWorkers("s1");
        await using var s1 = await _cluster.StartServerAsync("s1");
        await using var s2 = await _cluster.StartServerAsync("s2");
        var view = await _cluster.ActiveAsync(view => view.Shards.Count == 2);
        Assert.Equal(["s1", "s2"], view.Shards.Select(shard => shard.Name));
        foreach (var shard in view.Shards)
        {
            Assert.Equal(shard.Label, await LabelAsync(shard.Name));
        }

        var beat = await _cluster.BeatAsync(beat => beat.Warm.Count == 2);
        Assert.Equal(view.Shards.Select(shard => shard.Label).Order(), beat.Warm.Select(warm => warm.Label));
        Assert.All(beat.Warm, warm => Assert.Equal(view.Number, warm.View));
    }

    [Fact]
    public async Task A_flushed_shard_is_opened_anew_and_filled_and_no_other_shard_is_touched()
    {
        await using var servers = await TwoServersAsync();
        var before = await _cluster.ActiveAsync(view => view.Shards.Count == 2);
        await servers.First.WriteAsync(World.Put("alice", 1, 7), World.Put("bob", 1, 8), World.Put("carol", 1, 9));
        var openings = _cluster.Openings.Count;
        _cluster.Shard("s2").Flush();
        var view = await _cluster.ActiveAsync(view => view.Number > before.Number);
        Assert.Equal(before.Number + 1, view.Number);
        Assert.Equal(before.Shards[0], view.Shards[0]);
        Assert.NotEqual(before.Shards[1].Label, view.Shards[1].Label);
        Assert.Equal([("s2", view.Shards[1].Label)], _cluster.Openings.Skip(openings));
        await _cluster.BeatAsync(beat => beat.Warm.Any(warm => warm.Label == view.Shards[1].Label && warm.View == view.Number));
        var range = view.Slots.Single(range => range.Shard == 1);
        Assert.Equal(view.Number, range.Since);
        Assert.Equal(RowsIn(view, 1, "alice", "bob", "carol"), await CachedAsync("s2", view.Number, "alice", "bob", "carol"));
    }

    [Fact]
    public async Task Shards_that_a_new_keeper_finds_without_memory_are_changed_by_one_view_though_one_answers_later()
    {
        await using var s1 = await _cluster.StartServerAsync("s1");
        await using var s2 = await _cluster.StartServerAsync("s2");
        _cluster.StartWorkers("s1");
        ClusterView before;
        await using (_cluster.StartKeeper())
        {
            before = await _cluster.ActiveAsync(view => view.Shards.Count == 2);
        }

        _cluster.Shard("s1").Flush();
        _cluster.Shard("s2").Flush();
        _cluster.Slow["mem:s2"] = 4 * ClusterTest.Fast.Beat;
        _cluster.StartKeeper();
        var view = await _cluster.ActiveAsync(view => view.Number > before.Number);
        Assert.Equal(before.Number + 1, view.Number);
        Assert.DoesNotContain(view.Shards, shard => before.Shards.Contains(shard));

        // Nor are they filled before they are opened: the opening would empty them again.
        await _cluster.BeatAsync(beat => beat.ActiveView == view.Number && beat.Warm.Count == 2);
        Assert.Single(_cluster.Reports, report => report.Contains($"view {before.Number}: ", StringComparison.Ordinal) && report.Contains("put into shards", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_keeper_says_that_it_is_there_before_it_has_seen_the_store()
    {
        using var store = _cluster.World.Store.HoldEach(static _ => true);
        _cluster.StartKeeper();
        var beat = await _cluster.BeatAsync(static _ => true);
        Assert.Equal((0, 0), (beat.LatestView, beat.ActiveView));
        store.Release();
    }

    [Fact]
    public async Task A_restarted_shard_is_opened_anew()
    {
        await using var servers = await TwoServersAsync();
        var before = await _cluster.ActiveAsync(view => view.Shards.Count == 2);
        _cluster.Shard("s1").Restart();
        var view = await _cluster.ActiveAsync(view => view.Number > before.Number);
        Assert.Equal(view.Shards[0].Label, await LabelAsync("s1"));
        Assert.Equal(before.Shards[1], view.Shards[1]);
    }

    [Fact]
    public async Task V9m_a_shard_that_refused_for_memory_is_opened_anew_though_it_bears_its_label()
    {
        await using var servers = await TwoServersAsync();
        var before = await _cluster.ActiveAsync(view => view.Shards.Count == 2);
        _cluster.Bus.Tell(new ShardTrouble("s1", "another label", ShardTrouble.Full));
        _cluster.Bus.Tell(new ShardTrouble("s2", before.Shards[1].Label, ShardTrouble.Full));
        var view = await _cluster.ActiveAsync(view => view.Number > before.Number);
        Assert.Equal(before.Shards[0], view.Shards[0]);
        Assert.NotEqual(before.Shards[1].Label, view.Shards[1].Label);
    }

    [Fact]
    public async Task A_shard_that_is_not_reached_loses_its_slots_and_joins_again_when_it_is_back()
    {
        await using var servers = await TwoServersAsync();
        await _cluster.ActiveAsync(view => view.Shards.Count == 2);
        _cluster.Unreachable["mem:s2"] = true;
        var without = await _cluster.ActiveAsync(view => view.Shards.Count == 1);
        Assert.Equal("s1", without.Shards[0].Name);
        _cluster.Unreachable.TryRemove("mem:s2", out _);
        var with = await _cluster.ActiveAsync(view => view.Shards.Count == 2 && view.Number > without.Number);
        Assert.Equal(without.Shards[0], with.Shards[0]);
        Assert.Equal(with.Shards[1].Label, await LabelAsync("s2"));
    }

    [Fact]
    public async Task A_shard_that_cannot_be_opened_does_not_keep_the_others_from_serving()
    {
        _cluster.Unfit["mem:s2"] = true;
        _cluster.StartKeeper();
        _cluster.StartWorkers("s1");
        await using var s1 = await _cluster.StartServerAsync("s1");
        await using var s2 = await _cluster.StartServerAsync("s2");
        var alone = await _cluster.ActiveAsync(view => view.Shards.Count == 1);
        Assert.Equal("s1", alone.Shards[0].Name);
        await _cluster.EventuallyAsync(() => _cluster.Reports.Any(report => report.Contains("s2 evicts items", StringComparison.Ordinal)));
        _cluster.Unfit.TryRemove("mem:s2", out _);
        await _cluster.ActiveAsync(view => view.Shards.Count == 2);
    }

    [Fact]
    public async Task A_server_that_joins_gets_slots_and_one_that_leaves_gives_them_back_and_old_items_are_deleted()
    {
        _cluster.StartKeeper();
        _cluster.StartWorkers("s1");
        await using var s1 = await _cluster.StartServerAsync("s1");
        var first = await _cluster.ActiveAsync(view => view.Shards.Count == 1);
        string[] names = [.. Enumerable.Range(0, 40).Select(i => $"user{i}")];
        await s1.WriteAsync([.. names.Select(name => World.Put(name, 1, 1))]);
        await CacheAsync("s1", first.Number, names);
        await using var s2 = await _cluster.StartServerAsync("s2");
        var both = await _cluster.ActiveAsync(view => view.Shards.Count == 2);
        Assert.Equal([2048, 2048], both.Slots.GroupBy(range => range.Shard).Select(ranges => ranges.Sum(range => range.Last - range.First + 1)));
        await _cluster.BeatAsync(beat => beat.ActiveView == both.Number && beat.Warm.Count == 2);

        // What s1 gave away is in s2 under the new prefix, and in s1 no more; what it kept is untouched.
        var moved = RowsIn(both, 1, names);
        Assert.NotEmpty(moved);
        Assert.Equal(moved, await CachedAsync("s2", both.Number, names));
        Assert.Equal(RowsIn(both, 0, names), await CachedAsync("s1", first.Number, names));

        s2.Leaves = true;
        var alone = await _cluster.ActiveAsync(view => view.Shards.Count == 1 && view.Number > both.Number);
        Assert.Equal(first.Shards[0], alone.Shards[0]);
        await _cluster.BeatAsync(beat => beat.ActiveView == alone.Number && beat.Warm.Any(warm => warm.View == alone.Number));
        Assert.Equal(moved, await CachedAsync("s1", alone.Number, names));
    }

    [Fact]
    public async Task The_log_of_a_silent_server_is_sealed_and_everybody_is_told_its_watermark()
    {
        await using var servers = await TwoServersAsync();
        await _cluster.ActiveAsync(view => view.Shards.Count == 2);
        var last = await servers.Second.WriteAsync(World.Put("alice", 1, 1));
        await servers.Second.DisposeAsync();
        await _cluster.EventuallyAsync(() => _cluster.Notices.Any(notice => notice.Sealed && notice.Log == last.Log));
        Assert.Equal(last.Batch, await new LogManifest(_cluster.World.Objects).SealedWatermarkAsync(last.Log, World.Ever));
        Assert.Equal(last.Batch, _cluster.Notices.First(notice => notice.Sealed && notice.Log == last.Log).DurableBatch);
        await _cluster.EventuallyAsync(() => !_cluster.World.Broker.ListAsync([], World.Ever).Result.Contains(last.Log));
        Assert.DoesNotContain(_cluster.Reports, report => report.Contains($"seals log {servers.First.Log}", StringComparison.Ordinal));
        Assert.Contains(servers.First.Log, await _cluster.World.Broker.ListAsync([], World.Ever));
    }

    [Fact]
    public async Task A_log_whose_server_says_that_its_process_is_dead_is_sealed_without_waiting()
    {
        // Nobody's beats ever get old here, and the wait after unbinding never ends.
        await using var cluster = new ClusterTest { StoreLimits = World.Patient with { SealWait = TimeSpan.FromHours(1), FlushInterval = TimeSpan.FromMilliseconds(20) } };
        cluster.StartKeeper(ClusterTest.Fast with { BeatPatience = TimeSpan.FromHours(1) });
        cluster.StartWorkers("s1");
        var dead = await cluster.StartServerAsync("s1");
        await cluster.ActiveAsync(view => view.Shards.Count == 1);
        await dead.WriteAsync(World.Put("alice", 1, 1));
        await dead.DisposeAsync();
        await using var next = await cluster.StartServerAsync("s1", dead.Log);
        await cluster.EventuallyAsync(() => cluster.Notices.Any(notice => notice.Sealed && notice.Log == dead.Log));
    }

    [Fact]
    public async Task V12_a_view_is_not_opened_before_every_log_is_stored_through_it_and_who_does_not_cross_is_sealed()
    {
        await using var servers = await TwoServersAsync();
        var before = await _cluster.ActiveAsync(view => view.Shards.Count == 2);
        servers.Second.Crosses = false;
        var log = servers.Second.Log;
        _cluster.Shard("s1").Flush();
        await _cluster.BeatAsync(beat => beat.LatestView == before.Number + 1);
        var view = await _cluster.ActiveAsync(view => view.Number > before.Number);
        Assert.Equal(before.Number + 1, view.Number);
        var manifest = await new LogManifest(_cluster.World.Objects).ReadAsync(log, World.Ever);
        Assert.Equal(ManifestKind.Seal, manifest[^1].Kind);
        Assert.True((await new LogManifest(_cluster.World.Objects).ReadAsync(servers.First.Log, World.Ever))[^1].LastView >= view.Number);
    }

    [Fact]
    public async Task V12_a_worker_that_does_not_store_keeps_the_view_from_opening()
    {
        await using var servers = await TwoServersAsync();
        var before = await _cluster.ActiveAsync(view => view.Shards.Count == 2);
        var log = servers.Second.Log;
        using (var held = _cluster.World.Store.HoldNext(operation => operation.Name.StartsWith($"logs/{log}/entries/", StringComparison.Ordinal) && operation.Verb == Chaos.Objects.StoreVerb.Create))
        {
            _cluster.Shard("s1").Flush();
            await held.Reached;
            await _cluster.EventuallyAsync(() => servers.First.View > before.Number && servers.Second.View > before.Number);
            await Task.Delay(200);
            Assert.Equal(before.Number, (await _cluster.Registry.NewestViewsAsync(World.Ever)).Active!.Number);
            Assert.Null(await LabelAsync("s1"));
            held.Release();
        }

        await _cluster.ActiveAsync(view => view.Number > before.Number);
    }

    [Fact]
    public async Task V8_two_keepers_at_once_never_open_a_view_twice_and_the_cluster_heals()
    {
        _cluster.StartKeeper(leadership: new InProcessLeadership());
        _cluster.StartKeeper(leadership: new InProcessLeadership());
        _cluster.StartWorkers("s1");
        await using var s1 = await _cluster.StartServerAsync("s1");
        await using var s2 = await _cluster.StartServerAsync("s2");
        var view = await _cluster.ActiveAsync(view => view.Shards.Count == 2);
        for (var round = 0; round < 4; round++)
        {
            _cluster.Shard(round % 2 == 0 ? "s1" : "s2").Flush();
            view = await _cluster.ActiveAsync(next => next.Number > view.Number && BearLabels(next));
        }

        // A label is given to a shard once: whoever finds it knows that nobody emptied the shard since.
        Assert.Equal(_cluster.Openings.Count, _cluster.Openings.Distinct().Count());
    }

    [Fact]
    public async Task A_keeper_that_lost_its_leadership_hands_over_and_what_it_made_goes_on()
    {
        var leader = _cluster.StartKeeper();
        _cluster.StartWorkers("s1");
        await using var s1 = await _cluster.StartServerAsync("s1");
        var view = await _cluster.ActiveAsync(view => view.Shards.Count == 1);
        var first = (await _cluster.BeatAsync(beat => beat.ActiveView == view.Number)).Run;
        _cluster.StartKeeper();

        // The broker takes it for dead; it may be the first to ask again, so it dies for good as well.
        _cluster.Leadership.Revoke("keeper");
        await leader.DisposeAsync();
        await _cluster.BeatAsync(beat => beat.Run != first && beat.ActiveView == view.Number && beat.Warm.Count == 1);
        await using var s2 = await _cluster.StartServerAsync("s2");
        await _cluster.ActiveAsync(view => view.Shards.Count == 2);
    }

    private bool BearLabels(ClusterView view) => view.Shards.All(shard => LabelAsync(shard.Name).Result == shard.Label);

    private async Task<Pair> TwoServersAsync()
    {
        _cluster.StartKeeper();
        _cluster.StartWorkers("s1");
        _cluster.StartWorkers("s2");
        var (first, second) = (await _cluster.StartServerAsync("s1"), await _cluster.StartServerAsync("s2"));
        await _cluster.ActiveAsync(view => view.Shards.Count == 2);
        return new Pair(first, second);
    }

    private Task<string?> LabelAsync(string shard) => _cluster.LabelAsync(shard);

    private async Task<byte[]?> GetAsync(string shard, string cacheKey)
    {
        await using var connection = _cluster.Shard(shard).Connect();
        var get = new ShardOperation { Verb = ShardVerb.Get, CacheKey = cacheKey };
        await connection.RunAsync([get], World.Ever);
        return get.Status == ShardStatus.Hit ? get.Value.ToArray() : null;
    }

    private async Task CacheAsync(string shard, long since, IEnumerable<string> names)
    {
        await using var connection = _cluster.Shard(shard).Connect();
        foreach (var name in names)
        {
            var version = new RowVersion(1, new Stamp("s1.1", 1), RowState.Present, World.Put(name, 1, 1).Value);
            await connection.RunAsync([new ShardOperation { Verb = ShardVerb.Add, CacheKey = $"{since}:{World.Key(name)}", Value = EnvelopeCodec.Encode(Envelope.Of(version)) }], World.Ever);
        }
    }

    private async Task<string[]> CachedAsync(string shard, long since, params string[] names)
    {
        var cached = new List<string>();
        foreach (var name in names)
        {
            if (await GetAsync(shard, $"{since}:{World.Key(name)}") is not null)
            {
                cached.Add(name);
            }
        }

        return [.. cached];
    }

    private static string[] RowsIn(ClusterView view, int shard, params string[] names) =>
        [.. names.Where(name => view.Slots.Single(range => range.First <= SlotOf(name) && SlotOf(name) <= range.Last).Shard == shard)];

    private static int SlotOf(string name) => Core.Keys.Slots.Of(World.Key(name));

    private sealed record Pair(PlainServer First, PlainServer Second) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await First.DisposeAsync();
            await Second.DisposeAsync();
        }
    }
}
