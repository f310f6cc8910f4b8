using Mjolnir.Chaos.Objects;
using Mjolnir.Core.Views;
using Mjolnir.Storage.Cluster;
using Mjolnir.Storage.Objects;

namespace Mjolnir.WriteBehind.Tests.Views;

public sealed class OpeningKilledTests
{
    /// <summary>
    /// V8: the keeper dies at each call to the store between noticing a changed shard and having opened the view, before or after the call's effect; another goes on. No label is ever given to a shard twice.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task V8_killed_at_any_step_of_opening_the_next_keeper_opens_a_view_that_nobody_opened(bool done)
    {
        var step = 0;
        for (var completed = false; !completed; step++)
        {
            await using var cluster = new ClusterTest();
            cluster.StartWorkers("s1");
            var keeper = cluster.StartKeeper();
            await using var s1 = await cluster.StartServerAsync("s1");
            await using var s2 = await cluster.StartServerAsync("s2");
            var before = await cluster.ActiveAsync(view => view.Shards.Count == 2);
            await cluster.BeatAsync(beat => beat.Warm.Count == 2);
            var calls = 0;
            bool IsIt(StoreOperation operation) => IsOfKeeper(operation) && Interlocked.Increment(ref calls) == step + 1;
            var gate = done ? cluster.World.Store.HoldNextAnswer(IsIt) : cluster.World.Store.HoldNext(IsIt);
            cluster.Shard("s2").Flush();
            var healed = HealedAsync(cluster, before);
            completed = await Task.WhenAny(healed, gate.Reached) == healed;
            await keeper.CancelAsync();
            gate.ReleaseByThrowing(new StoreUnavailableException("killed"));
            await keeper.Ends;
            gate.Dispose();
            cluster.StartKeeper();
            await HealedAsync(cluster, before);
            Assert.Equal(cluster.Openings.Count, cluster.Openings.Distinct().Count());
            Assert.Equal(before.Shards[0], (await cluster.ActiveAsync(view => view.Number > before.Number)).Shards[0]);
            Assert.Empty(cluster.Faults);
        }

        Assert.True(step >= 3, $"only {step} steps");
    }

    /// <summary>V8: the keeper loses its leadership while it empties a shard, and another heals the cluster; then the first one's flush arrives. It is a changed shard like any other.</summary>
    [Fact]
    public async Task V8_an_opener_that_wakes_up_late_empties_a_shard_under_a_label_that_nobody_believes()
    {
        await using var cluster = new ClusterTest();
        var arrived = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        var late = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.StartWorkers("s1");
        cluster.StartKeeper(leadership: new InProcessLeadership());
        await using var s1 = await cluster.StartServerAsync("s1");
        var before = await cluster.ActiveAsync(view => view.Shards.Count == 1);
        cluster.BeforeOpening = label => arrived.TrySetResult(label) ? late.Task : Task.CompletedTask;
        cluster.Shard("s1").Flush();
        var stuck = await arrived.Task.WaitAsync(ClusterTest.Patience);
        cluster.StartKeeper(leadership: new InProcessLeadership());
        var healed = await cluster.ActiveAsync(view => view.Number > before.Number + 1);
        Assert.NotEqual(stuck, healed.Shards[0].Label);
        late.SetResult();
        await cluster.EventuallyAsync(() => cluster.Openings.Count(opening => opening.Label == stuck) == 1 && LatestLabel(cluster) is { } label && label != stuck && label == Active(cluster).Shards[0].Label);
        Assert.DoesNotContain(stuck, (await cluster.Registry.NewestViewsAsync(World.Ever)).Active!.Shards.Select(shard => shard.Label));
    }

    private static bool IsOfKeeper(StoreOperation operation) => operation.Verb == StoreVerb.Create && operation.Name.StartsWith("registry/views/", StringComparison.Ordinal);

    private static ClusterView Active(ClusterTest cluster) => cluster.Registry.NewestViewsAsync(World.Ever).AsTask().Result.Active!;

    private static string? LatestLabel(ClusterTest cluster) => cluster.LabelAsync("s1").Result;

    private static async Task HealedAsync(ClusterTest cluster, ClusterView before)
    {
        var view = await cluster.ActiveAsync(view => view.Number > before.Number);
        await cluster.EventuallyAsync(() => cluster.LabelAsync("s2").Result == Active(cluster).Shards[1].Label);
        Assert.Equal(2, view.Shards.Count);
    }
}
