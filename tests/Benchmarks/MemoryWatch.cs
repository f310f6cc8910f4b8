using System.Diagnostics;
using System.Globalization;

namespace Mjolnir.Benchmarks;

/// <summary>What this process took since a moment: processors, and what collecting memory cost.</summary>
internal sealed class MemoryWatch
{
    private readonly long _began = Stopwatch.GetTimestamp();
    private readonly TimeSpan _cpu = Environment.CpuUsage.TotalTime;
    private readonly TimeSpan _paused = GC.GetTotalPauseDuration();
    private readonly long _allocated = GC.GetTotalAllocatedBytes();
    private readonly int[] _collections = Collections();

    private MemoryWatch()
    {
    }

    public static MemoryWatch Start() => new();

    /// <summary>A line for people.</summary>
    public override string ToString()
    {
        var (seconds, now) = (Stopwatch.GetElapsedTime(_began).TotalSeconds, Collections());
        return string.Create(CultureInfo.InvariantCulture, $"{(Environment.CpuUsage.TotalTime - _cpu).TotalSeconds / seconds:F2} cores for all of it, {(GC.GetTotalAllocatedBytes() - _allocated) / 1e6 / seconds:F0} MB/s allocated, {(GC.GetTotalPauseDuration() - _paused).TotalMilliseconds / seconds:F0} ms a second paused by {(now[0] - _collections[0]) / seconds:F1}, {(now[1] - _collections[1]) / seconds:F1} and {(now[2] - _collections[2]) / seconds:F1} collections a second of generations 0 to 2; heap {GC.GetGCMemoryInfo().HeapSizeBytes / 1e6:F0} MB, process {Environment.WorkingSet / 1e6:F0} MB");
    }

    /// <summary>Per generation; one of a higher generation collects the lower ones too, and counts there.</summary>
    private static int[] Collections() => [GC.CollectionCount(0) - GC.CollectionCount(1), GC.CollectionCount(1) - GC.CollectionCount(2), GC.CollectionCount(2)];
}
