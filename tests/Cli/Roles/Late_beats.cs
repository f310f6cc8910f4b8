using Mjolnir.Cli.Roles;
using Mjolnir.Storage.Cluster;

namespace Mjolnir.Cli.Tests.Roles;

/// <summary>What a process tells of itself when it stood still.</summary>
public sealed class Late_beats
{
    private readonly ManualClock _clock = new();

    [Fact]
    public void Are_told_with_their_distance_and_once()
    {
        var lateness = new Lateness(_clock);
        Assert.Null(Tick(lateness, ClusterLimits.Beat));
        Assert.Null(Tick(lateness, ClusterLimits.Beat * 1.5));

        Assert.Contains("2100 ms apart, not 500", Tick(lateness, TimeSpan.FromMilliseconds(2100)), StringComparison.Ordinal);
        Assert.Null(Tick(lateness, ClusterLimits.Beat));
    }

    private string? Tick(Lateness lateness, TimeSpan after)
    {
        _clock.Advance(after);
        return lateness.Tick();
    }

    private sealed class ManualClock : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Advance(TimeSpan time) => _now += time.Ticks;

        public override long GetTimestamp() => _now;
    }
}
