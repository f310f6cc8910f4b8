using Mjolnir.Cli.Status;

namespace Mjolnir.Cli.Bench.Run;

internal static class ServerCosts
{
    /// <summary>What the server did between two looks at its counters, per transaction that it committed.</summary>
    public static ServerCost Between(StatusFigures before, StatusFigures after)
    {
        var (from, to) = (before.Total, after.Total);
        var committed = Math.Max(1.0, to.Committed - from.Committed);
        return new ServerCost(
            CpuMicroseconds: (after.Process.CpuMilliseconds - before.Process.CpuMilliseconds) * 1000 / committed,
            AllocatedBytes: (after.Process.AllocatedBytes - before.Process.AllocatedBytes) / committed,
            CacheOperations: (to.CacheOperations - from.CacheOperations) / committed,
            LogBytes: (to.LogBytes - from.LogBytes) / committed,
            Attempts: (to.Attempts - from.Attempts) / committed,
            TransactionsPerBatch: committed / Math.Max(1, to.Batches - from.Batches),
            Conflicts: to.Conflicts - from.Conflicts,
            HandedOver: to.HandedOver - from.HandedOver,
            StoreReads: to.StoreReads - from.StoreReads,
            GcPauseMilliseconds: after.Process.GcPauseMilliseconds - before.Process.GcPauseMilliseconds,
            ResidentBytes: after.Process.ResidentBytes);
    }
}
