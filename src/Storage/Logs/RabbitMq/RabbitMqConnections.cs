namespace Mjolnir.Storage.Logs.RabbitMq;

/// <summary>
/// What one process has open at RabbitMQ: four connections, each opened when it is first needed. One sends to logs: an alarm at the broker stops everything on a connection that sends, so consumers and control
/// must not be on it, and a slow consumer cannot hold up a batch. One receives, declares and seals. One is the cluster bus, one the feed of indexers.
/// </summary>
public sealed class RabbitMqConnections : IAsyncDisposable
{
    /// <summary>Prepares the connections; opens none.</summary>
    /// <param name="address">where RabbitMQ is</param>
    /// <param name="process">this process's name, shown by the broker's tools (<c>app s1</c>)</param>
    /// <param name="time">the clock of back-offs and time limits</param>
    public RabbitMqConnections(RabbitMqAddress address, string process, TimeProvider time)
    {
        Time = time;
        Sending = new(address, $"mjolnir {process}: sends to logs", time, what => Troubled?.Invoke(what));
        Receiving = new(address, $"mjolnir {process}: receives from logs", time, what => Troubled?.Invoke(what));
        Bus = new(address, $"mjolnir {process}: bus", time, what => Troubled?.Invoke(what));
        Feed = new(address, $"mjolnir {process}: feed of indexers", time, what => Troubled?.Invoke(what));
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

    /// <summary>Closes the connections.</summary>
    public async ValueTask DisposeAsync()
    {
        await Sending.DisposeAsync();
        await Receiving.DisposeAsync();
        await Bus.DisposeAsync();
        await Feed.DisposeAsync();
    }
}
