using Mjolnir.Storage.Logs.RabbitMq;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Mjolnir.Storage.Cluster;

/// <summary>The bus while one connection lives: a queue of this process's own at the fanout exchanges, and a channel to send by.</summary>
internal sealed class RabbitMqBusSession : AsyncDefaultBasicConsumer, IAsyncDisposable
{
    private readonly RabbitMqLink _link;
    private readonly IChannel _sending;
    private readonly CachedString _everybody;
    private readonly CachedString _commits;
    private readonly Action<ReadOnlyMemory<byte>> _receive;
    private int _unacknowledged;

    private RabbitMqBusSession(RabbitMqLink link, IChannel receiving, IChannel sending, RabbitMqNames names, Action<ReadOnlyMemory<byte>> receive)
        : base(receiving) => (_link, _sending, _everybody, _commits, _receive) = (link, sending, new(names.Bus), new(names.Commits), receive);

    /// <summary>Cancelled when nothing is heard any more.</summary>
    public CancellationToken Ended => _link.Ended;

    /// <summary>An alarm at the broker: what is sent is not passed on.</summary>
    public bool IsBlocked => _link.IsBlocked;

    /// <summary>Has this called whenever an alarm is over.</summary>
    public void OnUnblocked(Action call) => _link.Unblocked = call;

    public static async Task<RabbitMqBusSession> OpenAsync(
        RabbitMqConnection connection, RabbitMqNames names, bool hearsCommits, Action<ReadOnlyMemory<byte>> receive, TimeProvider time, CancellationToken cancellationToken)
    {
        var link = await connection.OpenAsync(cancellationToken);
        using var patience = new CancellationTokenSource(RabbitMqClientLimits.ControlPatience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            var receiving = await link.OpenChannelAsync(RabbitMqControl.Unconfirmed, either.Token);
            var sending = await link.OpenChannelAsync(RabbitMqControl.Unconfirmed, either.Token);
            var session = new RabbitMqBusSession(link, receiving, sending, names, receive);
            var queue = await receiving.QueueDeclareAsync("", durable: false, exclusive: true, autoDelete: true, Bounded(), cancellationToken: either.Token);
            foreach (var (exchange, isHeard) in new[] { (names.Bus, true), (names.Commits, hearsCommits) })
            {
                await receiving.ExchangeDeclareAsync(exchange, ExchangeType.Fanout, durable: false, autoDelete: false, cancellationToken: either.Token);
                if (isHeard)
                {
                    await receiving.QueueBindAsync(queue.QueueName, exchange, "", cancellationToken: either.Token);
                }
            }

            await receiving.BasicQosAsync(0, RabbitMqClientLimits.NoticePrefetch, global: false, either.Token);
            await receiving.BasicConsumeAsync(queue.QueueName, autoAck: false, session, either.Token);
            return session;
        }
        catch
        {
            // The connection is the bus's alone: closing it takes back whatever was made.
            link.Abandon("the bus does not open");
            throw;
        }
    }

    public ValueTask SendAsync(ReadOnlyMemory<byte> message, bool toEverybody, CancellationToken cancellationToken) =>
        _sending.BasicPublishAsync(toEverybody ? _everybody : _commits, CachedString.Empty, mandatory: false, new BasicProperties(), message, cancellationToken);

    public async ValueTask DisposeAsync() => await _link.CloseAsync(RabbitMqClientLimits.ConnectPatience);

    public override async Task HandleBasicDeliverAsync(
        string consumerTag, ulong deliveryTag, bool redelivered, string exchange, string routingKey, IReadOnlyBasicProperties properties, ReadOnlyMemory<byte> body, CancellationToken cancellationToken = default)
    {
        _receive(body);
        if (++_unacknowledged >= RabbitMqClientLimits.NoticesPerAcknowledgement)
        {
            _unacknowledged = 0;
            await Channel.BasicAckAsync(deliveryTag, multiple: true, cancellationToken);
        }
    }

    public override Task HandleChannelShutdownAsync(object channel, ShutdownEventArgs reason)
    {
        _link.Abandon(reason.ReplyText);
        return base.HandleChannelShutdownAsync(channel, reason);
    }

    protected override Task OnCancelAsync(string[] consumerTags, CancellationToken cancellationToken = default)
    {
        _link.Abandon("the broker cancelled the consumer of the bus");
        return base.OnCancelAsync(consumerTags, cancellationToken);
    }

    private static Dictionary<string, object?> Bounded() => new() { ["x-max-length"] = RabbitMqClientLimits.IncomingNotices, ["x-overflow"] = "drop-head" };
}
