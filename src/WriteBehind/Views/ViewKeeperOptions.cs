using Mjolnir.Core.Views;
using Mjolnir.Storage.Cluster;
using Mjolnir.Storage.Logs;
using Mjolnir.Storage.Objects;
using Mjolnir.Storage.Rows;
using Mjolnir.Storage.Shards;

namespace Mjolnir.WriteBehind.Views;

/// <summary>What the keeper of the view needs.</summary>
public sealed record ViewKeeperOptions
{
    /// <summary>Random id of the process's run.</summary>
    public required string Run { get; init; }

    /// <summary>Keeps the logs.</summary>
    public required ILogBroker Broker { get; init; }

    /// <summary>Keeps the registry and the rows.</summary>
    public required IObjectStore Store { get; init; }

    /// <summary>Where beats are heard and told.</summary>
    public required IClusterBus Bus { get; init; }

    /// <summary>Picks the one keeper.</summary>
    public required ILeadership Leadership { get; init; }

    /// <summary>Opens a connection of the keeper's own to a shard; the label in the description may be empty. Does not throw: a shard that cannot be reached answers <see cref="ShardStatus.Unknown"/>.</summary>
    public required Func<ShardDescription, IShardConnection> Connect { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Limits of the keeper.</summary>
    public KeeperLimits Limits { get; init; } = new();

    /// <summary>Limits of sealing and cutting.</summary>
    public WriteBehindLimits StoreLimits { get; init; } = new();

    /// <summary>Source of random ids: labels, claims.</summary>
    public Func<string> NewId { get; init; } = () => Guid.NewGuid().ToString("N");

    /// <summary>Told what the keeper does, in plain words, for the operator.</summary>
    public Action<string> Report { get; init; } = _ => { };

    /// <summary>Told of each damaged piece of the store that warming met, at each warming anew. The keeper goes on; the rows in it are refused until the object is mended.</summary>
    public Action<DamagedRows> Damaged { get; init; } = _ => { };

    /// <summary>Told of each broken rule or damage that stopped the keeper; it tries again after a pause.</summary>
    public Action<Exception> Failed { get; init; } = _ => { };
}
