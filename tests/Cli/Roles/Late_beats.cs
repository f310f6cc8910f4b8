using Mjolnir.Cli.Roles;
using Mjolnir.Storage.Cluster;

namespace Mjolnir.Cli.Tests.Roles;

/// <summary>What a process tells of itself when it stood still.</summary>
public sealed class Late_beats
{
    private readonly ManualClock _clock = new();
    private readonly System.Collections.Concurrent.ConcurrentQueue<string> _told = new();
    private TimeSpan _way;

    [Fact]
    public void Are_told_with_their_distance_and_once()
    {
        var lateness = Lateness();
        Tick(lateness, ClusterLimits.Beat);
        Tick(lateness, ClusterLimits.Beat * 1.5);
        Assert.DoesNotContain(_told, IsOfBeats);

        Tick(lateness, TimeSpan.FromMilliseconds(2100));
        Tick(lateness, ClusterLimits.Beat);

        Assert.Contains("came apart by 2100 ms, with 500 ms", Assert.Single(_told, IsOfBeats), StringComparison.Ordinal);
    }

    [Fact]
    public void A_notice_that_was_long_on_its_way_is_told()
    {
        var lateness = Lateness();
        _way = TimeSpan.FromMilliseconds(1700);
        Tick(lateness, ClusterLimits.Beat);
        Assert.Contains(_told, what => what.Contains("from the queue's bus after 1700 ms", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Work_that_waited_long_for_a_thread_is_told()
    {
        var lateness = Lateness();
        // The clock goes on before the probe has a thread, sooner or later.
        for (var began = System.Diagnostics.Stopwatch.StartNew(); !_told.Any(what => what.Contains("waited for a thread for 1500 ms", StringComparison.Ordinal)); await Task.Delay(1))
        {
            Assert.True(began.Elapsed < TimeSpan.FromSeconds(60), string.Join("; ", _told));
            lateness.Tick();
            _clock.Advance(TimeSpan.FromMilliseconds(1500));
        }
    }

    private static bool IsOfBeats(string what) => what.StartsWith("two beats", StringComparison.Ordinal);

    private Lateness Lateness() => new(_clock, () => _way, _told.Enqueue);

    private void Tick(Lateness lateness, TimeSpan after)
    {
        _clock.Advance(after);
        lateness.Tick();
    }

    private sealed class ManualClock : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Advance(TimeSpan time) => _now += time.Ticks;

        public override long GetTimestamp() => _now;
    }
}
