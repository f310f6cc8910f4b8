using System.Text;
using System.Threading.Channels;
using Mjolnir.Core.Telemetry;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;

namespace Mjolnir.Storage.Logs.RabbitMq;

/// <summary>The receiving end of one log. What was not acknowledged when it ends is delivered to the next, in order.</summary>
internal sealed class RabbitMqLogConsumer : AsyncDefaultBasicConsumer, ILogConsumer
{
    private readonly RabbitMqConnections _connections;
    private readonly RabbitMqLink _link;
    private readonly string _log;
    private readonly Channel<LogMessage> _arrived = System.Threading.Channels.Channel.CreateUnbounded<LogMessage>(new() { SingleWriter = true });
    private long _delivered;
    private long _acknowledged;
    private volatile string? _lost;
    private bool _isDisposed;

    private RabbitMqLogConsumer(RabbitMqConnections connections, RabbitMqLink link, IChannel channel, string log)
        : base(channel) => (_connections, _link, _log) = (connections, link, log);

    public static async ValueTask<RabbitMqLogConsumer> OpenAsync(RabbitMqConnections connections, string queue, string log, CancellationToken cancellationToken)
    {
        var consumer = await BeginAsync(connections, queue, log, cancellationToken);
        try
        {
            await consumer.WaitAsync(cancellationToken);
            return consumer;
        }
        catch
        {
            await consumer.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<LogMessage>> ReadAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        await WaitAsync(cancellationToken);
        var messages = new List<LogMessage>();
        for (var bytes = 0; bytes < RabbitMqClientLimits.ReadBytes && _arrived.Reader.TryRead(out var message); bytes += message.Body.Length)
        {
            messages.Add(message);
        }

        _delivered = messages[^1].Delivery;
        return messages;
    }

    /// <inheritdoc/>
    public async ValueTask AcknowledgeAsync(long delivery, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(delivery, _delivered);
        ThrowIfLost();
        if (delivery <= _acknowledged)
        {
            return;
        }

        try
        {
            await Channel.BasicAckAsync((ulong)delivery, multiple: true, cancellationToken);
            _acknowledged = delivery;
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested && RabbitMqFaults.IsFault(exception))
        {
            throw new LogUnavailableException($"What the log {_log} may forget could not be said: {exception.Message}", exception);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            // The broker gives back what is not acknowledged when the channel closes, not when the consumer is cancelled.
            await RabbitMqControl.CloseAsync(_link, Channel);
            await _connections.JoinAsync(_log);
        }
    }

    public override Task HandleBasicDeliverAsync(
        string consumerTag, ulong deliveryTag, bool redelivered, string exchange, string routingKey, IReadOnlyBasicProperties properties, ReadOnlyMemory<byte> body, CancellationToken cancellationToken = default)
    {
        // The client takes its buffer back when this returns.
        _arrived.Writer.TryWrite(new((long)deliveryTag, body.ToArray(), properties.Type == RabbitMqNames.SealType) { TraceParent = TraceParent(properties) });
        return Task.CompletedTask;
    }

    public override Task HandleChannelShutdownAsync(object channel, ShutdownEventArgs reason)
    {
        Lose(reason.ReplyText);
        return base.HandleChannelShutdownAsync(channel, reason);
    }

    protected override Task OnCancelAsync(string[] consumerTags, CancellationToken cancellationToken = default)
    {
        Lose("the broker cancelled the consumer; the log may have been deleted");
        return base.OnCancelAsync(consumerTags, cancellationToken);
    }

    private static async ValueTask<RabbitMqLogConsumer> BeginAsync(RabbitMqConnections connections, string queue, string log, CancellationToken cancellationToken)
    {
        var connection = connections.ReceivingOf(log);
        var link = await connection.AwaitAsync(cancellationToken);
        using var patience = new CancellationTokenSource(RabbitMqClientLimits.ControlPatience, connections.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        IChannel? channel = null;
        try
        {
            channel = await link.OpenChannelAsync(RabbitMqControl.Unconfirmed, either.Token);
            var consumer = new RabbitMqLogConsumer(connections, link, channel, log);
            await channel.BasicQosAsync(0, RabbitMqClientLimits.Prefetch, global: false, either.Token);
            await channel.BasicConsumeAsync(queue, autoAck: false, consumer, either.Token);
            return consumer;
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested && RabbitMqFaults.IsFault(exception) && exception is not OperationInterruptedException)
        {
            await GiveUpAsync(connections, connection, link, channel, $"reading the log {log} does not begin ({exception.Message})", log);
            throw new LogUnavailableException($"RabbitMQ does not let the log {log} be read: {exception.Message}", exception);
        }
        catch (Exception exception)
        {
            if (channel is not null)
            {
                await RabbitMqControl.CloseAsync(link, channel);
            }

            if (RabbitMqFaults.IsInternal(exception))
            {
                connections.SetApart(log);
            }

            if (RabbitMqFaults.IsMissing(exception))
            {
                await connections.JoinAsync(log);
                throw new UnknownLogException(log);
            }

            if (cancellationToken.IsCancellationRequested || !RabbitMqFaults.IsFault(exception))
            {
                throw;
            }

            throw new LogUnavailableException($"RabbitMQ does not let the log {log} be read: {exception.Message}", exception);
        }
    }

    /// <summary>
    /// There was no answer. Where the broker answers otherwise, only this queue does not (it has no leader): the log is read over a connection of its own from now on, and the consumers of others keep theirs. The closing of
    /// the channel follows behind the beginning that was asked for, so no consumer stays behind, whenever the broker comes to it.
    /// </summary>
    private static async ValueTask GiveUpAsync(RabbitMqConnections connections, RabbitMqConnection connection, RabbitMqLink link, IChannel? channel, string why, string log)
    {
        if (connection == connections.Receiving && channel is not null && await RabbitMqControl.AnswersAsync(link, connections.Time))
        {
            connections.SetApart(log);
            _ = RabbitMqControl.CloseLateAsync(channel);
        }
        else
        {
            link.Abandon(why);
        }
    }

    /// <summary>Waits until a message is there. What arrived before the loss is not given out any more: another consumer may have it already.</summary>
    private async ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        await _arrived.Reader.WaitToReadAsync(cancellationToken);
        ThrowIfLost();
    }

    private static string? TraceParent(IReadOnlyBasicProperties properties) =>
        Tracing.IsOn && properties.Headers is { } headers && headers.TryGetValue(Tracing.Header, out var value) && value is byte[] { Length: RabbitMqClientLimits.TraceParentBytes } text ? Encoding.ASCII.GetString(text) : null;

    private void Lose(string reason)
    {
        _lost ??= reason;
        _arrived.Writer.TryComplete();
    }

    private void ThrowIfLost()
    {
        if (_lost is { } reason)
        {
            throw new LogUnavailableException($"The connection to the log {_log} ended: {reason}");
        }
    }
}
