using Mjolnir.Core.Views;
using Mjolnir.Core.Violations;
using Mjolnir.Storage.Objects;
using Mjolnir.Storage.Shards;

namespace Mjolnir.WriteBehind.Auditing;

/// <summary>What an auditor needs. It writes to none of it.</summary>
public sealed record AuditorOptions
{
    /// <summary>The store, its requests counted apart from those of everybody else.</summary>
    public required IObjectStore Store { get; init; }

    /// <summary>Opens a connection of the auditor's own to a shard. Does not throw: a shard that cannot be reached answers <see cref="ShardStatus.Unknown"/>.</summary>
    public required Func<ShardDescription, IShardConnection> Connect { get; init; }

    /// <summary>What is heard of the cluster.</summary>
    public required IAuditedCluster Cluster { get; init; }

    /// <summary>Rows that batches consumed in this process wrote.</summary>
    public required LogSample Logged { get; init; }

    /// <summary>Told of each difference, once for as long as it is there.</summary>
    public required Action<Violation> Differs { get; init; }

    /// <summary>Told of faults of the auditor itself; the next round begins anew.</summary>
    public Action<Exception> Failed { get; init; } = _ => { };

    /// <summary>Seed of what is drawn.</summary>
    public int Seed { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>How much, and how sure.</summary>
    public AuditLimits Limits { get; init; } = new();
}
