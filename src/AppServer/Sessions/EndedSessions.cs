using System.Collections.Concurrent;
using System.Threading.Channels;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Core.Keys;

namespace Mjolnir.AppServer.Sessions;

/// <summary>
/// What all servers know of sessions that were signed out: rows, written and read as transactions. A sign-out that was answered is durable and holds at once on the server that answered and on every server that meets
/// the cookie for the first time, after a restart too. Others hear the news of the changed row within milliseconds, and would they be lost, look within a minute. News are followed up by a task of their own, because they come on the lane's thread.
/// </summary>
internal sealed class EndedSessions : IAsyncDisposable
{
    private readonly string _app;
    private readonly string _prefix;
    private readonly ITransactionRouter _router;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, bool> _changed = new(StringComparer.Ordinal);
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _pump;
    private long _news;

    public EndedSessions(string app, ITransactionRouter router, TimeProvider time)
    {
        (_app, _router, _time) = (app, router, time);
        _prefix = $"{app}/{SignedOut.Table}/";
        _pump = Task.Run(PumpAsync);
    }

    /// <summary>Raised with a user and what is known of the user's ended sessions, when it has changed.</summary>
    public event Action<string, SignedOut>? Changed;

    /// <summary>Rises with every change of any such row: an answer that was asked for before a rise may be old.</summary>
    public long News => Volatile.Read(ref _news);

    /// <summary>Takes the news of changed rows, on the lane's thread.</summary>
    public void OnChanged(IReadOnlyList<RowKey> keys)
    {
        for (var i = 0; i < keys.Count; i++)
        {
            if (keys[i].Text.StartsWith(_prefix, StringComparison.Ordinal))
            {
                Interlocked.Increment(ref _news);
                _changed[keys[i].PrimaryKey] = true;
                _wake.Writer.TryWrite(true);
            }
        }
    }

    /// <summary>Current and durable.</summary>
    /// <exception cref="TimeoutException">it cannot be read at the moment</exception>
    public async ValueTask<SignedOut> ReadAsync(string user, CancellationToken cancellationToken) =>
        TryKey(user, out var key) ? SignedOut.Read(await _router.Beside(key).ReadAsync(key, cancellationToken)) : SignedOut.None;

    /// <summary>Ends a session for good; false: it cannot be written at the moment, and may or may not be ended.</summary>
    public async ValueTask<bool> EndAsync(Session session, long now, CancellationToken cancellationToken)
    {
        if (!TryKey(session.User, out var key))
        {
            return false;
        }

        var after = SignedOut.None;
        var status = await _router.Beside(key).RunBuiltInAsync(
            (rows, writes) =>
            {
                if (!rows.TryRead(key, out var row))
                {
                    return false;
                }

                after = SignedOut.Read(row).With(session.Id, now);
                writes.Add(new(key, after.ToRow()));
                return true;
            },
            cancellationToken);
        if (status != TransactionStatus.Committed)
        {
            return false;
        }

        Changed?.Invoke(session.User, after);
        return true;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _wake.Writer.TryComplete();
        await _pump;
        _stop.Dispose();
    }

    private bool TryKey(string user, out RowKey key) => RowKey.TryCreate(_app, SignedOut.Table, user, out key);

    private async Task PumpAsync()
    {
        try
        {
            while (await _wake.Reader.WaitToReadAsync(_stop.Token))
            {
                _wake.Reader.TryRead(out _);
                foreach (var user in _changed.Keys)
                {
                    _changed.TryRemove(user, out _);
                    await TellAsync(user);
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The server stops.
        }
    }

    /// <summary>What stays unreadable for long is found out when the session is used next.</summary>
    private async Task TellAsync(string user)
    {
        for (var tries = 0; tries < AppServerLimits.EndedSessionTries; tries++)
        {
            try
            {
                Changed?.Invoke(user, await ReadAsync(user, _stop.Token));
                return;
            }
            catch (TimeoutException)
            {
                await Task.Delay(AppServerLimits.EndedSessionRetry, _time, _stop.Token);
            }
        }
    }
}
