using System.Text.Json.Serialization;
using Mjolnir.Indexer.Running;

namespace Mjolnir.Cli.Status;

/// <summary>What <c>/_mjolnir/status</c> tells an operator. Counters rise from the process's start; the bench takes differences.</summary>
internal sealed record StatusFigures
{
    public required string Application { get; init; }

    public required string Version { get; init; }

    public required string Mode { get; init; }

    public required double UptimeSeconds { get; init; }

    /// <summary>True when every row of the store is in memory: from then on the store is not read.</summary>
    public required bool Warm { get; init; }

    public required ProcessFigures Process { get; init; }

    /// <summary>All stacks together.</summary>
    public required StackFigures Total { get; init; }

    public required IReadOnlyList<StackFigures> Stacks { get; init; }

    /// <summary>Broken rules that this process found, by kind: must be empty.</summary>
    public IReadOnlyList<ViolationFigures> Violations { get; init; } = [];

    /// <summary>The tables whose indexes this process keeps.</summary>
    public IReadOnlyList<IndexFigures> Indexes { get; init; } = [];

    /// <summary>What the auditor of this process has done; null if it has none.</summary>
    public AuditStatus? Audit { get; init; }

    /// <summary>What this server knows of its cluster; null: it is no part of one (embedded stack).</summary>
    public ClusterFigures? Cluster { get; init; }
}

/// <summary>The indexes of one table.</summary>
/// <param name="Table">the table</param>
/// <param name="State">"building", "following" the logs, "catchingup" from the store after batches were missed, or "waiting" after a fault</param>
/// <param name="Percent">of the rows read, while they are built</param>
/// <param name="Rows">rows in them, removed ones that are remembered too</param>
/// <param name="Pages">pages that queries see</param>
/// <param name="Bytes">bytes of these pages</param>
/// <param name="Steps">steps since they were built</param>
/// <param name="Built">times they were built by this process: more than once after a fault</param>
/// <param name="Fault">the last fault; null without one</param>
/// <param name="LagMilliseconds">from the closing of a batch to its being seen by readers, at the last step, or so far for what waits</param>
internal sealed record IndexFigures(string Table, string State, int Percent, long Rows, int Pages, long Bytes, long Steps, int Built, string? Fault, long LagMilliseconds)
{
    public static IndexFigures Of(TableProgress told) =>
        new(told.Table, told.State.ToString().ToLowerInvariant(), told.Percent, told.Rows, told.Pages, told.Bytes, told.Steps, told.Built, told.Fault, (long)told.Lag.TotalMilliseconds);
}

internal sealed record ProcessFigures
{
    public required int Id { get; init; }

    public required double CpuMilliseconds { get; init; }

    public required long AllocatedBytes { get; init; }

    public required long ResidentBytes { get; init; }

    public required int Collections { get; init; }

    public required double GcPauseMilliseconds { get; init; }
}

/// <summary>One V-stack: server, shard, log and store.</summary>
internal sealed record StackFigures
{
    public required string Name { get; init; }

    public required string Log { get; init; }

    public required long Committed { get; init; }

    public required long Aborted { get; init; }

    public required long Attempts { get; init; }

    public required long Conflicts { get; init; }

    public required long HandedOver { get; init; }

    public required long Refused { get; init; }

    public required long Batches { get; init; }

    public required long Records { get; init; }

    public required long LogBytes { get; init; }

    public required long CacheOperations { get; init; }

    public required long CacheItems { get; init; }

    public required long CacheBytes { get; init; }

    public required long StoreReads { get; init; }

    /// <summary>Batches confirmed but not yet in the store.</summary>
    public required long Backlog { get; init; }

    public static StackFigures Sum(StackFigures one, StackFigures other) => new()
    {
        Name = "all",
        Log = "",
        Committed = one.Committed + other.Committed,
        Aborted = one.Aborted + other.Aborted,
        Attempts = one.Attempts + other.Attempts,
        Conflicts = one.Conflicts + other.Conflicts,
        HandedOver = one.HandedOver + other.HandedOver,
        Refused = one.Refused + other.Refused,
        Batches = one.Batches + other.Batches,
        Records = one.Records + other.Records,
        LogBytes = one.LogBytes + other.LogBytes,
        CacheOperations = one.CacheOperations + other.CacheOperations,
        CacheItems = one.CacheItems + other.CacheItems,
        CacheBytes = one.CacheBytes + other.CacheBytes,
        StoreReads = one.StoreReads + other.StoreReads,
        Backlog = one.Backlog + other.Backlog,
    };
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(StatusFigures))]
[JsonSerializable(typeof(WorkerStatus))]
[JsonSerializable(typeof(IndexerStatus))]
internal sealed partial class StatusJson : JsonSerializerContext;
