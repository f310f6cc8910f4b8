using Mjolnir.Chaos;

namespace Mjolnir.WriteBehind.Tests.Views;

/// <summary>A keeper and workers whose wall clock is set by hours: nobody is taken for dead by it, and nobody for alive.</summary>
public sealed class WallClockTests
{
    [Fact]
    public async Task No_log_is_sealed_when_the_wall_clock_is_set_and_one_that_falls_silent_is()
    {
        var clock = new JumpingWallClock();
        await using var cluster = new ClusterTest { Time = clock };
        cluster.StartKeeper();
        cluster.StartWorkers("s1");
        await using var s1 = await cluster.StartServerAsync("s1");
        var s2 = await cluster.StartServerAsync("s2");
        await cluster.ActiveAsync(view => view.Shards.Count == 2);
        var logs = (s1.Log, s2.Log);
        foreach (var hours in new[] { 5, -7, 10_000, 0, -5 })
        {
            clock.Set(TimeSpan.FromHours(hours));

            // Long enough for a judgement by beats, had it been made by the wall clock.
            await Task.Delay(4 * ClusterTest.Fast.Beat);
        }

        Assert.Equal(logs, (s1.Log, s2.Log));
        Assert.DoesNotContain(cluster.Reports, report => report.Contains("seals", StringComparison.Ordinal));
        await s2.DisposeAsync();
        await cluster.EventuallyAsync(() => cluster.Reports.Any(report => report.Contains($"seals log {logs.Item2}", StringComparison.Ordinal)));
        Assert.DoesNotContain(cluster.Reports, report => report.Contains($"seals log {logs.Item1}", StringComparison.Ordinal));
        Assert.Empty(cluster.Faults);
    }
}
