namespace Mjolnir.Storage.Logs.RabbitMq;

/// <summary>The names of a cluster's exchanges and queues: all that anyone may look for in the broker.</summary>
internal sealed class RabbitMqNames(string cluster)
{
    /// <summary>The type of a seal marker; batches have none.</summary>
    public const string SealType = "mjolnir.seal";

    /// <summary>Direct, durable: sends a batch to the log of its name.</summary>
    public string Logs { get; } = $"mjolnir.{cluster}.logs";

    /// <summary>Fanout, transient: what every process of the cluster hears.</summary>
    public string Bus { get; } = $"mjolnir.{cluster}.bus";

    /// <summary>Fanout, transient: what only app servers hear, one message per batch.</summary>
    public string Commits { get; } = $"mjolnir.{cluster}.commits";

    /// <summary>Fanout, transient: what workers have consumed, for indexers.</summary>
    public string Batches { get; } = $"mjolnir.{cluster}.batches";

    public string Log(string log) => $"mjolnir.{cluster}.log.{log}";

    /// <summary>Held exclusively by who declares a log.</summary>
    public string Declaring(string log) => $"mjolnir.{cluster}.declaring.{log}";

    /// <summary>Held exclusively by the leader of a task.</summary>
    public string Leader(string task) => $"mjolnir.{cluster}.leader.{task}";
}
