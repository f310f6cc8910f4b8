namespace Mjolnir.WriteBehind.Auditing;

/// <summary>What an auditor hears of the cluster: hints, which may be old. Implementations: the bus of a cluster, the one process of the embedded stack.</summary>
public interface IAuditedCluster
{
    /// <summary>The newest view known to be open; 0 while none is known.</summary>
    long ActiveView { get; }

    /// <summary>True once every row that the store had when a view became active is in the shard: a miss there is an absent row.</summary>
    /// <param name="label">the shard's label</param>
    /// <param name="since">the view that gave the slot to the shard</param>
    bool IsWarm(string label, long since);

    /// <summary>How far a log is durable, as its live owner told just now; null if nobody did.</summary>
    long? DurableOf(string log);
}
