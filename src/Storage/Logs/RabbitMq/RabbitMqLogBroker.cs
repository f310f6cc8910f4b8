using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Mjolnir.Storage.Logs.RabbitMq;

/// <summary>
/// The commit logs of the classic stack: each a durable quorum queue with a single active consumer, bound by its name to the cluster's direct exchange (docs/design/rabbitmq.md). Nothing is ever declared or bound again (V11).
/// </summary>
public sealed class RabbitMqLogBroker : ILogBroker
{
    private readonly RabbitMqConnections _connections;
    private readonly RabbitMqNames _names;

    /// <summary>The logs of one cluster.</summary>
    /// <param name="connections">this process's; not disposed of by the broker</param>
    /// <param name="cluster">the cluster's name: letters, digits, <c>-</c></param>
    public RabbitMqLogBroker(RabbitMqConnections connections, string cluster) => (_connections, _names) = (connections, new(cluster));

    /// <summary>How long a new log is left alone; less only where no broker is killed.</summary>
    internal TimeSpan SettlingTime { get; init; } = RabbitMqClientLimits.SettlingTime;

    /// <inheritdoc/>
    /// <remarks>Takes <see cref="RabbitMqClientLimits.SettlingTime"/> longer than it must: only then is the log safe from a broker that is killed.</remarks>
    /// <exception cref="InvalidOperationException">there is a log of this name: take another</exception>
    /// <exception cref="LogUnavailableException">it is not known whether the log was made; whoever asks again may find it existing, and must take another name</exception>
    public async ValueTask DeclareAsync(string log, CancellationToken cancellationToken)
    {
        RabbitMqLink? declaring = null;
        if (!await RunAsync($"declaring the log {log}", DeclareOnceAsync, cancellationToken))
        {
            throw new InvalidOperationException($"There is a log {log} already.");
        }

        await Task.Delay(SettlingTime, _connections.Time, cancellationToken);
        if (declaring!.Ended.IsCancellationRequested)
        {
            throw new LogUnavailableException($"RabbitMQ was away while the log {log} was young: it may be broken.");
        }

        // The lock belongs to the connection. If that breaks, nothing that was sent over it and was not done yet is done any more: so no bind can come late, after somebody else declared, used and sealed the log.
        async Task<bool> DeclareOnceAsync(RabbitMqLink link, IChannel channel, CancellationToken patience)
        {
            declaring = link;
            await channel.QueueDeclareAsync(_names.Declaring(log), durable: false, exclusive: true, autoDelete: true, cancellationToken: patience);
            var isNew = !await ExistsAsync(link, log, patience);
            if (isNew)
            {
                await channel.ExchangeDeclareAsync(_names.Logs, ExchangeType.Direct, durable: true, cancellationToken: patience);
                await channel.QueueDeclareAsync(_names.Log(log), durable: true, exclusive: false, autoDelete: false, Arguments(link), cancellationToken: patience);
                await channel.QueueBindAsync(_names.Log(log), _names.Logs, log, cancellationToken: patience);
            }

            await channel.QueueDeleteAsync(_names.Declaring(log), cancellationToken: patience);
            return isNew;
        }
    }

    /// <inheritdoc/>
    /// <exception cref="UnknownLogException">there is no such log</exception>
    /// <exception cref="LogUnavailableException">the broker does not answer</exception>
    public async ValueTask<ILogPublisher> OpenPublisherAsync(string log, CancellationToken cancellationToken)
    {
        if (!await ExistsAsync(log, cancellationToken))
        {
            throw new UnknownLogException(log);
        }

        return await RabbitMqLogPublisher.OpenAsync(_connections, _names.Logs, log, cancellationToken);
    }

    /// <inheritdoc/>
    /// <remarks>
    /// The broker does not say when a consumer becomes the active one; its first delivery does. So this returns when the log has a message that is not acknowledged, which every log gets: a marker of its view first, a seal last.
    /// A broker that is away is waited for too.
    /// </remarks>
    /// <exception cref="UnknownLogException">there is no such log</exception>
    /// <exception cref="LogUnavailableException">the queue does not answer, or the connection ended, or the log was deleted, while this waited</exception>
    public async ValueTask<ILogConsumer> OpenConsumerAsync(string log, CancellationToken cancellationToken) =>
        await RabbitMqLogConsumer.OpenAsync(_connections, _names.Log(log), log, cancellationToken);

    /// <inheritdoc/>
    /// <exception cref="LogUnavailableException">the broker does not answer: the log may be unbound or not</exception>
    public async ValueTask UnbindAsync(string log, CancellationToken cancellationToken) => await RunAsync(
        $"unbinding the log {log}",
        async (_, channel, patience) =>
        {
            try
            {
                await channel.QueueUnbindAsync(_names.Log(log), _names.Logs, log, cancellationToken: patience);
            }
            catch (OperationInterruptedException exception) when (RabbitMqFaults.IsMissing(exception))
            {
                return false;
            }

            return true;
        },
        cancellationToken);

    /// <inheritdoc/>
    /// <exception cref="UnknownLogException">there is no such log</exception>
    /// <exception cref="LogUnavailableException">it is not known whether the marker is in the log: send it again, a second one does no harm</exception>
    public async ValueTask SendSealMarkerAsync(string log, CancellationToken cancellationToken)
    {
        // Straight to the queue, by the default exchange: the log is unbound.
        await using var sender = await RabbitMqSender.OpenAsync(_connections, exchange: "", _names.Log(log), cancellationToken);
        var outcome = await sender.SendAsync(ReadOnlyMemory<byte>.Empty, RabbitMqNames.SealType);
        switch (outcome)
        {
            case PublishOutcome.Confirmed:
                return;
            case PublishOutcome.Unroutable:
                throw new UnknownLogException(log);
            default:
                throw new LogUnavailableException($"RabbitMQ did not confirm the seal marker of the log {log} ({outcome}).");
        }
    }

    /// <inheritdoc/>
    /// <exception cref="LogUnavailableException">the broker does not answer: the log may be deleted or not</exception>
    public async ValueTask DeleteAsync(string log, CancellationToken cancellationToken) => await RunAsync(
        $"deleting the log {log}",
        async (_, channel, patience) => await channel.QueueDeleteAsync(_names.Log(log), cancellationToken: patience),
        cancellationToken);

    /// <inheritdoc/>
    /// <remarks>Only registered logs are found. One that exists but cannot be reached is no missing one: that is a fault.</remarks>
    /// <exception cref="LogUnavailableException">the broker does not answer, or cannot tell</exception>
    public async ValueTask<IReadOnlyList<string>> ListAsync(IReadOnlyCollection<string> registered, CancellationToken cancellationToken)
    {
        var found = new List<string>();
        foreach (var log in registered)
        {
            if (await ExistsAsync(log, cancellationToken))
            {
                found.Add(log);
            }
        }

        return found;
    }

    private async ValueTask<bool> ExistsAsync(string log, CancellationToken cancellationToken) =>
        await RunAsync($"looking for the log {log}", (link, _, patience) => ExistsAsync(link, log, patience), cancellationToken);

    private async Task<bool> ExistsAsync(RabbitMqLink link, string log, CancellationToken cancellationToken)
    {
        // A channel of its own: the broker closes it when there is no such queue.
        var channel = await link.OpenChannelAsync(RabbitMqControl.Unconfirmed, cancellationToken);
        try
        {
            await channel.QueueDeclarePassiveAsync(_names.Log(log), cancellationToken);
            return true;
        }
        catch (OperationInterruptedException exception) when (RabbitMqFaults.IsMissing(exception))
        {
            return false;
        }
        finally
        {
            await RabbitMqControl.CloseAsync(link, channel);
        }
    }

    private static Dictionary<string, object?> Arguments(RabbitMqLink link)
    {
        var arguments = new Dictionary<string, object?> { ["x-queue-type"] = "quorum", ["x-single-active-consumer"] = true };
        if (link.IsAtLeast(4))
        {
            // From version 4 on the broker drops what was delivered twenty times, unless told not to. Older ones have no limit, and do not know this value.
            arguments["x-delivery-limit"] = -1;
        }

        return arguments;
    }

    private Task<T> RunAsync<T>(string what, Func<RabbitMqLink, IChannel, CancellationToken, Task<T>> operation, CancellationToken cancellationToken) =>
        RabbitMqControl.RunAsync(_connections.Receiving, what, operation, _connections.Time, cancellationToken);
}
