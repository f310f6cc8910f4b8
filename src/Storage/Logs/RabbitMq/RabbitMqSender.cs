using Mjolnir.Core.Telemetry;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Mjolnir.Storage.Logs.RabbitMq;

/// <summary>A channel that sends persistent, mandatory, confirmed messages to one place. Not reopened.</summary>
internal sealed class RabbitMqSender : IAsyncDisposable
{
    private static readonly CreateChannelOptions Confirmed = new(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true, outstandingPublisherConfirmationsRateLimiter: null);

    private readonly RabbitMqLink _link;
    private readonly IChannel _channel;
    private readonly RabbitMqConnections _connections;
    private readonly CachedString _exchange;
    private readonly CachedString _routingKey;

    private RabbitMqSender(RabbitMqConnections connections, RabbitMqLink link, IChannel channel, string exchange, string routingKey) =>
        (_connections, _link, _channel, _exchange, _routingKey) = (connections, link, channel, new(exchange), new(routingKey));

    /// <summary>What is sent now has a way to the broker.</summary>
    public bool IsOpen => _link.IsOpen && _channel.IsOpen;

    /// <summary>Opens the channel.</summary>
    /// <exception cref="LogUnavailableException">the broker does not answer</exception>
    public static async ValueTask<RabbitMqSender> OpenAsync(RabbitMqConnections connections, string exchange, string routingKey, CancellationToken cancellationToken)
    {
        var link = await connections.Sending.OpenAsync(cancellationToken);
        using var patience = new CancellationTokenSource(RabbitMqClientLimits.ControlPatience, connections.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            return new(connections, link, await link.OpenChannelAsync(Confirmed, either.Token), exchange, routingKey);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested && RabbitMqFaults.IsFault(exception))
        {
            link.Abandon($"it opens no channel ({exception.Message})");
            throw new LogUnavailableException($"RabbitMQ opens no channel: {exception.Message}", exception);
        }
    }

    /// <summary>Sends one message and waits for its confirm. Messages enter the log in the order of the calls. Does not throw for faults.</summary>
    public async ValueTask<PublishOutcome> SendAsync(ReadOnlyMemory<byte> message, string? type)
    {
        if (_connections.IsBlocked)
        {
            return PublishOutcome.Refused;
        }

        using var patience = new CancellationTokenSource(RabbitMqClientLimits.ConfirmPatience, _connections.Time);
        try
        {
            // The client notes its number in the headers, so each message has properties of its own.
            var properties = new BasicProperties { Persistent = true };
            if (type is not null)
            {
                properties.Type = type;
            }

            if (Tracing.Published is { } trace)
            {
                properties.Headers = new Dictionary<string, object?> { [Tracing.Header] = trace };
            }

            await _channel.BasicPublishAsync(_exchange, _routingKey, mandatory: true, properties, message, patience.Token);
            return PublishOutcome.Confirmed;
        }
        catch (PublishException exception) when (exception.IsReturn)
        {
            return PublishOutcome.Unroutable;
        }
        catch (PublishException)
        {
            // The queue has no limit by which it would refuse a message before it enters, so a nack says that something failed on the way, and not how far the message got.
            return PublishOutcome.Unknown;
        }
        catch (Exception exception) when (RabbitMqFaults.IsFault(exception))
        {
            // A confirm that does not come: this node, or the queue's, is frozen or cut off. Another endpoint may do better, and nothing more is to follow on this channel.
            _link.Abandon($"no confirm from {(_routingKey.Value)} ({exception.Message})");
            return PublishOutcome.Unknown;
        }
    }

    public ValueTask DisposeAsync() => RabbitMqControl.CloseAsync(_link, _channel);
}
