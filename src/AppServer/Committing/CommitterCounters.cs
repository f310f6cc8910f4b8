namespace Mjolnir.AppServer.Committing;

/// <summary>What a committer has done since it started. Written on the lane, read anywhere: each figure is exact, all together are of about one moment.</summary>
public sealed class CommitterCounters
{
    /// <summary>Transactions committed, read-only ones included.</summary>
    public long Committed { get; internal set; }

    /// <summary>Transactions refused by their handlers.</summary>
    public long Aborted { get; internal set; }

    /// <summary>Runs of handlers and templates.</summary>
    public long Attempts { get; internal set; }

    /// <summary>Runs repeated because another server changed a row first. Users never see them.</summary>
    public long Conflicts { get; internal set; }

    /// <summary>Transactions handed to the owner of their lowest contended row.</summary>
    public long HandedOver { get; internal set; }

    /// <summary>Calls answered 503 or 504.</summary>
    public long Refused { get; internal set; }

    /// <summary>Batches confirmed by the log.</summary>
    public long Batches { get; internal set; }

    /// <summary>Rows in those batches.</summary>
    public long Records { get; internal set; }

    /// <summary>Bytes of those batches.</summary>
    public long LogBytes { get; internal set; }

    /// <summary>Operations sent to shards.</summary>
    public long ShardOperations { get; internal set; }

    /// <summary>Round trips to shards: operations that were sent together.</summary>
    public long ShardPasses { get; internal set; }

    /// <summary>Single rows read from the store.</summary>
    public long StoreReads { get; internal set; }

    /// <summary>Logs opened after the first: each was a seal.</summary>
    public long Epochs { get; internal set; }

    /// <summary>Views crossed to after the first, renewals of the log included.</summary>
    public long Crossings { get; internal set; }

    /// <summary>Transactions that wait for a shard to be opened, as of the last look.</summary>
    public long WaitingForView { get; internal set; }

    /// <summary>Batches of the own log that are not yet in the store.</summary>
    public long BacklogBatches { get; internal set; }

    /// <summary>Bytes of those batches; up to one chunk more than there are.</summary>
    public long BacklogBytes { get; internal set; }

    /// <summary>Rows remembered now.</summary>
    public long RememberedRows { get; internal set; }
}
