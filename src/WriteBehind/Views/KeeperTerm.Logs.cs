using Mjolnir.Storage.Cluster;
using Mjolnir.Storage.Feeds;
using Mjolnir.Storage.Manifests;

namespace Mjolnir.WriteBehind.Views;

/// <summary>The logs: which are live, which are to be sealed, and whether a queue was lost.</summary>
internal sealed partial class KeeperTerm
{
    private readonly Dictionary<string, Sealing> _seals = new(StringComparer.Ordinal);
    private readonly HashSet<string> _heardLogs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _missed = new(StringComparer.Ordinal);
    private readonly HashSet<string> _lost = new(StringComparer.Ordinal);
    private (IReadOnlyList<string> Asked, Task<IReadOnlyList<string>> Found)? _queueLook;
    private long? _logsLookedAt;
    private long? _storeLookedAt;
    private volatile bool _isStoreNews;
    private long? _queuesLookedAt;
    private bool _isLossNew;

    /// <summary>A log that is being sealed.</summary>
    /// <param name="IsKnownDead">nobody has to be waited for</param>
    /// <param name="StartedAt">when its marker was last ordered</param>
    /// <param name="Closing">ends when the marker is sent</param>
    private sealed record Sealing(bool IsKnownDead, long StartedAt, Task Closing);

    private void HearLogs(ServerBeat beat)
    {
        if (beat.Log.Length > 0 && _book.Known(beat.Log) is null)
        {
            _heardLogs.Add(beat.Log);
        }

        if (beat.DeadLogs.Any(log => _book.Known(log) is null))
        {
            _logsLookedAt = null;
        }
    }

    private void HearStored(WorkerBeat beat)
    {
        if (beat.Logs.Any(worked => _book.Known(worked.Log) is { IsEnded: false } known && known.LastBatch < worked.Stored))
        {
            _isStoreNews = true;
        }
    }

    private async ValueTask LookAtLogsAsync(CancellationToken cancellationToken)
    {
        if (IsDue(_logsLookedAt, _limits.RegistryLook))
        {
            await LookAtAllLogsAsync(cancellationToken);
        }
        else if (Awaited() is { Count: > 0 } awaited && (_isStoreNews || IsDue(_storeLookedAt, _limits.StoreLook)))
        {
            _isStoreNews = false;
            await _book.LookAsync(awaited, cancellationToken);
            _storeLookedAt = _time.GetTimestamp();
        }
    }

    private async ValueTask LookAtAllLogsAsync(CancellationToken cancellationToken)
    {
        await _book.LookAsync(cancellationToken);
        _logsLookedAt = _storeLookedAt = _time.GetTimestamp();
        foreach (var log in _book.Open)
        {
            _picture.Know(log);
        }

        NoteGoneServers();
    }

    /// <summary>The logs of which somebody waits for news from the store.</summary>
    private List<string> Awaited() =>
        [.. _seals.Keys.Concat(_opening?.Logs ?? []).Distinct().Where(log => _book.Known(log) is { IsEnded: false })];

    /// <summary>Seals logs that nobody claims, those of servers that do not cross, and after the loss of a queue every log that was live; tells who is sealed.</summary>
    private async ValueTask SealAsync(CancellationToken cancellationToken)
    {
        await TellSealedAsync(cancellationToken);
        _heardLogs.RemoveWhere(log => _book.Known(log) is not null);
        var due = _picture.Unclaimed(_book.Open.Concat(_heardLogs)).ToList();
        if (_latest is not null && _opening is not null)
        {
            due.AddRange(_picture.NotCrossed(_latest.Number, _latestMadeAt));
        }

        if (_lost.Count > 0 && !_isLossNew)
        {
            due.AddRange((_opening?.Logs ?? []).Where(log => !_lost.Contains(log)).Select(log => new LogToSeal(log, false)));
        }

        var unknown = due.Select(log => log.Log).Where(log => _book.Known(log) is null).Distinct().ToArray();
        if (unknown.Length > 0)
        {
            await _book.LookAsync(unknown, cancellationToken);
        }

        foreach (var log in due.Where(log => _book.Known(log.Log) is { IsEnded: false }))
        {
            Seal(log, cancellationToken);
        }
    }

    private void Seal(LogToSeal log, CancellationToken cancellationToken)
    {
        if (_seals.TryGetValue(log.Log, out var sealing) && (sealing.IsKnownDead || !log.IsKnownDead) && !IsDue(sealing.StartedAt, _limits.SealAgain))
        {
            return;
        }

        if (sealing is null)
        {
            Report($"seals log {log.Log}{(log.IsKnownDead ? ", whose process is dead" : "")}");
        }

        _seals[log.Log] = new Sealing(log.IsKnownDead, _time.GetTimestamp(), CloseAsync(log, cancellationToken));
    }

    /// <summary>However often the broker does not answer, until the log is sealed by whomever, or the term ends.</summary>
    private async Task CloseAsync(LogToSeal log, CancellationToken cancellationToken)
    {
        var sealer = new LogSealer(_options.Broker, _options.Store, _time, _options.StoreLimits);
        for (var startedAt = _time.GetTimestamp(); _time.GetElapsedTime(startedAt) < _limits.SealAgain;)
        {
            try
            {
                await sealer.CloseAsync(log.Log, log.IsKnownDead, cancellationToken);
                break;
            }
            catch (Exception fault) when (PassingFault.Is(fault))
            {
                await Task.Delay(_limits.BackOff, _time, cancellationToken);
            }
        }

        _isStoreNews = true;
        News();
    }

    private async ValueTask TellSealedAsync(CancellationToken cancellationToken)
    {
        foreach (var (log, sealing) in _seals.ToArray())
        {
            if (sealing.Closing.IsFaulted)
            {
                await sealing.Closing;
            }

            if (_book.Known(log) is { IsEnded: true })
            {
                await TellSealedAsync(log, cancellationToken);
                _seals.Remove(log);
            }
        }
    }

    private async ValueTask TellSealedAsync(string log, CancellationToken cancellationToken)
    {
        if (await new LogManifest(_options.Store).SealedWatermarkAsync(log, cancellationToken) is { } watermark)
        {
            Report($"log {log} is sealed at batch {watermark}");
            _options.Bus.Announce(new CommitNotice(log, watermark, [], Sealed: true));
        }
    }

    /// <summary>Asks the broker whether the live logs still have their queues. A queue that is missed some looks in a row, and whose log has no end in the store, is lost.</summary>
    private async ValueTask LookAtQueuesAsync(CancellationToken cancellationToken)
    {
        if (_queueLook is { Found.IsCompleted: true } look)
        {
            _queueLook = null;
            if (look.Found.IsCompletedSuccessfully)
            {
                await TakeQueuesAsync(look.Asked, await look.Found, cancellationToken);
            }
            else if (look.Found.Exception?.InnerException is { } fault && !PassingFault.Is(fault))
            {
                await look.Found;
            }
        }

        // Also those that only a beat has told of: the next look at the registry may be half a minute away.
        if (_queueLook is null && IsDue(_queuesLookedAt, _limits.QueueLook) && _book.Open.Union(_heardLogs).ToArray() is { Length: > 0 } live)
        {
            _queuesLookedAt = _time.GetTimestamp();
            _queueLook = (live, _options.Broker.ListAsync(live, cancellationToken).AsTask());
        }
    }

    private async ValueTask TakeQueuesAsync(IReadOnlyList<string> asked, IReadOnlyList<string> found, CancellationToken cancellationToken)
    {
        var missing = asked.Except(found, StringComparer.Ordinal).ToArray();
        foreach (var log in _missed.Keys.Except(missing).ToArray())
        {
            _missed.Remove(log);
        }

        foreach (var log in missing.Where(log => !_lost.Contains(log)))
        {
            _missed[log] = _missed.GetValueOrDefault(log) + 1;
            if (_missed[log] >= _limits.QueueLossLooks)
            {
                await TakeLostAsync(log, cancellationToken);
            }
        }
    }

    private async ValueTask TakeLostAsync(string log, CancellationToken cancellationToken)
    {
        // A queue is deleted only when its seal is stored: looked at behind the broker, the store tells the difference.
        await _book.LookAsync([log], cancellationToken);
        if (_book.Known(log) is { IsEnded: false })
        {
            Report($"the queue of log {log} is lost: the store goes back to the stable cut, and what was acknowledged behind it is gone");
            _lost.Add(log);
            _isLossNew = true;
        }
    }
}
