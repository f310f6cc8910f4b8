using Mjolnir.AppServer.Lanes;
using Mjolnir.AppServer.Queries;
using Mjolnir.AppServer.Unique;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Routing;
using Mjolnir.Core.Violations;
using Mjolnir.Scripting.Engine;
using Mjolnir.Storage.Feeds;

namespace Mjolnir.AppServer.Committing;

/// <summary>What a committer is made of.</summary>
public sealed class CommitterOptions
{
    /// <summary>The views it works under, and its connections to their shards.</summary>
    public required IClusterViews Views { get; init; }

    /// <summary>Opens and seals logs.</summary>
    public required ILogEpochs Epochs { get; init; }

    /// <summary>Where durable batches are told.</summary>
    public required ICommitFeed Feed { get; init; }

    /// <summary>Rows that the shards do not have.</summary>
    public required IStoredRows Store { get; init; }

    /// <summary>Watermarks of logs that were sealed before this server started; later ones it hears by the feed, or asks for.</summary>
    public required IReadOnlyDictionary<string, long> SealedLogs { get; init; }

    /// <summary>Runs handlers and templates; used on the lane only.</summary>
    public required IScriptEngine Engine { get; init; }

    /// <summary>Clock and timers.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>Pauses after conflicts.</summary>
    public required Random Random { get; init; }

    /// <summary>Learns which rows calls need; shared by all servers of a process and whoever routes to them.</summary>
    public KeyPredictor Predictor { get; init; } = new();

    /// <summary>Foresees which rows calls read, where reading costs a round trip; null where the shards are in this process.</summary>
    public RowForesight? Foresight { get; init; }

    /// <summary>Answers questions to indexes; null where no application with indexes is served.</summary>
    public IndexQueries? Queries { get; init; }

    /// <summary>Which unique indexes servers of other versions may keep; null where there is one version only.</summary>
    public UniqueKnowledge? Unique { get; init; }

    /// <summary>Told when the script engine itself fails on a handler or page; called on the lane.</summary>
    public Action<string, Exception> EngineFault { get; init; } = static (_, _) => { };

    /// <summary>Told of a broken rule or damage that concerns some rows only: they are refused, all others go on. Called on the lane.</summary>
    public Action<Violation> Alarm { get; init; } = static _ => { };

    /// <summary>Sizes and waits.</summary>
    public CommitterLimits Limits { get; init; } = new();

    /// <summary>Makes the lane, by the server's name and who is told of an exception that reaches it; the simulation has lanes of its own.</summary>
    internal Func<string, Action<Exception>, Lane> NewLane { get; init; } = static (server, fault) => new ThreadLane($"lane {server}", fault);

    /// <summary>Gives a transaction to the server beside a row; false if that is this server, or cannot be reached.</summary>
    internal Func<RowKey, Transaction, bool> HandOver { get; set; } = static (_, _) => false;
}
