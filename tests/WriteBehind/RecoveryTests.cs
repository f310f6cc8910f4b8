using Mjolnir.Chaos.Logs;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Manifests;
using Mjolnir.Storage.Manifests;
using Mjolnir.Storage.Registry;

namespace Mjolnir.WriteBehind.Tests;

public sealed class RecoveryTests
{
    [Fact]
    public async Task The_first_start_makes_view_one_with_every_slot()
    {
        var world = new World();
        var recovered = await world.RecoverAsync();
        Assert.Equal(1, recovered.View.Number);
        Assert.Equal(["s1", "s2"], recovered.View.Shards.Select(shard => shard.Name));
        Assert.Equal(2, recovered.View.Shards.Select(shard => shard.Label).Distinct().Count());
        Assert.Equal([(0, 2047, 0), (2048, 4095, 1)], recovered.View.Slots.Select(range => (range.First, range.Last, range.Shard)));
        Assert.Equal(Slots.Count, recovered.View.Slots.Sum(range => range.Last - range.First + 1));
        Assert.False(await new ClusterRegistry(world.Store).IsActiveAsync(1, World.Ever));
        Assert.False(await new ClusterRegistry(world.Store).ClaimOpeningAsync(1, "another", World.Ever));
    }

    [Fact]
    public async Task Every_start_seals_and_drains_the_logs_of_the_one_before()
    {
        var world = new World();
        await world.OpenLogAsync("s1.1");
        await world.OpenLogAsync("s2.1");
        await world.PublishAsync("s1.1", 1, World.Put("alice", 1, 1));
        await world.PublishAsync("s2.1", 1, new Stamp("s1.1", 1), World.Put("alice", 2, 2));
        var steps = new List<RecoveryProgress>();
        var recovered = await Recovery.RunAsync(world.Logs, world.Store, ["s1"], TimeProvider.System, new Steps(steps), World.Ever, world.NextId, World.Patient);
        Assert.Equal(["s1.1", "s2.1"], recovered.DrainedLogs);
        Assert.Empty(recovered.LostLogs);
        Assert.Equal("{\"v\":2}", await world.FindAsync("alice"));
        Assert.Empty(await world.Broker.ListAsync([], World.Ever));
        Assert.Equal(2, await new ClusterRegistry(world.Store).NextEpochAsync("s1", World.Ever));
        Assert.Contains(new RecoveryProgress(RecoveryPhase.Draining, 2, 2), steps);
        Assert.Equal(new RecoveryProgress(RecoveryPhase.Opening, 1, 1), steps[^1]);

        var again = await world.RecoverAsync();
        Assert.Equal(2, again.View.Number);
        Assert.Empty(again.DrainedLogs);
        Assert.All(again.View.Slots, range => Assert.Equal(2, range.Since));
    }

    [Fact]
    public async Task A_log_that_was_declared_and_never_registered_is_deleted()
    {
        var world = new World();
        await world.Broker.DeclareAsync("s1.1", World.Ever);
        await world.RecoverAsync();
        Assert.Empty(await world.Broker.ListAsync([], World.Ever));
    }

    [Fact]
    public async Task W4_the_cut_for_a_lost_queue_is_closed_over_all_logs()
    {
        var world = await LossAsync();
        await world.RecoverAsync();

        // s2.1:1 depends on s1.1:2, which was lost; s3.1:1 depends on s2.1:1. What depends on neither stays.
        Assert.Equal("{\"v\":1}", await world.FindAsync("alice"));
        Assert.Null(await world.FindAsync("bob"));
        Assert.Null(await world.FindAsync("carol"));
        Assert.Equal("{\"v\":4}", await world.FindAsync("dave"));
        var head = await new RunChain(world.Objects).HeadAsync(World.Ever);
        Assert.Equal((RunChainKind.Cut, 1L), (head.Kind, head.Number));
        Assert.Equal([new Stamp("s1.1", 1), new Stamp("s2.1", 0), new Stamp("s3.1", 0)], head.Cut);
        Assert.Equal(["s1.1"], head.Lost);
        Assert.Equal(0, await new LogManifest(world.Objects).SealedWatermarkAsync("s2.1", World.Ever));
    }

    [Fact]
    public async Task W4_a_cut_for_a_loss_is_made_once()
    {
        var world = await LossAsync();
        await world.RecoverAsync();
        await world.RecoverAsync();
        Assert.Equal(1, (await new RunChain(world.Objects).HeadAsync(World.Ever)).Number);
    }

    [Fact]
    public async Task W4_a_cut_is_never_raised_by_a_later_one()
    {
        var world = await LossAsync();
        await world.RecoverAsync();
        await world.OpenLogAsync("s1.2");
        await world.PublishAsync("s1.2", 1, World.Put("alice", 2, 22));
        await world.StoreAsync("s1.2", 1);
        world.Broker.Lose("s1.2");
        await world.RecoverAsync();
        var head = await new RunChain(world.Objects).HeadAsync(World.Ever);
        Assert.Equal(2, head.Number);
        Assert.Equal(["s1.1:1", "s1.2:1", "s2.1:0", "s3.1:0"], head.Cut.Select(stamp => stamp.ToString()));
        Assert.Equal("{\"v\":22}", await world.FindAsync("alice"));
        Assert.Null(await world.FindAsync("bob"));
    }

    [Fact]
    public async Task W4_a_worker_of_former_times_adds_nothing_behind_the_cut()
    {
        var world = await LossAsync();
        var late = new World();
        await late.OpenLogAsync("s1.1");
        await late.PublishAsync("s1.1", 1, World.Put("alice", 1, 1));
        await late.PublishAsync("s1.1", 2, World.Put("alice", 2, 2));
        await world.RecoverAsync();
        var worker = new WriteBehindWorker("s1.1", late.Logs, world.Store, TimeProvider.System, World.Patient, "late");
        Assert.Equal(WorkerEnd.Sealed, await worker.RunAsync(World.Ever));
        Assert.Equal("{\"v\":1}", await world.FindAsync("alice"));
    }

    /// <summary>Kills at every step in turn: the n-th call to the store or the logs never comes back, and the process with it. Then the next start.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Killed_at_any_step_of_the_worker_or_of_recovery_nothing_is_lost_and_nothing_twice(bool done)
    {
        var step = 0;
        for (var completed = false; !completed; step++)
        {
            var world = new World();
            await world.OpenLogAsync("s1.1");
            await world.PublishAsync("s1.1", 1, World.Put("alice", 1, 1), World.Put("bob", 1, 1));
            await world.PublishAsync("s1.1", 2, World.Put("alice", 2, 2));
            await world.StoreAsync("s1.1", 2);
            await world.PublishAsync("s1.1", 3, World.Put("alice", 3, 3));
            completed = await KilledAtAsync(world, step, done, async () =>
            {
                await world.StoreAsync("s1.1", 3);
                await world.PublishAsync("s1.1", 4, World.Put("bob", 2, 4));
                await world.RecoverAsync();
            });
            world.Broker.ForgetConsumers();
            await world.RecoverAsync();
            Assert.Equal("{\"v\":3}", await world.FindAsync("alice"));
            Assert.Contains(await world.FindAsync("bob"), new[] { "{\"v\":1}", "{\"v\":4}" });
            var manifest = await world.ManifestAsync("s1.1");
            Assert.Equal(ManifestKind.Seal, manifest[^1].Kind);
            Assert.Equal(manifest[^1].LastBatch == 4 ? "{\"v\":4}" : "{\"v\":1}", await world.FindAsync("bob"));
            Assert.Empty(await world.Broker.ListAsync([], World.Ever));
        }

        Assert.True(step > 20);
    }

    /// <summary>Runs until its n-th call; true if it came to its end before that.</summary>
    private static async Task<bool> KilledAtAsync(World world, int step, bool done, Func<Task> run)
    {
        var calls = 0;
        bool IsIt() => Interlocked.Increment(ref calls) == step + 1;
        var store = done ? world.Store.HoldNextAnswer(_ => IsIt()) : world.Store.HoldNext(_ => IsIt());
        var logs = done
            ? world.Logs.HoldNextAnswer(operation => operation.Verb != LogVerb.Read && IsIt())
            : world.Logs.HoldNext(operation => operation.Verb != LogVerb.Read && IsIt());
        store.ReleaseByThrowing(new KilledException());
        logs.ReleaseByThrowing(new KilledException());
        try
        {
            await run();
            return true;
        }
        catch (KilledException)
        {
            return false;
        }
        finally
        {
            store.Dispose();
            logs.Dispose();
        }
    }

    private static async Task<World> LossAsync()
    {
        var world = new World();
        await world.OpenLogAsync("s1.1");
        await world.OpenLogAsync("s2.1");
        await world.OpenLogAsync("s3.1");
        await world.PublishAsync("s1.1", 1, World.Put("alice", 1, 1), World.Put("dave", 1, 4));
        await world.StoreAsync("s1.1", 1);
        await world.PublishAsync("s1.1", 2, World.Put("alice", 2, 2));
        await world.PublishAsync("s2.1", 1, new Stamp("s1.1", 2), World.Put("bob", 1, 1));
        await world.PublishAsync("s3.1", 1, new Stamp("s2.1", 1), World.Put("carol", 1, 1));
        await world.StoreAsync("s2.1", 1);
        await world.SealAsync("s2.1");
        world.Broker.Lose("s1.1");
        return world;
    }

    private sealed class KilledException : Exception;

    private sealed class Steps(List<RecoveryProgress> seen) : IProgress<RecoveryProgress>
    {
        public void Report(RecoveryProgress value) => seen.Add(value);
    }
}
