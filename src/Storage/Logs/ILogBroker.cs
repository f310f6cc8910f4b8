namespace Mjolnir.Storage.Logs;

/// <summary>How the sending of a message ended.</summary>
public enum PublishOutcome
{
    /// <summary>It is durable in the log, behind all that was published before.</summary>
    Confirmed,

    /// <summary>It is certainly not in the log and never will be; the log goes on (disk full, nack of a full queue).</summary>
    Refused,

    /// <summary>The log was unbound: somebody is sealing it. The message is not in the log.</summary>
    Unroutable,

    /// <summary>Nobody knows. The publisher must seal its log and read the watermark.</summary>
    Unknown,
}

/// <summary>A message as the consumer of a log sees it.</summary>
/// <param name="Delivery">acknowledged by this number; rises</param>
/// <param name="Body">the encoded batch; empty for a seal marker</param>
/// <param name="IsSealMarker">all that follows it in the log is void</param>
public readonly record struct LogMessage(long Delivery, ReadOnlyMemory<byte> Body, bool IsSealMarker)
{
    /// <summary>W3C context of a traced transaction in the batch; null if there is none, or the log keeps none.</summary>
    public string? TraceParent { get; init; }
}

/// <summary>The sending end of one log; one exists per log.</summary>
public interface ILogPublisher : IAsyncDisposable
{
    /// <summary>The log's name, <c>server.epoch</c>.</summary>
    string Log { get; }

    /// <summary>Appends one message; returns when it is durable, or when it is known or unknowable what became of it. Does not throw for faults.</summary>
    ValueTask<PublishOutcome> PublishAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken);
}

/// <summary>The receiving end of one log: the single active consumer.</summary>
public interface ILogConsumer : IAsyncDisposable
{
    /// <summary>The last message that the log knows was acknowledged before this consumer came, counted from 1 as batches are; null where the broker does not tell (RabbitMQ forgets what is acknowledged).</summary>
    long? Acknowledged => null;

    /// <summary>
    /// Waits until there is at least one message not yet delivered, then gives what is there, in order, up to the implementation's limit. Messages not acknowledged are
    /// delivered again to the next consumer.
    /// </summary>
    ValueTask<IReadOnlyList<LogMessage>> ReadAsync(CancellationToken cancellationToken);

    /// <summary>Says that everything up to and including this delivery is in the store: the log may forget it.</summary>
    ValueTask AcknowledgeAsync(long delivery, CancellationToken cancellationToken);
}

/// <summary>Keeps the logs. Implementations: append-only files (embedded stack), RabbitMQ (classic stack), chaos (tests).</summary>
public interface ILogBroker
{
    /// <summary>Makes the log and binds it, once, before it is registered (V11). Throws if it exists.</summary>
    ValueTask DeclareAsync(string log, CancellationToken cancellationToken);

    /// <summary>Opens the sending end.</summary>
    ValueTask<ILogPublisher> OpenPublisherAsync(string log, CancellationToken cancellationToken);

    /// <summary>Opens the receiving end; waits while another consumer is active.</summary>
    ValueTask<ILogConsumer> OpenConsumerAsync(string log, CancellationToken cancellationToken);

    /// <summary>First step of sealing: later publishes are unroutable. Without effect on a log that is unbound or gone.</summary>
    ValueTask UnbindAsync(string log, CancellationToken cancellationToken);

    /// <summary>Last step of sealing before the worker's: puts a seal marker straight behind what is in the log.</summary>
    ValueTask SendSealMarkerAsync(string log, CancellationToken cancellationToken);

    /// <summary>Deletes a log that is sealed and drained.</summary>
    ValueTask DeleteAsync(string log, CancellationToken cancellationToken);

    /// <summary>The logs that exist: those among the registered ones, and every other one where the broker can tell (files can, RabbitMQ cannot).</summary>
    ValueTask<IReadOnlyList<string>> ListAsync(IReadOnlyCollection<string> registered, CancellationToken cancellationToken);
}
