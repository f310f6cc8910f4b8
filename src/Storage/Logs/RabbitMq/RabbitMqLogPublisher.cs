namespace Mjolnir.Storage.Logs.RabbitMq;

/// <summary>
/// The sending end of one log. A connection that breaks while nothing is under way is replaced, and costs nothing; once the fate of a message is unknown, nothing may follow it, and everything is unknown until the log is sealed.
/// </summary>
internal sealed class RabbitMqLogPublisher : ILogPublisher
{
    private readonly RabbitMqConnections _connections;
    private readonly string _exchange;
    private readonly SemaphoreSlim _reopening = new(1, 1);
    private RabbitMqSender _sender;
    private int _underWay;
    private volatile bool _isUnknown;
    private volatile bool _isDisposed;

    private RabbitMqLogPublisher(RabbitMqConnections connections, string exchange, string log, RabbitMqSender sender) =>
        (_connections, _exchange, Log, _sender) = (connections, exchange, log, sender);

    public string Log { get; }

    public static async ValueTask<RabbitMqLogPublisher> OpenAsync(RabbitMqConnections connections, string exchange, string log, CancellationToken cancellationToken) =>
        new(connections, exchange, log, await RabbitMqSender.OpenAsync(connections, exchange, log, cancellationToken));

    /// <inheritdoc/>
    /// <remarks>A message is not taken back once it is handed over; the token counts before that.</remarks>
    public ValueTask<PublishOutcome> PublishAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        cancellationToken.ThrowIfCancellationRequested();
        if (_isUnknown)
        {
            return new(PublishOutcome.Unknown);
        }

        if (message.Length > RabbitMqClientLimits.MessageBytes)
        {
            // The broker would end the channel: nobody knew then what became of it, the log would be sealed for it, and the next one after that.
            return new(PublishOutcome.Refused);
        }

        var sender = Volatile.Read(ref _sender);
        return sender.IsOpen ? SendAsync(sender, message) : ReopenAndSendAsync(message);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            await _sender.DisposeAsync();
        }
    }

    private async ValueTask<PublishOutcome> SendAsync(RabbitMqSender sender, ReadOnlyMemory<byte> message)
    {
        Interlocked.Increment(ref _underWay);
        try
        {
            var outcome = await sender.SendAsync(message, type: null);
            _isUnknown |= outcome == PublishOutcome.Unknown;
            return outcome;
        }
        finally
        {
            Interlocked.Decrement(ref _underWay);
        }
    }

    private async ValueTask<PublishOutcome> ReopenAndSendAsync(ReadOnlyMemory<byte> message)
    {
        // What is under way on the broken channel will turn out to be unknown.
        if (Volatile.Read(ref _underWay) > 0)
        {
            _isUnknown = true;
            return PublishOutcome.Unknown;
        }

        if (await ReopenAsync() is not { } sender)
        {
            return _isUnknown ? PublishOutcome.Unknown : PublishOutcome.Refused;
        }

        return await SendAsync(sender, message);
    }

    /// <summary>A new channel in place of the broken one; null if none can be had in time.</summary>
    private async ValueTask<RabbitMqSender?> ReopenAsync()
    {
        using var patience = new CancellationTokenSource(RabbitMqClientLimits.ReopenPatience, _connections.Time);
        try
        {
            await _reopening.WaitAsync(patience.Token);
            try
            {
                if (!_sender.IsOpen && !_isUnknown)
                {
                    var broken = _sender;
                    _sender = await RabbitMqSender.OpenAsync(_connections, _exchange, Log, patience.Token);
                    await broken.DisposeAsync();
                }

                return _isUnknown ? null : _sender;
            }
            finally
            {
                _reopening.Release();
            }
        }
        catch (Exception exception) when (RabbitMqFaults.IsFault(exception))
        {
            return null;
        }
    }
}
