using Mjolnir.Core.Views;

namespace Mjolnir.WriteBehind;

/// <summary>What recovery is doing.</summary>
public enum RecoveryPhase
{
    /// <summary>Sealing and draining the logs of former runs into the store; counted in logs.</summary>
    Draining,

    /// <summary>Computing and creating the cut for lost queues; counted in logs lost.</summary>
    Cutting,

    /// <summary>Creating the new view; one step.</summary>
    Opening,
}

/// <summary>How far recovery is.</summary>
/// <param name="Phase">the phase</param>
/// <param name="Done">done in this phase</param>
/// <param name="Total">of so many</param>
public readonly record struct RecoveryProgress(RecoveryPhase Phase, long Done, long Total);

/// <summary>What recovery made: the caller flushes and labels the shards as the view says, then marks it active.</summary>
/// <param name="View">the new view; its opening is claimed for us</param>
/// <param name="DrainedLogs">logs of former runs that were sealed and drained now</param>
/// <param name="LostLogs">logs whose queue was gone: the store went back to the stable cut</param>
public sealed record RecoveredCluster(ClusterView View, IReadOnlyList<string> DrainedLogs, IReadOnlyList<string> LostLogs);
