using Mjolnir.Core;

namespace Mjolnir.WriteBehind.Workers;

/// <summary>How far the work of this process on one log is.</summary>
internal enum LogWorkState
{
    /// <summary>Waiting: another process's worker is active, or the broker does not answer.</summary>
    StandingBy,

    /// <summary>This process's worker is the active one.</summary>
    Working,

    /// <summary>Asked to stop.</summary>
    Stopped,

    /// <summary>The log is sealed and stored, and its queue deleted.</summary>
    Ended,

    /// <summary>A broken rule, or a damaged message: nothing is guessed over.</summary>
    Failed,
}

/// <summary>
/// The work of one process on one log, from standing by to its end. A worker that lost its consumer is begun anew: the next one reads the manifest and gets again what was not acknowledged.
/// </summary>
internal sealed class LogWork(string log, WorkerHostOptions options, Action moved)
{
    private readonly Lock _lock = new();
    private WriteBehindWorker? _worker;
    private bool _isStopping;
    private volatile LogWorkState _end;

    public string Log => log;

    public LogWorkState State => _end != LogWorkState.StandingBy ? _end : Worker is { IsActive: true } ? LogWorkState.Working : LogWorkState.StandingBy;

    public long Stored => Worker?.StoredBatch ?? 0;

    public long Backlog => Worker?.Backlog ?? 0;

    /// <summary>True until it has come to its end.</summary>
    internal bool HoldsWorker => Worker is not null;

    private WriteBehindWorker? Worker => Volatile.Read(ref _worker);

    /// <summary>Works until the log is ended, <see cref="StopAsync"/> is called, or something is wrong.</summary>
    public async Task RunAsync(TimeSpan headStart, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(headStart, options.Time, cancellationToken);
            _end = await WorkAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            _end = LogWorkState.Stopped;
        }
        catch (Exception fault)
        {
            _end = LogWorkState.Failed;
            options.Failed(log, fault);
        }

        // What it remembered of the log's rows is of no use any more, and a process works on many logs in its life.
        Volatile.Write(ref _worker, null);
        moved();
    }

    /// <summary>Stores what was consumed and ends the work; a work that only stands by ends at once.</summary>
    public Task StopAsync(CancellationToken patience)
    {
        WriteBehindWorker? worker;
        lock (_lock)
        {
            _isStopping = true;
            worker = _worker;
        }

        return worker?.StopAsync(patience) ?? Task.CompletedTask;
    }

    /// <summary>The log has ended elsewhere: nobody waits for its queue any more. The work looks at the store and goes.</summary>
    public void LookAgain()
    {
        if (State == LogWorkState.StandingBy)
        {
            _ = Worker?.StopAsync(CancellationToken.None);
        }
    }

    private async Task<LogWorkState> WorkAsync(CancellationToken cancellationToken)
    {
        for (var wait = options.Limits.FirstBackOff; ; wait = options.Limits.Longer(wait))
        {
            try
            {
                if (await IsEndedAsync(cancellationToken))
                {
                    await options.Broker.DeleteAsync(log, cancellationToken);
                    return LogWorkState.Ended;
                }

                if (NextWorker() is not { } worker)
                {
                    return LogWorkState.Stopped;
                }

                // However a worker ends: the store says whether the log is ended, and who was asked to stop gets no next worker.
                await worker.RunAsync(cancellationToken);
                wait = options.Limits.FirstBackOff / 2;
                continue;
            }
            catch (Exception fault) when (PassingFault.Is(fault))
            {
                wait = Worker is { IsActive: true } ? options.Limits.FirstBackOff : wait;
            }
            catch (CorruptDataException fault)
            {
                // An object of the store, which may be put back: nothing of the log is taken until it reads again, and no restart is needed then.
                options.Damaged(log, fault);
            }

            await Task.Delay(wait, options.Time, cancellationToken);
        }
    }

    private WriteBehindWorker? NextWorker()
    {
        lock (_lock)
        {
            if (_isStopping)
            {
                return null;
            }

            var worker = new WriteBehindWorker(log, options.Broker, options.Store, options.Time, options.StoreLimits, options.NewId()) { Moved = moved, Consumed = options.Consumed };
            Volatile.Write(ref _worker, worker);
            return worker;
        }
    }

    private async ValueTask<bool> IsEndedAsync(CancellationToken cancellationToken) =>
        (await LogPosition.ReadAsync(options.Store, log, cancellationToken)).IsEnded;
}
