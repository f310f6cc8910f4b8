using System.Text;
using Mjolnir.Core;
using Mjolnir.Storage.Shards;

namespace Mjolnir.WriteBehind.Views;

/// <summary>Asks one shard for its label, over a connection of its own, and remembers the answer.</summary>
/// <param name="connection">the connection; disposed of with the probe</param>
/// <param name="time">the clock</param>
/// <param name="limits">the keeper's limits</param>
/// <param name="answered">called after each probe</param>
internal sealed class ShardProbe(IShardConnection connection, TimeProvider time, KeeperLimits limits, Action answered) : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private Task _asking = Task.CompletedTask;
    private long _askedAt;
    private bool _wasAsked;
    private bool _isWanted;
    private bool _isReachable;
    private string? _label;
    private bool _knowsLabel;
    private int _openings;
    private long? _silentSince;

    /// <summary>The connection, for who opens the shard.</summary>
    public IShardConnection Connection => connection;

    /// <summary>True if the last probe was answered.</summary>
    public bool IsReachable
    {
        get
        {
            lock (_lock)
            {
                return _isReachable;
            }
        }
    }

    /// <summary>False until the first probe was answered, or not answered in time: nothing is known of the shard yet.</summary>
    public bool IsKnown
    {
        get
        {
            lock (_lock)
            {
                return _isReachable || _silentSince is not null;
            }
        }
    }

    /// <summary>True if the shard was not reached for longer than the limit.</summary>
    public bool IsGone
    {
        get
        {
            lock (_lock)
            {
                return _silentSince is { } since && time.GetElapsedTime(since) >= limits.GoneAfter;
            }
        }
    }

    /// <summary>True if the shard answered the last probe with another label, or without one.</summary>
    public bool BearsNot(string label)
    {
        lock (_lock)
        {
            return _isReachable && _knowsLabel && _label != label;
        }
    }

    /// <summary>True if the shard is known to bear this label.</summary>
    public bool Bears(string label)
    {
        lock (_lock)
        {
            return _isReachable && _knowsLabel && _label == label;
        }
    }

    /// <summary>The next probe does not wait for its time.</summary>
    public void Hurry() => _isWanted = true;

    /// <summary>The shard may have been opened by somebody else: what it answered before does not count.</summary>
    public void Forget()
    {
        lock (_lock)
        {
            _knowsLabel = false;
            _openings++;
        }
    }

    /// <summary>The shard was just opened and bears this label: what is answered to a question of before does not count.</summary>
    public void Opened(string label)
    {
        lock (_lock)
        {
            (_label, _knowsLabel) = (label, true);
            _openings++;
        }
    }

    /// <summary>Asks if it is time to, and the last question has ended.</summary>
    public void Ask(CancellationToken cancellationToken)
    {
        if (_asking.IsCompleted && (_isWanted || !_wasAsked || time.GetElapsedTime(_askedAt) >= (IsReachable ? limits.Beat : limits.ProbeAgain)))
        {
            (_isWanted, _wasAsked, _askedAt) = (false, true, time.GetTimestamp());
            _asking = AskAsync(cancellationToken);
        }
    }

    private int Openings
    {
        get
        {
            lock (_lock)
            {
                return _openings;
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await connection.DisposeAsync();
        await _asking.ToItsEnd();
    }

    private async Task AskAsync(CancellationToken cancellationToken)
    {
        var (askedAt, openings) = (_askedAt, Openings);
        var label = new ShardOperation { Verb = ShardVerb.Get, CacheKey = IShardConnection.LabelKey };
        var asking = connection.RunAsync([label], cancellationToken).AsTask();
        try
        {
            await asking.WaitAsync(limits.ProbePatience, time, cancellationToken);
            var isReachable = label.Status is ShardStatus.Hit or ShardStatus.Miss;
            Take(askedAt, openings, isReachable, label.Status == ShardStatus.Hit ? Encoding.UTF8.GetString(label.Value.Span) : null);
        }
        catch (TimeoutException)
        {
            // The next question waits until this one has ended, so that they do not pile up on a shard that stands still.
            Take(askedAt, openings, false, null);
            answered();
            await asking;
        }

        answered();
    }

    private void Take(long askedAt, int openings, bool isReachable, string? label)
    {
        lock (_lock)
        {
            _isReachable = isReachable;
            if (isReachable && openings == _openings)
            {
                (_label, _knowsLabel) = (label, true);
            }

            _silentSince = isReachable ? null : _silentSince ?? askedAt;
        }
    }
}
