using System.Collections.Immutable;
using System.Threading.Channels;
using Mjolnir.Core;
using Mjolnir.Core.Batches;
using Mjolnir.Storage.Logs.RabbitMq;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Mjolnir.Storage.Cluster;

/// <summary>
/// What workers have consumed of logs, for whoever keeps what is derived of rows (indexers): a transient fanout of its own, so that it touches no log and crowds out no beat. It may lose batches, and says nothing of it:
/// who hears one whose number does not follow reads what lies between from the store. Kept up in the background; thread-safe.
/// </summary>
public sealed class RabbitMqBatchFeed : IAsyncDisposable
{
    private readonly RabbitMqConnections _connections;
    private readonly string _exchange;
    private readonly bool _hears;
    private readonly Action<Exception> _report;
    private readonly Channel<Batch> _outgoing;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _working;
    private ImmutableList<Action<Batch>> _listeners = [];
    private volatile bool _isOpen;
    private long _dropped;

    /// <summary>Joins the feed of a cluster and stays on it until disposed.</summary>
    /// <param name="connections">this process's; not disposed of by the feed</param>
    /// <param name="cluster">the cluster's name</param>
    /// <param name="hears">what others tell is wanted here; else this process only tells</param>
    /// <param name="report">told of each loss of the connection, and of messages that do not decode</param>
    public RabbitMqBatchFeed(RabbitMqConnections connections, string cluster, bool hears, Action<Exception> report)
    {
        (_connections, _exchange, _hears, _report) = (connections, new RabbitMqNames(cluster).Batches, hears, report);
        _outgoing = Channel.CreateBounded<Batch>(
            new BoundedChannelOptions(RabbitMqClientLimits.OutgoingBatches) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true }, _ => Interlocked.Increment(ref _dropped));
        _working = Task.Run(KeepAsync);
    }

    /// <summary>Batches that were not sent because too many waited or the way was broken.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Tells a batch that a worker consumed. Returns at once.</summary>
    public void Tell(Batch batch)
    {
        if (_isOpen)
        {
            _outgoing.Writer.TryWrite(batch);
        }
        else
        {
            Interlocked.Increment(ref _dropped);
        }
    }

    /// <summary>Calls <paramref name="receive"/> for each batch that others told: it must be quick and must not throw. Ends when disposed.</summary>
    public IDisposable Listen(Action<Batch> receive)
    {
        ImmutableInterlocked.Update(ref _listeners, static (all, one) => all.Add(one), receive);
        return new Listening(this, receive);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _working;
        _stop.Dispose();
    }

    private async Task KeepAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            RabbitMqLink? link = null;
            try
            {
                link = await _connections.Feed.OpenAsync(_stop.Token);
                var channel = await OpenAsync(link, _stop.Token);
                _isOpen = true;
                await SendAsync(link, channel);
            }
            catch (Exception exception) when (RabbitMqFaults.IsFault(exception))
            {
                _isOpen = false;
                link?.Abandon($"the feed ended ({exception.Message})");
                Forget();
                if (!_stop.IsCancellationRequested)
                {
                    _report(exception);
                    // Beside the connection's own, longer waits.
                    await Task.Delay(RabbitMqClientLimits.FirstBackOff, _connections.Time, _stop.Token).ToItsEnd();
                }
            }
        }
    }

    private async Task<IChannel> OpenAsync(RabbitMqLink link, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(RabbitMqClientLimits.ControlPatience, _connections.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        var channel = await link.OpenChannelAsync(RabbitMqControl.Unconfirmed, either.Token);
        await channel.ExchangeDeclareAsync(_exchange, ExchangeType.Fanout, durable: false, autoDelete: false, cancellationToken: either.Token);
        if (_hears)
        {
            var bounded = new Dictionary<string, object?> { ["x-max-length-bytes"] = RabbitMqClientLimits.IncomingBatchBytes, ["x-overflow"] = "drop-head" };
            var queue = await channel.QueueDeclareAsync("", durable: false, exclusive: true, autoDelete: true, bounded, cancellationToken: either.Token);
            await channel.QueueBindAsync(queue.QueueName, _exchange, "", cancellationToken: either.Token);
            await channel.BasicConsumeAsync(queue.QueueName, autoAck: true, new Hearing(this, link, channel), either.Token);
        }

        return channel;
    }

    private async Task SendAsync(RabbitMqLink link, IChannel channel)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(link.Ended, _stop.Token);
        while (true)
        {
            var batch = await _outgoing.Reader.ReadAsync(either.Token);
            if (link.IsBlocked)
            {
                Interlocked.Increment(ref _dropped);
            }
            else
            {
                await channel.BasicPublishAsync(_exchange, "", mandatory: false, BatchCodec.Encode(batch), either.Token);
            }
        }
    }

    private void Forget()
    {
        while (_outgoing.Reader.TryRead(out _))
        {
            Interlocked.Increment(ref _dropped);
        }
    }

    private void Receive(ReadOnlyMemory<byte> body)
    {
        try
        {
            // The client takes its buffer back when this returns.
            var batch = BatchCodec.Decode(body.ToArray());
            foreach (var receive in Volatile.Read(ref _listeners))
            {
                receive(batch);
            }
        }
        catch (CorruptDataException exception)
        {
            _report(exception);
        }
    }

    private sealed class Hearing(RabbitMqBatchFeed feed, RabbitMqLink link, IChannel channel) : AsyncDefaultBasicConsumer(channel)
    {
        public override Task HandleBasicDeliverAsync(
            string consumerTag, ulong deliveryTag, bool redelivered, string exchange, string routingKey, IReadOnlyBasicProperties properties, ReadOnlyMemory<byte> body, CancellationToken cancellationToken = default)
        {
            feed.Receive(body);
            return Task.CompletedTask;
        }

        public override Task HandleChannelShutdownAsync(object channel, ShutdownEventArgs reason)
        {
            link.Abandon(reason.ReplyText);
            return base.HandleChannelShutdownAsync(channel, reason);
        }

        protected override Task OnCancelAsync(string[] consumerTags, CancellationToken cancellationToken = default)
        {
            link.Abandon("the broker cancelled the consumer of the feed");
            return base.OnCancelAsync(consumerTags, cancellationToken);
        }
    }

    private sealed class Listening(RabbitMqBatchFeed feed, Action<Batch> receive) : IDisposable
    {
        public void Dispose() => ImmutableInterlocked.Update(ref feed._listeners, static (all, one) => all.Remove(one), receive);
    }
}
