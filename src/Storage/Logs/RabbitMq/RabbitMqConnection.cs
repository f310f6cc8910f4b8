namespace Mjolnir.Storage.Logs.RabbitMq;

/// <summary>
/// A connection for one purpose, opened when it is first used and again, by whoever uses it next, after it broke. Nothing is declared or bound again by that. Tries are spaced by a bounded back-off, however often it is asked for.
/// </summary>
internal sealed class RabbitMqConnection(RabbitMqAddress address, string name, TimeProvider time, Action<string> told) : IAsyncDisposable
{
    private readonly SemaphoreSlim _opening = new(1, 1);
    private RabbitMqLink? _link;
    private int _endpoint = Random.Shared.Next(address.Endpoints.Count);
    private TimeSpan _backOff;
    private bool _isDisposed;

    /// <summary>The broker has said on this connection that an alarm is on.</summary>
    public bool IsBlocked => Volatile.Read(ref _link) is { IsOpen: true, IsBlocked: true };

    /// <summary>The connection as it is, or a new one.</summary>
    /// <exception cref="LogUnavailableException">no endpoint answers, or they refuse: the message says which, why, and what to do</exception>
    public ValueTask<RabbitMqLink> OpenAsync(CancellationToken cancellationToken) =>
        Volatile.Read(ref _link) is { IsOpen: true } link ? new(link) : ReopenAsync(cancellationToken);

    /// <summary>The same, however long it takes until an endpoint answers: for who waits anyway.</summary>
    /// <exception cref="LogUnavailableException">they refuse</exception>
    public async ValueTask<RabbitMqLink> AwaitAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await OpenAsync(cancellationToken);
            }
            catch (LogUnavailableException fault) when (!fault.IsRefusal)
            {
                // The next try waits.
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _opening.WaitAsync();
        try
        {
            _isDisposed = true;
            if (_link is not null)
            {
                await _link.CloseAsync(RabbitMqClientLimits.ConnectPatience);
            }
        }
        finally
        {
            _opening.Release();
        }
    }

    private async ValueTask<RabbitMqLink> ReopenAsync(CancellationToken cancellationToken)
    {
        await _opening.WaitAsync(cancellationToken);
        try
        {
            if (_link is { IsOpen: true } link)
            {
                return link;
            }

            ObjectDisposedException.ThrowIf(_isDisposed, this);
            _link?.Abandon("it is not open");
            await Task.Delay(_backOff, time, cancellationToken);
            _link = await ConnectAsync(cancellationToken);
            _backOff = TimeSpan.Zero;
            return _link;
        }
        finally
        {
            _opening.Release();
        }
    }

    /// <summary>Tries each endpoint once, beginning with the one that worked last; a process begins anywhere, so that a cluster's nodes share the connections.</summary>
    private async Task<RabbitMqLink> ConnectAsync(CancellationToken cancellationToken)
    {
        var failures = new List<((string, int), Exception)>();
        for (var tried = 0; tried < address.Endpoints.Count; tried++)
        {
            var endpoint = address.Endpoints[_endpoint];
            try
            {
                return await ConnectAsync(endpoint, cancellationToken);
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested && RabbitMqFaults.IsFault(exception))
            {
                failures.Add((endpoint, exception));
                if (RabbitMqFaults.IsRefusal(exception))
                {
                    break;
                }

                _endpoint = (_endpoint + 1) % address.Endpoints.Count;
            }
        }

        _backOff = _backOff == TimeSpan.Zero ? RabbitMqClientLimits.FirstBackOff : TimeSpan.FromTicks(Math.Min(_backOff.Ticks * 2, RabbitMqClientLimits.LongestBackOff.Ticks));
        throw new LogUnavailableException(RabbitMqFaults.Explain(address, failures), failures[0].Item2) { IsRefusal = failures.Exists(failure => RabbitMqFaults.IsRefusal(failure.Item2)) };
    }

    private async Task<RabbitMqLink> ConnectAsync((string, int) endpoint, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(RabbitMqClientLimits.ConnectPatience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        var link = new RabbitMqLink(await address.Factory().CreateConnectionAsync([address.Endpoint(endpoint)], name, either.Token), why => told($"the connection to RabbitMQ ({name}) ended: {why}"));
        try
        {
            // The client takes the connection for open before the broker has agreed to the virtual host; a channel is opened only after that.
            await RabbitMqControl.CloseAsync(link, await link.OpenChannelAsync(RabbitMqControl.Unconfirmed, either.Token));
            return link;
        }
        catch
        {
            link.Abandon("it opens no first channel");
            throw;
        }
    }
}
