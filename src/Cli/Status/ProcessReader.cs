using System.Diagnostics;

namespace Mjolnir.Cli.Status;

/// <summary>What this process has used so far.</summary>
internal static class ProcessReader
{
    public static ProcessFigures Read()
    {
        using var process = Process.GetCurrentProcess();
        return new ProcessFigures
        {
            Id = process.Id,
            CpuMilliseconds = process.TotalProcessorTime.TotalMilliseconds,
            AllocatedBytes = GC.GetTotalAllocatedBytes(),
            ResidentBytes = process.WorkingSet64,
            Collections = GC.CollectionCount(0),
            GcPauseMilliseconds = GC.GetTotalPauseDuration().TotalMilliseconds,
        };
    }
}
