using RabbitMQ.Client;

namespace Mjolnir.Storage.Logs.RabbitMq;

/// <summary>One AMQP connection while it lives.</summary>
internal sealed class RabbitMqLink
{
    private readonly CancellationTokenSource _ended = new();
    private readonly IConnection _connection;
    private readonly Action<string> _told;
    private int _isAbandoned;
    private volatile bool _isBlocked;

    /// <param name="connection">the connection, open</param>
    /// <param name="told">told why it ended, unless it was closed in order</param>
    public RabbitMqLink(IConnection connection, Action<string> told)
    {
        (_connection, _told) = (connection, told);
        Ended = _ended.Token;
        connection.ConnectionBlockedAsync += (_, _) => Block(true);
        connection.ConnectionUnblockedAsync += (_, _) => Block(false);
        connection.ConnectionShutdownAsync += (_, reason) =>
        {
            if (Volatile.Read(ref _isAbandoned) == 0)
            {
                told(reason.ReplyText);
            }

            return _ended.CancelAsync();
        };
    }

    /// <summary>Cancelled when the connection ends.</summary>
    public CancellationToken Ended { get; }

    public bool IsOpen => _connection.IsOpen;

    /// <summary>An alarm (memory, disk) is on at the broker: what is sent now is not read.</summary>
    public bool IsBlocked => _isBlocked;

    /// <summary>Called when the alarm is over.</summary>
    public Action? Unblocked { get; set; }

    /// <summary>The broker is RabbitMQ of this version or newer.</summary>
    public bool IsAtLeast(int major) =>
        _connection.ServerProperties?.TryGetValue("version", out var version) == true && version is byte[] text
        && int.TryParse(System.Text.Encoding.UTF8.GetString(text).Split('.')[0], out var has) && has >= major;

    public Task<IChannel> OpenChannelAsync(CreateChannelOptions options, CancellationToken cancellationToken) => _connection.CreateChannelAsync(options, cancellationToken);

    /// <summary>Gives the connection up: it failed, or the other end does not answer. Returns at once.</summary>
    /// <param name="why">for people: what failed</param>
    public void Abandon(string why)
    {
        if (Volatile.Read(ref _isAbandoned) == 0 && _connection.IsOpen)
        {
            _told($"given up: {why}");
        }

        _ = CloseAsync(TimeSpan.Zero);
    }

    /// <summary>Closes the connection, in order if the other end answers in time.</summary>
    public async Task CloseAsync(TimeSpan patience)
    {
        if (Interlocked.Exchange(ref _isAbandoned, 1) != 0)
        {
            return;
        }

        try
        {
            await _ended.CancelAsync();
            await _connection.AbortAsync(patience);
            await _connection.DisposeAsync();
        }
        catch (Exception exception) when (RabbitMqFaults.IsFault(exception))
        {
            // It is given up because it does not work: how it fails to close tells nothing new.
        }
    }

    private Task Block(bool isBlocked)
    {
        _isBlocked = isBlocked;
        if (!isBlocked)
        {
            Unblocked?.Invoke();
        }

        return Task.CompletedTask;
    }
}
