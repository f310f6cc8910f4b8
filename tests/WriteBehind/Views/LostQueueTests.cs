using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Manifests;
using Mjolnir.Storage.Manifests;

namespace Mjolnir.WriteBehind.Tests.Views;

public sealed class LostQueueTests
{
    /// <summary>W4: alice's second version is confirmed and not stored when its queue is lost; bob, on another log, was made over it. Both go, and what depends on neither stays.</summary>
    [Fact]
    public async Task W4_while_servers_live_all_logs_go_back_to_one_cut_and_every_shard_is_opened_anew()
    {
        await using var cluster = new ClusterTest();
        cluster.StartKeeper();
        var (_, workers) = cluster.StartWorkers("s1");
        await using var s1 = await cluster.StartServerAsync("s1");
        await using var s2 = await cluster.StartServerAsync("s2");
        var before = await cluster.ActiveAsync(view => view.Shards.Count == 2);
        var kept = await s1.WriteAsync(World.Put("alice", 1, 1), World.Put("dave", 1, 4));
        await StoredAsync(cluster, kept);

        // From here on nobody stores anything: the worker died.
        await workers.DisposeAsync();
        var gone = await s1.WriteAsync(World.Put("alice", 2, 2));
        var dependent = await s2.WriteAsync([gone], World.Put("bob", 1, 1));
        var after = await s2.WriteAsync(World.Put("carol", 1, 1));
        cluster.World.Broker.Lose(gone.Log);
        cluster.StartWorkers("s2");

        var view = await cluster.ActiveAsync(view => view.Number > before.Number);
        Assert.All(view.Shards, shard => Assert.DoesNotContain(shard.Label, before.Shards.Select(old => old.Label)));
        Assert.All(view.Slots, range => Assert.True(range.Since > before.Number));
        Assert.Equal("{\"v\":1}", await cluster.World.FindAsync("alice"));
        Assert.Equal("{\"v\":4}", await cluster.World.FindAsync("dave"));
        Assert.Null(await cluster.World.FindAsync("bob"));
        var head = await new RunChain(cluster.World.Objects).HeadAsync(World.Ever);
        Assert.Equal(RunChainKind.Cut, head.Kind);
        Assert.Equal([gone.Log], head.Lost);
        Assert.Equal(kept.Batch, head.CutOf(gone.Log));
        Assert.True(head.CutOf(dependent.Log) < dependent.Batch);

        // Everybody is told where the logs end now, and the servers go on in new ones.
        await cluster.EventuallyAsync(() => cluster.Notices.Any(notice => notice.Sealed && notice.Log == gone.Log && notice.DurableBatch == kept.Batch));
        Assert.Equal(after.Log, dependent.Log);
        await s1.WriteAsync(World.Put("alice", 2, 22));
        await StoredAsync(cluster, await s2.WriteAsync(World.Put("erin", 1, 5)));
        Assert.NotEqual(gone.Log, s1.Log);
        Assert.NotEqual(dependent.Log, s2.Log);
        await cluster.EventuallyAsync(() => cluster.World.FindAsync("alice").Result == "{\"v\":22}");
        Assert.Empty(cluster.Faults);
    }

    [Fact]
    public async Task A_queue_that_a_worker_deleted_behind_its_seal_is_not_lost()
    {
        await using var cluster = new ClusterTest();
        cluster.StartKeeper();
        cluster.StartWorkers("s1");
        await using var s1 = await cluster.StartServerAsync("s1");
        var before = await cluster.ActiveAsync(view => view.Shards.Count == 1);
        for (var round = 0; round < 3; round++)
        {
            var last = await s1.WriteAsync(World.Put("alice", round + 1, round));
            await new LogSealer(cluster.World.Logs, cluster.World.Store, TimeProvider.System, World.Patient).SealAsync(last.Log, isKnownDead: true, World.Ever);
            await cluster.EventuallyAsync(() => !cluster.World.Broker.ListAsync([], World.Ever).Result.Contains(last.Log));
            await Task.Delay(ClusterTest.Fast.QueueLook * 5);
        }

        Assert.Equal(0, (await new RunChain(cluster.World.Objects).HeadAsync(World.Ever)).Number);
        Assert.Equal(before.Shards, (await cluster.Registry.NewestViewsAsync(World.Ever)).Active!.Shards);
    }

    [Fact]
    public async Task From_cold_everything_is_sealed_drained_and_opened_without_another_step()
    {
        await using var cluster = new ClusterTest();
        Stamp last;
        await using (var s1 = await cluster.StartServerAsync("s1"))
        {
            var (keeper, (_, workers)) = (cluster.StartKeeper(), cluster.StartWorkers("s1"));
            await cluster.ActiveAsync(view => view.Shards.Count == 1);
            last = await s1.WriteAsync(World.Put("alice", 1, 1));
            await keeper.DisposeAsync();
            await workers.DisposeAsync();
            await s1.WriteAsync(World.Put("alice", 2, 2));
        }

        var before = (await cluster.Registry.NewestViewsAsync(World.Ever)).Active!;
        cluster.Shard("s1").Restart();
        cluster.World.Broker.ForgetConsumers();
        cluster.StartKeeper();
        cluster.StartWorkers("s1");
        await using var again = await cluster.StartServerAsync("s1", last.Log);
        var view = await cluster.ActiveAsync(view => view.Number > before.Number);
        await cluster.BeatAsync(beat => beat.Warm.Any(warm => warm.Label == view.Shards[0].Label));
        Assert.Equal("{\"v\":2}", await cluster.World.FindAsync("alice"));
        Assert.Equal(view.Shards[0].Label, await cluster.LabelAsync("s1"));
        Assert.NotEqual(last.Log, again.Log);
        Assert.Empty(cluster.Faults);
    }

    [Fact]
    public async Task W4_from_cold_with_one_queue_lost_the_others_are_drained_and_cut()
    {
        await using var cluster = new ClusterTest();
        await cluster.World.OpenLogAsync("s1.1");
        await cluster.World.OpenLogAsync("s2.1");
        await cluster.World.PublishAsync("s1.1", 1, World.Put("alice", 1, 1));
        await cluster.World.StoreAsync("s1.1", 1);
        await cluster.World.PublishAsync("s1.1", 2, World.Put("alice", 2, 2));
        await cluster.World.PublishAsync("s2.1", 1, World.Put("dave", 1, 4));
        await cluster.World.StoreAsync("s2.1", 1);
        await cluster.World.PublishAsync("s2.1", 2, new Stamp("s1.1", 2), World.Put("bob", 1, 1));
        cluster.World.Broker.Lose("s1.1");
        cluster.StartKeeper();
        cluster.StartWorkers("s2");
        await using var s1 = await cluster.StartServerAsync("s1");
        await cluster.EventuallyAsync(() => cluster.Reports.Any(report => report.Contains("was cut", StringComparison.Ordinal)));
        await cluster.ActiveAsync(view => view.Shards.Count == 1);
        Assert.Equal("{\"v\":1}", await cluster.World.FindAsync("alice"));
        Assert.Equal("{\"v\":4}", await cluster.World.FindAsync("dave"));
        Assert.Null(await cluster.World.FindAsync("bob"));
    }

    private static Task StoredAsync(ClusterTest cluster, Stamp stamp) => cluster.EventuallyAsync(() =>
        cluster.World.ManifestAsync(stamp.Log).Result is [.., var last] && last.LastBatch >= stamp.Batch);
}
