using Mjolnir.Core;
using Mjolnir.Core.Batches;
using Mjolnir.Storage.Cluster;
using Mjolnir.Storage.Logs;
using Mjolnir.Storage.Objects;

namespace Mjolnir.WriteBehind.Workers;

/// <summary>What the workers of a write-behind process need.</summary>
public sealed record WorkerHostOptions
{
    /// <summary>The V-stack's name (<c>s1</c>): logs of its server are worked on at once. Empty: this process belongs to none.</summary>
    public required string Name { get; init; }

    /// <summary>Random id of the process's run.</summary>
    public required string Run { get; init; }

    /// <summary>Keeps the logs.</summary>
    public required ILogBroker Broker { get; init; }

    /// <summary>Where batches are stored.</summary>
    public required IObjectStore Store { get; init; }

    /// <summary>Where new logs are heard of and beats are told.</summary>
    public required IClusterBus Bus { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Limits of each worker.</summary>
    public WriteBehindLimits StoreLimits { get; init; } = new();

    /// <summary>Limits of the host.</summary>
    public WorkerLimits Limits { get; init; } = new();

    /// <summary>Source of random ids.</summary>
    public Func<string> NewId { get; init; } = () => Guid.NewGuid().ToString("N");

    /// <summary>Called for each batch that a worker of this process consumed, from that worker's loop: it must be quick and must not throw.</summary>
    public Action<Batch>? Consumed { get; init; }

    /// <summary>What this process tells of its auditor in its beats.</summary>
    public Func<AuditBeat>? Audit { get; init; }

    /// <summary>Told, over and over, of an object of the store that is damaged and without which a log cannot be worked on. It is looked at again; other logs go on.</summary>
    public Action<string, CorruptDataException> Damaged { get; init; } = (_, _) => { };

    /// <summary>Told once for each log on which work stopped for good: a broken rule, or a damaged message. Nothing of it is guessed over; other logs go on.</summary>
    public Action<string, Exception> Failed { get; init; } = (_, _) => { };
}
