using System.Collections.Concurrent;

namespace Mjolnir.Storage.Logs.RabbitMq;

/// <summary>
/// What one process has open at RabbitMQ: four connections, each opened when it is first needed. One sends to logs: an alarm at the broker stops everything on a connection that sends, so consumers and control
/// must not be on it, and a slow consumer cannot hold up a batch. One receives, declares and seals. One is the cluster bus, one the feed of indexers. Besides, a log whose queue did not answer its consumer
/// has one of its own: what it does to a connection shall not be done to the consumers of others.
/// </summary>
public sealed class RabbitMqConnections : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, RabbitMqConnection> _apart = new(StringComparer.Ordinal);
    private readonly RabbitMqAddress _address;
    private readonly string _process;

    /// <summary>Prepares the connections; opens none.</summary>
    /// <param name="address">where RabbitMQ is</param>
    /// <param name="process">this process's name, shown by the broker's tools (<c>app s1</c>)</param>
    /// <param name="time">the clock of back-offs and time limits</param>
    public RabbitMqConnections(RabbitMqAddress address, string process, TimeProvider time)
    {
        (_address, _process, Time) = (address, process, time);
        Sending = For("sends to logs");
        Receiving = For("receives from logs");
        Bus = For("bus");
        Feed = For("feed of indexers");
    }

    /// <summary>Told why a connection ended that nobody has closed in order.</summary>
    public event Action<string>? Troubled;

    internal TimeProvider Time { get; }

    /// <summary>An alarm (memory, disk) is on: what is sent to a log now is not read. A connection hears of it only by sending; the bus sends twice a second, so an idle server knows before its next batch.</summary>
    internal bool IsBlocked => Sending.IsBlocked || Bus.IsBlocked;

    internal RabbitMqConnection Sending { get; }

    internal RabbitMqConnection Receiving { get; }

    internal RabbitMqConnection Bus { get; }

    internal RabbitMqConnection Feed { get; }

    /// <summary>Proves at a process's start that RabbitMQ is there and lets it in.</summary>
    /// <exception cref="LogUnavailableException">it is not: the message says where, why, and what to do</exception>
    public async ValueTask CheckAsync(CancellationToken cancellationToken) => await Receiving.OpenAsync(cancellationToken);

    /// <summary>Opens the connection by which logs are sent to, beside other work of a start: the first message shall not wait for it.</summary>
    public async Task PrepareToSendAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Sending.OpenAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is LogUnavailableException or OperationCanceledException)
        {
            // Whoever sends first opens it, and hears what is wrong.
        }
    }

    /// <summary>Where a log is consumed.</summary>
    internal RabbitMqConnection ReceivingOf(string log) => _apart.GetValueOrDefault(log, Receiving);

    /// <summary>From now on a log is consumed on a connection of its own.</summary>
    internal void SetApart(string log) => _apart.GetOrAdd(log, static (log, all) => all.For($"receives from log {log}"), this);

    /// <summary>The log is no longer consumed, or is gone: its own connection, if it has one, is closed.</summary>
    internal ValueTask JoinAsync(string log) => _apart.TryRemove(log, out var own) ? own.DisposeAsync() : ValueTask.CompletedTask;

    /// <summary>Closes the connections.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var log in _apart.Keys)
        {
            await JoinAsync(log);
        }

        await Sending.DisposeAsync();
        await Receiving.DisposeAsync();
        await Bus.DisposeAsync();
        await Feed.DisposeAsync();
    }

    private RabbitMqConnection For(string purpose) => new(_address, $"mjolnir {_process}: {purpose}", Time, what => Troubled?.Invoke(what));
}
