using System.Collections.Concurrent;
using Mjolnir.Storage.Logs;
using Mjolnir.Storage.Logs.RabbitMq;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Mjolnir.Storage.Cluster;

/// <summary>Leadership by an exclusive queue: it belongs to one connection, and is gone with it.</summary>
public sealed class RabbitMqLeadership : ILeadership
{
    private readonly RabbitMqConnections _connections;
    private readonly RabbitMqNames _names;
    private readonly ConcurrentDictionary<string, Lease> _leases = new();
    private readonly SemaphoreSlim _asking = new(1, 1);

    /// <summary>The tasks of one cluster.</summary>
    /// <param name="connections">this process's; not disposed of by this</param>
    /// <param name="cluster">the cluster's name: letters, digits, <c>-</c></param>
    public RabbitMqLeadership(RabbitMqConnections connections, string cluster) => (_connections, _names) = (connections, new(cluster));

    /// <inheritdoc/>
    public async ValueTask<ILeaderLease?> TryLeadAsync(string task, CancellationToken cancellationToken)
    {
        await _asking.WaitAsync(cancellationToken);
        try
        {
            return await IsLedAsync(task, cancellationToken)
                ? null
                : await RabbitMqControl.RunAsync(_connections.Receiving, $"leading the task {task}", (link, channel, patience) => LeadAsync(link, channel, task, patience), _connections.Time, cancellationToken);
        }
        catch (LogUnavailableException)
        {
            // Nobody can be asked: then nobody is leader, and whoever wants to be asks again.
            return null;
        }
        finally
        {
            _asking.Release();
        }
    }

    /// <summary>
    /// Whether somebody has the queue, asked by a message that must find one and is worth nothing there: who does not lead asks for ever, and a broker writes each refused declaration into its log as an error.
    /// False while it takes no messages: then the declaration tells. Sent over the bus, because control must not be on a connection that sends.
    /// </summary>
    private async ValueTask<bool> IsLedAsync(string task, CancellationToken cancellationToken) =>
        !_connections.IsBlocked && await RabbitMqControl.RunAsync(
            _connections.Bus, RabbitMqControl.Confirmed, $"asking who leads the task {task}", (_, channel, patience) => FindsQueueAsync(channel, _names.Leader(task), patience), _connections.Time, cancellationToken);

    private static async Task<bool> FindsQueueAsync(IChannel channel, string queue, CancellationToken cancellationToken)
    {
        try
        {
            await channel.BasicPublishAsync("", queue, mandatory: true, new BasicProperties { Expiration = "0" }, ReadOnlyMemory<byte>.Empty, cancellationToken);
            return true;
        }
        catch (PublishException exception) when (exception.IsReturn)
        {
            return false;
        }
    }

    private async Task<ILeaderLease?> LeadAsync(RabbitMqLink link, IChannel channel, string task, CancellationToken cancellationToken)
    {
        // The broker would give the queue to the same connection twice.
        if (_leases.TryGetValue(task, out var held) && !held.Lost.IsCancellationRequested)
        {
            return null;
        }

        try
        {
            await channel.QueueDeclareAsync(_names.Leader(task), durable: false, exclusive: true, autoDelete: false, cancellationToken: cancellationToken);
        }
        catch (OperationInterruptedException exception) when (RabbitMqFaults.IsLocked(exception))
        {
            return null;
        }

        var lease = new Lease(this, task, link);
        _leases[task] = lease;
        return lease;
    }

    private async ValueTask ResignAsync(Lease lease)
    {
        _leases.TryRemove(new(lease.Task, lease));
        if (!lease.Link.IsOpen)
        {
            return;
        }

        try
        {
            await RabbitMqControl.RunAsync(
                _connections.Receiving, $"resigning from the task {lease.Task}", (_, channel, patience) => channel.QueueDeleteAsync(_names.Leader(lease.Task), cancellationToken: patience), _connections.Time, CancellationToken.None);
        }
        catch (LogUnavailableException)
        {
            // The queue belongs to this connection: given up, it is gone.
            lease.Link.Abandon($"resigning from the task {lease.Task} failed");
        }
    }

    private sealed class Lease(RabbitMqLeadership leadership, string task, RabbitMqLink link) : ILeaderLease
    {
        private int _isDisposed;

        public string Task => task;

        public RabbitMqLink Link => link;

        public CancellationToken Lost => link.Ended;

        public ValueTask DisposeAsync() => Interlocked.Exchange(ref _isDisposed, 1) == 0 ? leadership.ResignAsync(this) : ValueTask.CompletedTask;
    }
}
