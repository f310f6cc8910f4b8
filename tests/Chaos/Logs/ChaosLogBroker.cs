using Mjolnir.Storage.Logs;

namespace Mjolnir.Chaos.Logs;

/// <summary>
/// Logs whose calls can be held and whose answers can be lost. A publish without an answer is <see cref="PublishOutcome.Unknown"/>; every other call then throws an
/// <see cref="IOException"/>. A publish that is held does not hold those behind it: hold them too if they should wait.
/// </summary>
/// <param name="inner">the real logs</param>
/// <param name="dice">chance, for publishes; null: only what the test's gates say</param>
public sealed class ChaosLogBroker(ILogBroker inner, ChaosDice? dice = null) : ChaosSeam<LogOperation, PublishOutcome>, ILogBroker
{
    /// <inheritdoc/>
    public ValueTask DeclareAsync(string log, CancellationToken cancellationToken) =>
        CallAsync(new(LogVerb.Declare, log), () => inner.DeclareAsync(log, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<ILogPublisher> OpenPublisherAsync(string log, CancellationToken cancellationToken)
    {
        var publisher = await AskAsync(new(LogVerb.OpenPublisher, log), () => inner.OpenPublisherAsync(log, cancellationToken), cancellationToken);
        return new ChaosLogPublisher(this, publisher);
    }

    /// <inheritdoc/>
    public async ValueTask<ILogConsumer> OpenConsumerAsync(string log, CancellationToken cancellationToken)
    {
        var consumer = await AskAsync(new(LogVerb.OpenConsumer, log), () => inner.OpenConsumerAsync(log, cancellationToken), cancellationToken);
        return new ChaosLogConsumer(this, log, consumer);
    }

    /// <inheritdoc/>
    public ValueTask UnbindAsync(string log, CancellationToken cancellationToken) =>
        CallAsync(new(LogVerb.Unbind, log), () => inner.UnbindAsync(log, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask SendSealMarkerAsync(string log, CancellationToken cancellationToken) =>
        CallAsync(new(LogVerb.SendSealMarker, log), () => inner.SendSealMarkerAsync(log, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask DeleteAsync(string log, CancellationToken cancellationToken) =>
        CallAsync(new(LogVerb.Delete, log), () => inner.DeleteAsync(log, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<string>> ListAsync(IReadOnlyCollection<string> registered, CancellationToken cancellationToken) => inner.ListAsync(registered, cancellationToken);

    internal async ValueTask<PublishOutcome> PublishAsync(ILogPublisher publisher, ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        // A copy: the sender may reuse its buffer while the message is still under way.
        ReadOnlyMemory<byte> kept = message.ToArray();
        var send = () => publisher.PublishAsync(kept, CancellationToken.None).AsTask();
        if (dice is not null)
        {
            await dice.ArriveLateAsync();
            if (dice.Roll() is { } effect)
            {
                await dice.ApplyAsync(effect, send);
                return PublishOutcome.Unknown;
            }
        }

        var operation = new LogOperation(LogVerb.Publish, publisher.Log, kept);
        return await WalkAsync(operation, send, () => PublishOutcome.Unknown, outcome => outcome, cancellationToken);
    }

    internal ValueTask<T> AskAsync<T>(LogOperation operation, Func<ValueTask<T>> act, CancellationToken cancellationToken) =>
        WalkAsync(operation, () => act().AsTask(), () => throw Lost(operation), _ => throw Lost(operation), cancellationToken);

    internal async ValueTask CallAsync(LogOperation operation, Func<ValueTask> act, CancellationToken cancellationToken) =>
        await AskAsync(operation, async () => { await act(); return true; }, cancellationToken);

    private static IOException Lost(LogOperation operation) => new($"Chaos: no answer to {operation.Verb} of log {operation.Log}.");
}

internal sealed class ChaosLogPublisher(ChaosLogBroker broker, ILogPublisher inner) : ILogPublisher
{
    public string Log => inner.Log;

    public ValueTask<PublishOutcome> PublishAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken) =>
        broker.PublishAsync(inner, message, cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}

internal sealed class ChaosLogConsumer(ChaosLogBroker broker, string log, ILogConsumer inner) : ILogConsumer
{
    /// <inheritdoc/>
    public long? Acknowledged => inner.Acknowledged;

    public ValueTask<IReadOnlyList<LogMessage>> ReadAsync(CancellationToken cancellationToken) =>
        broker.AskAsync(new(LogVerb.Read, log), () => inner.ReadAsync(cancellationToken), cancellationToken);

    public ValueTask AcknowledgeAsync(long delivery, CancellationToken cancellationToken) =>
        broker.CallAsync(
            new(LogVerb.Acknowledge, log, Delivery: delivery), () => inner.AcknowledgeAsync(delivery, cancellationToken), cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
