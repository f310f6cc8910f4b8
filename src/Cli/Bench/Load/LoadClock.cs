using System.Diagnostics;

namespace Mjolnir.Cli.Bench.Load;

/// <summary>Warm-up, then measuring, then over.</summary>
internal sealed class LoadClock
{
    private readonly long _from;
    private readonly long _until;

    public LoadClock(TimeSpan warmUp, TimeSpan duration)
    {
        _from = Stopwatch.GetTimestamp() + (long)(warmUp.TotalSeconds * Stopwatch.Frequency);
        _until = _from + (long)(duration.TotalSeconds * Stopwatch.Frequency);
    }

    public bool IsOver(long now) => now >= _until;

    public bool HasBegun(long now) => now >= _from;

    public bool IsMeasured(long now) => HasBegun(now) && !IsOver(now);

    public int Interval(long now) => (int)(Stopwatch.GetElapsedTime(_from, now) / BenchLimits.Interval);

    public TimeSpan Elapsed(long now) => Stopwatch.GetElapsedTime(_from, now);
}
