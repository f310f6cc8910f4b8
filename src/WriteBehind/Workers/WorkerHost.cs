using System.Collections.Concurrent;
using System.Threading.Channels;
using Mjolnir.Core;
using Mjolnir.Storage.Cluster;
using Mjolnir.Storage.Feeds;
using Mjolnir.WriteBehind.Views;

namespace Mjolnir.WriteBehind.Workers;

/// <summary>
/// The workers of a write-behind process. It stands by for every log that is not ended: at once for those of its own V-stack, for others after a head start for their own worker, so that
/// whatever dies, some process is the next consumer. The broker decides who is active (W2).
/// <code>
/// registry, beats ──► a work per log ──► active? store (WriteBehindWorker) ──► sealed and stored: delete the queue
///                          │                └─ consumer or store lost: again, after a pause
///                          ├─ damaged object of the store: looked at again until it is mended
///                          └─ broken rule, damaged message: this log stops, the others go on
/// </code>
/// </summary>
public sealed class WorkerHost(WorkerHostOptions options)
{
    private readonly ConcurrentDictionary<string, LogWork> _works = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Exception> _failed = new(StringComparer.Ordinal);
    private readonly Channel<string> _heard = Channel.CreateUnbounded<string>();
    private readonly Channel<bool> _moved = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly LogBook _book = new(options.Store);
    private readonly HashSet<string> _cleared = new(StringComparer.Ordinal);

    // Of the loop that takes logs; behind its end, of whoever waits for them.
    private readonly List<Task> _running = [];
    private volatile bool _isStopping;

    /// <summary>The logs whose active worker is here, with what is stored of them; the logs on which work stopped for good are in <see cref="Failed"/>.</summary>
    public IReadOnlyList<WorkedLog> Worked =>
        [.. _works.Values.Where(work => work.State == LogWorkState.Working).OrderBy(work => work.Log, StringComparer.Ordinal)
            .Select(work => new WorkedLog(work.Log, work.Stored, work.Backlog))];

    /// <summary>Logs on which work stopped for good, and why.</summary>
    public IReadOnlyDictionary<string, Exception> Failed => _failed;

    /// <summary>Works and workers that are kept in memory: of logs that have ended none, once another log was taken.</summary>
    internal int Held => _running.Count + _works.Values.Count(static work => work.HoldsWorker);

    /// <summary>Works until cancelled; what is not stored then stays in the logs. Call <see cref="StopAsync"/> before, to store what was consumed.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var beats = options.Bus.Listen(Hear);
        using var seals = options.Bus.Subscribe(Hear);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] loops = [TakeAsync(ending.Token), LookAsync(ending.Token), BeatAsync(ending.Token)];
        try
        {
            // A loop ends when it is cancelled, or by a fault that concerns all logs (a damaged run chain): then the others end too.
            await await Task.WhenAny(loops);
        }
        finally
        {
            ending.Cancel();
            await EndedAsync(loops);
        }
    }

    /// <summary>The loops first: until they have ended a log may still be taken.</summary>
    private async Task EndedAsync(Task[] loops)
    {
        try
        {
            await Task.WhenAll(loops);
        }
        finally
        {
            await Task.WhenAll(_running);
        }
    }

    /// <summary>Takes no new logs, stores what was consumed, and lets other processes take over. Returns when that is done; <see cref="RunAsync"/> still runs until cancelled.</summary>
    public async Task StopAsync(CancellationToken patience)
    {
        _isStopping = true;
        await Task.WhenAll(_works.Values.Select(work => work.StopAsync(patience)));
    }

    private void Hear(ClusterNotice notice)
    {
        if (notice is ServerBeat { Log.Length: > 0 } beat && !_works.ContainsKey(beat.Log))
        {
            _heard.Writer.TryWrite(beat.Log);
        }
    }

    private void Hear(CommitNotice notice)
    {
        if (notice.Sealed && _works.TryGetValue(notice.Log, out var work))
        {
            work.LookAgain();
        }
    }

    private async Task TakeAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (await _heard.Reader.WaitToReadAsync(cancellationToken))
            {
                while (_heard.Reader.TryRead(out var log))
                {
                    Take(log, cancellationToken);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Asked to end.
        }
    }

    private void Take(string log, CancellationToken cancellationToken)
    {
        if (_isStopping || _works.ContainsKey(log))
        {
            return;
        }

        var work = new LogWork(log, options with { Failed = Fail }, () => _moved.Writer.TryWrite(true));
        _works[log] = work;
        _running.RemoveAll(static ended => ended.IsCompletedSuccessfully);
        _running.Add(work.RunAsync(IsOwn(log) ? TimeSpan.Zero : options.Limits.HeadStart, cancellationToken));
    }

    private bool IsOwn(string log) => log.StartsWith(options.Name + ".", StringComparison.Ordinal);

    private void Fail(string log, Exception fault)
    {
        _failed[log] = fault;
        options.Failed(log, fault);
    }

    /// <summary>Looks at the registry: for logs that no beat told of, and for works that stand by for a log that is ended.</summary>
    private async Task LookAsync(CancellationToken cancellationToken)
    {
        var wait = options.Limits.FirstBackOff;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await _book.LookAsync(cancellationToken);
                // A log whose manifest is damaged is begun too: its work says so, and waits until it is mended.
                foreach (var log in _book.Open.Concat(_book.Damaged.Keys))
                {
                    _heard.Writer.TryWrite(log);
                }

                foreach (var work in _works.Values.Where(work => _book.Known(work.Log) is { IsEnded: true }))
                {
                    work.LookAgain();
                }

                await ClearAsync(cancellationToken);
                wait = options.Limits.FirstBackOff;
                await Task.Delay(options.Limits.RegistryLook, options.Time, cancellationToken);
            }
            catch (Exception fault) when (PassingFault.Is(fault))
            {
                wait = options.Limits.Longer(wait);
                await Task.Delay(wait, options.Time, cancellationToken).ToItsEnd();
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    /// <summary>
    /// Deletes the queues of logs that had ended before this process knew them: their worker may have died between the seal and the deletion, and nobody else may have stood by. A log that is
    /// worked on here is left to its work. Each log costs one request to the broker in the life of a process, and none to the store.
    /// </summary>
    private async ValueTask ClearAsync(CancellationToken cancellationToken)
    {
        foreach (var log in _book.Ended.Where(log => !_cleared.Contains(log)))
        {
            if (!_works.ContainsKey(log))
            {
                await options.Broker.DeleteAsync(log, cancellationToken);
            }

            _cleared.Add(log);
        }
    }

    private async Task BeatAsync(CancellationToken cancellationToken)
    {
        Task? news = null;
        while (!cancellationToken.IsCancellationRequested)
        {
            options.Bus.Tell(new WorkerBeat(options.Name, options.Run, Worked) { Audit = options.Audit?.Invoke() });
            await Task.Delay(options.Limits.BeatPause, options.Time, cancellationToken).ToItsEnd();
            news = news is { IsCompleted: false } ? news : NewsAsync(cancellationToken);
            using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAny(news, PauseAsync(options.Limits.Beat, waiting.Token));
            waiting.Cancel();
            _moved.Reader.TryRead(out _);
        }
    }

    // Both end on the loop's own context, also when they are cancelled: what ends elsewhere cannot be simulated. The wait for news goes on over many pauses: a cancellation that is thrown for each costs more than a beat.
    private async Task NewsAsync(CancellationToken cancellationToken) => await _moved.Reader.WaitToReadAsync(cancellationToken);

    private async Task PauseAsync(TimeSpan pause, CancellationToken cancellationToken) =>
        await Task.Delay(pause, options.Time, cancellationToken).ToItsEnd();
}
