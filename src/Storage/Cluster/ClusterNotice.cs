using System.Text.Json.Serialization;

namespace Mjolnir.Storage.Cluster;

/// <summary>What the processes of a cluster tell each other beside batches. Hints only: whoever misses one learns the same from the next beat or from the registry.</summary>
[JsonDerivedType(typeof(ServerBeat), "server")]
[JsonDerivedType(typeof(WorkerBeat), "worker")]
[JsonDerivedType(typeof(KeeperBeat), "keeper")]
[JsonDerivedType(typeof(ShardTrouble), "shard")]
[JsonDerivedType(typeof(IndexerBeat), "indexer")]
[JsonDerivedType(typeof(IndexStep), "step")]
public abstract record ClusterNotice;

/// <summary>What a live app server says of itself: every <see cref="ClusterLimits.Beat"/>, and at once when it changes.</summary>
/// <param name="Server">the V-stack's name (<c>s1</c>)</param>
/// <param name="Run">random id of the process's run</param>
/// <param name="Http">where it serves HTTP (<c>http://10.0.0.5:9001</c>)</param>
/// <param name="Peer">where other servers pass calls to it (<c>10.0.0.5:9101</c>)</param>
/// <param name="Shard">address of the cache shard beside it (<c>10.0.0.5:11211</c> or a socket's path); empty if it has none</param>
/// <param name="Log">its present log; empty while none is open</param>
/// <param name="Durable">the durable watermark of that log: a lost notice is made good by it</param>
/// <param name="View">the newest view it has crossed to</param>
/// <param name="IsReady">it takes calls</param>
/// <param name="IsLeaving">it wants its shard to be taken out of the view, and will end when that is done</param>
/// <param name="DeadLogs">logs of this server's former runs whose processes are known to be gone (their lock is this run's): sealing them need not wait</param>
public sealed record ServerBeat(
    string Server,
    string Run,
    string Http,
    string Peer,
    string Shard,
    string Log,
    long Durable,
    long View,
    bool IsReady,
    bool IsLeaving,
    IReadOnlyList<string> DeadLogs) : ClusterNotice;

/// <summary>What a write-behind process says: how far each log that it works on is stored.</summary>
/// <param name="Worker">its name</param>
/// <param name="Run">random id of the process's run</param>
/// <param name="Logs">the logs whose active worker it is</param>
public sealed record WorkerBeat(string Worker, string Run, IReadOnlyList<WorkedLog> Logs) : ClusterNotice
{
    /// <summary>What its auditor has done; null if it has none.</summary>
    public AuditBeat? Audit { get; init; }
}

/// <summary>What the auditor of a write-behind process has done, and the broken rules that the process found.</summary>
/// <param name="Rows">rows compared</param>
/// <param name="Rounds">rounds that came to their end</param>
/// <param name="Differences">differences told</param>
/// <param name="Violations">broken rules of all kinds, differences included</param>
public sealed record AuditBeat(long Rows, long Rounds, long Differences, long Violations);

/// <summary>How far a log is stored.</summary>
/// <param name="Log">the log</param>
/// <param name="Stored">the highest batch whose records are in the store</param>
/// <param name="Backlog">batches consumed and not stored yet</param>
public sealed record WorkedLog(string Log, long Stored, long Backlog);

/// <summary>What the keeper of the view says: every <see cref="ClusterLimits.Beat"/>, and at once when it changes.</summary>
/// <param name="Run">random id of the process's run</param>
/// <param name="LatestView">the newest view made: servers cross to it</param>
/// <param name="ActiveView">the newest view that is open</param>
/// <param name="Warm">shards that hold all that the store had</param>
public sealed record KeeperBeat(string Run, long LatestView, long ActiveView, IReadOnlyList<WarmShard> Warm) : ClusterNotice
{
    /// <summary>Rows put into shards by the warming under way, or by the last one.</summary>
    public long WarmedRows { get; init; }

    /// <summary>Rows that the warming under way has to look at, about; 0 when none is under way.</summary>
    public long WarmingRows { get; init; }

    /// <summary>What the keeper waits for, in plain words; empty when nothing is under way.</summary>
    public string Waiting { get; init; } = "";
}

/// <summary>Every row that the store had when view <paramref name="View"/> became active, in the slots it gave this shard up to then, is in the shard with this label.</summary>
/// <param name="Label">the shard's label</param>
/// <param name="View">slots given to it up to this view are warm</param>
public sealed record WarmShard(string Label, long View);

/// <summary>A server found a shard without the label that the view says: somebody must make a new view.</summary>
/// <param name="Shard">the shard's name</param>
/// <param name="Label">the label that it should bear</param>
/// <param name="Reason">in plain words</param>
public sealed record ShardTrouble(string Shard, string Label, string Reason) : ClusterNotice
{
    /// <summary>The reason that stands for itself: the shard refused a write for memory, so what it holds cannot be trusted (V9m). Every other reason makes the keeper look at the label.</summary>
    public const string Full = "full";
}
