namespace Mjolnir.WriteBehind.Tests.Views;

/// <summary>Each server has the queue of its next log declared ahead. Who is killed and does not come back leaves it behind.</summary>
public sealed class SpareQueueTests
{
    [Fact]
    public async Task The_queue_that_a_server_had_declared_ahead_goes_when_the_server_is_gone_for_good()
    {
        await using var cluster = new ClusterTest();
        cluster.StartKeeper(ClusterTest.Fast with { RegistryLook = TimeSpan.FromMilliseconds(50), SpareAfter = TimeSpan.FromMilliseconds(500) });
        cluster.StartWorkers("s1");
        await using var s1 = await cluster.StartServerAsync("s1");
        var s2 = await cluster.StartServerAsync("s2");
        await cluster.ActiveAsync(view => view.Shards.Count == 2);
        await cluster.World.Broker.DeclareAsync("s1.2", World.Ever);
        await cluster.World.Broker.DeclareAsync("s2.2", World.Ever);

        await s2.DisposeAsync();
        cluster.Unreachable["mem:s2"] = true;
        await cluster.EventuallyAsync(() => cluster.Notices.Any(static notice => notice is { Sealed: true, Log: "s2.2", DurableBatch: 0 }));

        await cluster.EventuallyAsync(() => !cluster.World.Broker.ListAsync([], World.Ever).Result.Contains("s2.2"));
        Assert.Contains("s1.2", await cluster.World.Broker.ListAsync([], World.Ever));
        Assert.Equal("s1.1", s1.Log);
        Assert.Empty(cluster.Faults);
    }

    [Fact]
    public async Task The_queue_of_a_server_that_is_only_away_for_a_while_stays()
    {
        await using var cluster = new ClusterTest();
        cluster.StartKeeper(ClusterTest.Fast with { RegistryLook = TimeSpan.FromMilliseconds(20) });
        cluster.StartWorkers("s1");
        await using var s1 = await cluster.StartServerAsync("s1");
        var s2 = await cluster.StartServerAsync("s2");
        await cluster.ActiveAsync(view => view.Shards.Count == 2);
        await cluster.World.Broker.DeclareAsync("s2.2", World.Ever);

        await s2.DisposeAsync();
        cluster.Unreachable["mem:s2"] = true;
        await cluster.ActiveAsync(view => view.Shards.Count == 1);
        await Task.Delay(10 * ClusterTest.Fast.Beat);

        Assert.Contains("s2.2", await cluster.World.Broker.ListAsync([], World.Ever));
        Assert.DoesNotContain("s2.2", await cluster.Registry.ListLogsAsync(World.Ever));
    }
}
