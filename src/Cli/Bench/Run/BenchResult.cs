using Mjolnir.Cli.Bench.Load;

namespace Mjolnir.Cli.Bench.Run;

/// <summary>What the server's own counters say about the measured time, per committed transaction.</summary>
internal sealed record ServerCost(
    double CpuMicroseconds,
    double AllocatedBytes,
    double CacheOperations,
    double LogBytes,
    double Attempts,
    double TransactionsPerBatch,
    long Conflicts,
    long HandedOver,
    long StoreReads,
    double GcPauseMilliseconds,
    long ResidentBytes);

/// <summary>The sum of all accounts, added up twice: by a handler on the running server, and from the store after it stopped.</summary>
/// <param name="Expected">accounts times first balance</param>
/// <param name="Served">as the server said; null if it could not be asked</param>
/// <param name="Stored">as the store says after a clean stop; null if it is not ours to open</param>
internal sealed record MoneyCheck(long Expected, long? Served, long? Stored)
{
    public bool Right => (Served ?? Expected) == Expected && (Stored ?? Expected) == Expected;
}

/// <summary>One run, all of it measured.</summary>
internal sealed record BenchResult(
    BenchOptions Options,
    LoadFigures Load,
    ServerCost? Cost,
    MoneyCheck Money,
    LoadFigures? Bare,
    TimeSpan? ReadyIn,
    DateTimeOffset At)
{
    /// <summary>Ours over that of an endpoint which only parses the same JSON, in the same run.</summary>
    public double? Ratio => Bare is { PerSecond: > 0 } ? Load.PerSecond / Bare.PerSecond : null;

    public bool Good => Money.Right && Load.Conflicts == 0 && Load.Failed == 0 && Load.Committed > 0;
}
