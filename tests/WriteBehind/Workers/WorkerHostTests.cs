using Mjolnir.Chaos.Logs;
using Mjolnir.Chaos.Objects;
using Mjolnir.Core;
using Mjolnir.Core.Manifests;
using Mjolnir.Storage.Cluster;
using Mjolnir.Storage.Logs;
using Mjolnir.WriteBehind.Tests.Views;

namespace Mjolnir.WriteBehind.Tests.Workers;

public sealed class WorkerHostTests : IAsyncLifetime
{
    private readonly ClusterTest _cluster = new();

    private World World => _cluster.World;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    [Fact]
    public async Task Logs_found_in_the_registry_and_heard_of_in_beats_are_stored_and_told()
    {
        await World.OpenLogAsync("s1.1");
        await World.PublishAsync("s1.1", 1, World.Put("alice", 1, 1));
        var beats = Beats();
        var (host, _) = _cluster.StartWorkers("s1");
        await StoredAsync("s1.1", 1);
        await World.OpenLogAsync("s2.1");
        _cluster.Bus.Tell(new ServerBeat("s2", "run", "", "", "", "s2.1", 0, 0, true, false, []));
        await World.PublishAsync("s2.1", 1, World.Put("bob", 1, 1));
        await StoredAsync("s2.1", 1);
        await _cluster.EventuallyAsync(() => beats.Any(beat => beat.Logs.SequenceEqual([new WorkedLog("s1.1", 1, 0), new WorkedLog("s2.1", 1, 0)])));
        Assert.Equal("s1", beats.First().Worker);
        Assert.Empty(host.Failed);
    }

    [Fact]
    public async Task The_own_log_is_worked_on_by_its_own_worker_and_taken_over_when_that_dies()
    {
        await World.OpenLogAsync("s2.1");
        var (other, _) = _cluster.StartWorkers("s1");
        var (own, run) = _cluster.StartWorkers("s2");
        await World.PublishAsync("s2.1", 1, World.Put("alice", 1, 1));
        await StoredAsync("s2.1", 1);
        Assert.Equal(["s2.1"], own.Worked.Select(worked => worked.Log));
        Assert.Empty(other.Worked);
        await run.DisposeAsync();
        await World.PublishAsync("s2.1", 2, World.Put("alice", 2, 2));
        await StoredAsync("s2.1", 2);
        Assert.Equal(["s2.1"], other.Worked.Select(worked => worked.Log));
    }

    [Fact]
    public async Task Of_logs_that_have_ended_nothing_is_kept()
    {
        string[] logs = [.. Enumerable.Range(1, 20).Select(i => $"s1.{i}")];
        foreach (var log in logs)
        {
            await World.OpenLogAsync(log);
            await World.PublishAsync(log, 1, World.Put("alice" + log, 1, 1));
        }

        var (host, _) = _cluster.StartWorkers("s1");
        await _cluster.EventuallyAsync(() => host.Worked.Count == logs.Length);
        Assert.Equal(2 * logs.Length, host.Held);
        foreach (var log in logs)
        {
            await World.SealAsync(log);
        }

        await _cluster.EventuallyAsync(() => host.Worked.Count == 0);
        await World.OpenLogAsync("s1.99");
        _cluster.Bus.Tell(new ServerBeat("s1", "run", "", "", "", "s1.99", 0, 0, true, false, []));
        await _cluster.EventuallyAsync(() => host.Worked.Count == 1 && host.Held == 2);
    }

    [Fact]
    public async Task Broken_rules_stop_the_work_on_one_log_loudly_and_the_others_go_on()
    {
        await World.OpenLogAsync("s1.1");
        await World.OpenLogAsync("s2.1");
        var (host, _) = _cluster.StartWorkers("s1");
        await World.PublishAsync("s1.1", 1, World.Put("alice", 1, 1));
        await StoredAsync("s1.1", 1);
        await World.PublishAsync("s1.1", 3, World.Put("alice", 2, 2));
        await _cluster.EventuallyAsync(() => host.Failed.ContainsKey("s1.1"));
        Assert.IsType<InvariantException>(host.Failed["s1.1"]);
        Assert.IsType<InvariantException>(Assert.Single(_cluster.Faults));
        await World.PublishAsync("s2.1", 1, World.Put("bob", 1, 1));
        await StoredAsync("s2.1", 1);
        Assert.Equal(1, (await World.ManifestAsync("s1.1"))[^1].LastBatch);
        Assert.True(World.Broker.Waiting("s1.1") > 0);
    }

    [Fact]
    public async Task A_damaged_message_stops_the_work_on_its_log_and_stays_in_it()
    {
        await World.OpenLogAsync("s1.1");
        var (host, _) = _cluster.StartWorkers("s1");
        var publisher = await World.Broker.OpenPublisherAsync("s1.1", World.Ever);
        await publisher.PublishAsync(new byte[] { 1, 2, 3 }, World.Ever);
        await _cluster.EventuallyAsync(() => host.Failed.ContainsKey("s1.1"));
        Assert.IsType<DamagedMessageException>(host.Failed["s1.1"]);
        Assert.Equal(1, World.Broker.Waiting("s1.1"));
    }

    [Fact]
    public async Task A_consumer_that_was_lost_is_begun_anew()
    {
        await World.OpenLogAsync("s1.1");
        using (var lost = World.Logs.HoldNext(operation => operation.Verb == LogVerb.Acknowledge))
        {
            lost.ReleaseByThrowing(new LogUnavailableException("gone"));
            _cluster.StartWorkers("s1");
            await World.PublishAsync("s1.1", 1, World.Put("alice", 1, 1));
            await lost.Reached.WaitAsync(ClusterTest.Patience);
        }

        await World.PublishAsync("s1.1", 2, World.Put("alice", 2, 2));
        await StoredAsync("s1.1", 2);
        await _cluster.EventuallyAsync(() => World.Broker.Waiting("s1.1") == 0);
        Assert.Equal([1L, 2L], (await World.ManifestAsync("s1.1")).Select(entry => entry.FirstBatch));
        Assert.Empty(_cluster.Faults);
    }

    [Fact]
    public async Task Of_a_sealed_log_the_queue_is_deleted_and_every_standby_ends()
    {
        await World.OpenLogAsync("s1.1");
        _cluster.StartWorkers("s1");
        _cluster.StartWorkers("s2");
        await World.PublishAsync("s1.1", 1, World.Put("alice", 1, 1));
        await StoredAsync("s1.1", 1);
        await new LogSealer(World.Logs, World.Store, TimeProvider.System, World.Patient).CloseAsync("s1.1", isKnownDead: true, World.Ever);
        await _cluster.EventuallyAsync(() => World.Broker.ListAsync([], World.Ever).Result.Count == 0);
        Assert.Equal(ManifestKind.Seal, (await World.ManifestAsync("s1.1"))[^1].Kind);
        Assert.Empty(_cluster.Faults);
    }

    [Fact]
    public async Task The_queue_of_a_log_whose_worker_died_behind_its_seal_is_deleted_by_the_next_process()
    {
        await World.OpenLogAsync("s1.1");
        await World.PublishAsync("s1.1", 1, World.Put("alice", 1, 1));
        await new LogSealer(World.Logs, World.Store, TimeProvider.System, World.Patient).CloseAsync("s1.1", isKnownDead: true, World.Ever);
        using (var lost = World.Logs.HoldNext(operation => operation.Verb == LogVerb.Acknowledge))
        {
            var dying = World.Worker("s1.1").RunAsync(World.Ever);
            await lost.Reached.WaitAsync(ClusterTest.Patience);
            lost.ReleaseByThrowing(new LogUnavailableException("the process is dead"));
            await Assert.ThrowsAsync<LogUnavailableException>(() => dying);
        }

        Assert.Equal(ManifestKind.Seal, (await World.ManifestAsync("s1.1"))[^1].Kind);
        Assert.True(World.Broker.Waiting("s1.1") > 0);
        _cluster.StartWorkers("s2");
        await _cluster.EventuallyAsync(() => World.Broker.ListAsync([], World.Ever).Result.Count == 0);
        Assert.Empty(_cluster.Faults);
    }

    [Fact]
    public async Task Stopping_stores_what_was_consumed_and_leaves_the_logs_to_others()
    {
        await using var cluster = new ClusterTest { StoreLimits = World.Patient };
        await cluster.World.OpenLogAsync("s1.1");
        var (host, run) = cluster.StartWorkers("s1");
        await cluster.World.PublishAsync("s1.1", 1, World.Put("alice", 1, 1));
        await cluster.EventuallyAsync(() => host.Worked.Any(worked => worked.Backlog == 1));
        await host.StopAsync(World.Ever).WaitAsync(ClusterTest.Patience);
        Assert.Equal(1, (await cluster.World.ManifestAsync("s1.1"))[^1].LastBatch);
        Assert.Equal(0, cluster.World.Broker.Waiting("s1.1"));
        // It has stored what it had; its last steps may still be under way.
        await cluster.EventuallyAsync(() => host.Worked.Count == 0);
        await cluster.World.OpenLogAsync("s1.2");
        cluster.Bus.Tell(new ServerBeat("s1", "run", "", "", "", "s1.2", 0, 0, true, false, []));
        Assert.Empty(host.Worked);
        await run.DisposeAsync();
    }

    /// <summary>W2, W3: one worker is killed at each of its steps, before or after its effect; the standby of another process goes on, and every batch is listed once.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Killed_at_any_step_the_worker_of_another_process_takes_over(bool done)
    {
        var step = 0;
        for (var completed = false; !completed; step++)
        {
            await using var cluster = new ClusterTest();
            await cluster.World.OpenLogAsync("s1.1");
            var calls = 0;
            bool IsIt() => Interlocked.Increment(ref calls) == step + 1;
            bool OfStore(StoreOperation operation) => operation.Name.StartsWith("logs/", StringComparison.Ordinal) && IsIt();
            bool OfLogs(LogOperation operation) => operation.Verb is LogVerb.OpenConsumer or LogVerb.Acknowledge && IsIt();
            var store = done ? cluster.World.Store.HoldNextAnswer(OfStore) : cluster.World.Store.HoldNext(OfStore);
            var logs = done ? cluster.World.Logs.HoldNextAnswer(OfLogs) : cluster.World.Logs.HoldNext(OfLogs);
            var (_, run) = cluster.StartWorkers("s1");
            await cluster.World.PublishAsync("s1.1", 1, World.Put("alice", 1, 1), World.Put("bob", 1, 1));
            await cluster.World.PublishAsync("s1.1", 2, World.Put("alice", 2, 2));
            var stored = StoredAsync(cluster, "s1.1", 2);
            completed = await Task.WhenAny(stored, store.Reached, logs.Reached) == stored;

            // The process dies with its call under way; the broker lets the next consumer in when the connection ends.
            await run.CancelAsync();
            store.ReleaseByThrowing(new OperationCanceledException());
            logs.ReleaseByThrowing(new OperationCanceledException());
            await run.Ends;
            store.Dispose();
            logs.Dispose();
            cluster.World.Broker.ForgetConsumers();
            cluster.StartWorkers("s2");
            await cluster.World.PublishAsync("s1.1", 3, World.Put("bob", 2, 3));
            await StoredAsync(cluster, "s1.1", 3);
            var manifest = await cluster.World.ManifestAsync("s1.1");
            Assert.Equal(3, manifest.Sum(entry => entry.LastBatch - entry.FirstBatch + 1));
            Assert.Equal("{\"v\":2}", await cluster.World.FindAsync("alice"));
            Assert.Equal("{\"v\":3}", await cluster.World.FindAsync("bob"));
        }

        Assert.True(step > 4, $"only {step} steps");
    }

    private List<WorkerBeat> Beats()
    {
        var beats = new List<WorkerBeat>();
        _cluster.Bus.Listen(notice =>
        {
            if (notice is WorkerBeat beat)
            {
                lock (beats)
                {
                    beats.Add(beat);
                }
            }
        });
        return beats;
    }

    private Task StoredAsync(string log, long batch) => StoredAsync(_cluster, log, batch);

    private static async Task StoredAsync(ClusterTest cluster, string log, long batch)
    {
        for (var start = TimeProvider.System.GetTimestamp(); (await cluster.World.ManifestAsync(log)) is not [.., var last] || last.LastBatch < batch;)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < ClusterTest.Patience, $"batch {batch} of {log} is not stored");
            await Task.Delay(5);
        }
    }
}
