using Mjolnir.Storage.Objects;

namespace Mjolnir.WriteBehind.Tests.Views;

/// <summary>What a keeper tells while it can do nothing.</summary>
public sealed class WaitingKeeperTests
{
    /// <summary>It was told at every try, twice a second for as long as the store was away.</summary>
    [Fact]
    public async Task A_store_that_is_away_is_told_once_and_again_after_it_was_back()
    {
        await using var cluster = new ClusterTest();
        var tries = 0;
        using (var outage = cluster.World.Store.HoldEach(_ => Interlocked.Increment(ref tries) > 0))
        {
            outage.ReleaseByThrowing(new StoreUnavailableException("down"));
            cluster.StartKeeper();
            await cluster.EventuallyAsync(() => Volatile.Read(ref tries) > 20);
            Assert.Equal(1, Told(cluster));
        }

        await using var server = await cluster.StartServerAsync("s1");
        cluster.StartWorkers("s1");
        await cluster.ActiveAsync(view => view.Shards.Count == 1);
        using (var outage = cluster.World.Store.HoldEach(_ => true))
        {
            outage.ReleaseByThrowing(new StoreUnavailableException("down"));
            cluster.Shard("s1").Flush();
            await cluster.EventuallyAsync(() => Told(cluster) == 2);
        }
    }

    private static int Told(ClusterTest cluster) => cluster.Reports.Count(report => report.EndsWith("waits: down", StringComparison.Ordinal));
}
