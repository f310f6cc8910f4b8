using System.Collections.Frozen;
using Mjolnir.AppServer.Lanes;
using Mjolnir.Core;
using Mjolnir.Scripting.Engine;
using Mjolnir.Storage.Feeds;

namespace Mjolnir.AppServer.Committing;

/// <summary>
/// Commits the transactions of one server (protocol: committing). Everything here happens on one lane.
/// <code>
/// Submit ─► ready ─► run ─┬─ row missing ─► load ─► ready
///                         ├─ read-only, nothing pending ─► re-check tokens ─► answer
///                         └─ join the open batch ─► close: install ─► validate ─► undo who failed ─► publish ─► confirm ─► answer
///                                                                                     └─► ready
/// </code>
/// One batch at a time is between close and confirm; the open batch fills meanwhile, over its pending state. So a batch is as large as the log is slow, a
/// batch never replaces a version of its own log that is not durable, and undoing touches one batch only.
/// </summary>
internal sealed partial class Committer
{
    private readonly Lane _lane;
    private readonly CommitterOptions _options;
    private readonly CommitterLimits _limits;
    private readonly TimeProvider _time;
    private readonly IScriptEngine _engine;
    private readonly ShardSet _shards;
    private readonly CellTable _cells;
    private readonly AttemptRows _rows;
    private readonly LogMarks _marks;
    private readonly RowLoader _loader;
    private readonly BatchInstaller _installer;
    private readonly UnstoredBatches _unstored;
    private readonly Queue<Transaction> _ready = new();
    private readonly Queue<Transaction> _ordered = new();
    private readonly WaitingList _waiting = new();
    private readonly List<Reader> _readers = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly BatchGathering _gathering;
    private readonly ITimer _gatherTimer;
    private OpenBatch _open = new();
    private ClosingBatch? _closing;
    private volatile LogEpoch? _epoch;
    private Task _commit = Task.CompletedTask;
    private bool _stopping;
    private bool _pumping;
    private bool _closePosted;
    private bool _readersPosted;
    private bool _readersRunning;

    public Committer(Lane lane, CommitterOptions options, string server)
    {
        _lane = lane;
        _options = options;
        _limits = options.Limits;
        _time = options.Time;
        _engine = options.Engine;
        _shards = new ShardSet(options.Views, server, _limits.Suspended);
        _cells = new CellTable(_shards, _limits.RememberedRows, _limits.FewRememberedRows);
        _marks = new LogMarks(_time);
        _loader = new RowLoader(_shards, _marks, options.Epochs, options.Store, _limits, _time, server);
        _rows = new AttemptRows(_cells, _loader, KeptColumns);
        _installer = new BatchInstaller(_shards, _limits, _time);
        _unstored = new UnstoredBatches(_limits);
        _gathering = new BatchGathering(_limits);
        _gatherTimer = _time.CreateTimer(GatherIsOver, null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        foreach (var (log, watermark) in options.SealedLogs)
        {
            _marks.Seal(log, watermark);
        }
    }

    public CommitterCounters Counters { get; } = new();

    /// <summary>The present log; null while none is open. From any thread.</summary>
    public string? Log => _epoch?.Log;

    /// <summary>The durable watermark of the present log; 0 while none is open. From any thread.</summary>
    public long Durable => _epoch?.Durable ?? 0;

    /// <summary>It runs nothing any more: whoever it refuses is better served elsewhere.</summary>
    public bool IsStopping => _stopping;

    private bool IsFull => _open.Bytes >= _limits.BatchBytes;

    private bool IsLive => _epoch is not null && !_stopping;

    /// <summary>Opens the first log. On the lane.</summary>
    public Task StartAsync() => OpenEpochAsync();

    /// <summary>Takes in a transaction. On the lane.</summary>
    public void Submit(Transaction transaction)
    {
        transaction.Owner = this;
        _waiting.Add(transaction);
        if (_waiting.Count > _limits.WaitingCalls)
        {
            Refuse(transaction, "Too many requests are waiting.");
            return;
        }

        Ready(transaction);
        Pump();
    }

    /// <summary>Another log is durable up to a batch, or ends there. On the lane.</summary>
    public void Hear(CommitNotice notice)
    {
        _marks.Hear(notice);
        ForgetReplaced(notice);
    }

    /// <summary>Ends waiting callers whose patience is over. Called every now and then, on the lane.</summary>
    public void ExpireWaiting()
    {
        while (_waiting.Oldest is { } oldest && _time.GetElapsedTime(oldest.Arrived) > _limits.TransactionPatience)
        {
            if (oldest.InDoubt)
            {
                Doubt(oldest);
            }
            else
            {
                Refuse(oldest, "The rows of this request are not available at the moment.");
            }
        }

        ForgetUnawaited();
    }

    /// <summary>What is between close and confirm is answered if the log still tells; all else is refused: nothing of it has happened.</summary>
    public async Task StopAsync()
    {
        _stopping = true;
        await _gatherTimer.DisposeAsync();
        await Task.WhenAny(_commit, Task.Delay(_limits.StopPatience, _time));
        await _stop.CancelAsync();
        await _commit;
        EndWaiting("The server is stopping.");
        if (_epoch is { } epoch)
        {
            _epoch = null;
            await epoch.CloseAsync();
        }
    }

    /// <summary>The lane broke: nobody runs any more, and what is under way has an outcome that only the log knows.</summary>
    public void Fail()
    {
        _stopping = true;
        _epoch = null;
        EndWaiting("The server stopped on an internal error.");
    }

    /// <summary>What runs now is committed in the present log under the present view, or runs again.</summary>
    private IReadOnlySet<string>? KeptColumns(string app, string table) =>
        _options.Unique is { } unique ? unique.Columns(app, table, _epoch?.Log, _shards.View?.Number ?? 0) : FrozenSet<string>.Empty;

    private void GatherIsOver(object? unused) => _lane.Post(static state => ((Committer)state!).EndGathering(), this);

    private void EndWaiting(string reason)
    {
        _crossers.ForEach(static crosser => crosser.Done.TrySetCanceled());
        var inDoubt = _closing?.Transactions.ToHashSet() ?? [];
        while (_waiting.Oldest is { } waiting)
        {
            if (inDoubt.Contains(waiting))
            {
                Doubt(waiting);
            }
            else
            {
                Refuse(waiting, reason);
            }
        }
    }

    private void Ready(Transaction transaction) => _ready.Enqueue(transaction);

    /// <summary>Runs what is ready. A load that ends at once makes its transactions ready again: they take their turn here, not on the stack.</summary>
    private void Pump()
    {
        if (_pumping || !IsLive)
        {
            return;
        }

        _pumping = true;
        while (HasRoom() && _ready.TryDequeue(out var next))
        {
            if (!next.Answered)
            {
                Turn(next);
            }

            if (_open.Transactions.Count >= _limits.BatchTransactions && _unstored.Delay == TimeSpan.Zero)
            {
                CloseIfWanted();
            }
        }

        _pumping = false;
    }

    /// <summary>False while the open batch holds all the bytes that a batch may, and the one before it is still under way: whoever is ready waits for its end.</summary>
    private bool HasRoom()
    {
        if (IsFull && _unstored.Delay == TimeSpan.Zero)
        {
            CloseIfWanted();
        }

        return !IsFull;
    }

    private void Turn(Transaction transaction)
    {
        if (transaction.Ordered)
        {
            _ordered.Enqueue(transaction);
            CloseSoon();
        }
        else if (!AwaitsForeseen(transaction) && Execute(transaction))
        {
            Take(transaction);
        }
    }

    /// <summary>Runs a transaction; true if it came to its end and must now be validated.</summary>
    private bool Execute(Transaction transaction)
    {
        transaction.ForgetAttempt();
        transaction.IsForeseeing = false;
        _rows.Begin(transaction);
        Counters.Attempts++;
        transaction.Clock.RunBegins(_time);
        var verdict = transaction.Run(_engine, _rows);
        transaction.Clock.RunEnds(_time);
        switch (verdict)
        {
            case Verdict.RowMissing:
                LoadMissing(transaction);
                return false;
            case Verdict.AnswerNow:
                _waiting.Remove(transaction);
                transaction.Complete();
                return false;
            default:
                return HasItsRows(transaction);
        }
    }

    private void LoadMissing(Transaction transaction)
    {
        var (missing, asked) = (_rows.Missing.ToArray(), _rows.Asked.ToArray());
        transaction.Loads = missing.Length + asked.Length;
        foreach (var key in missing)
        {
            Load(key, transaction);
        }

        foreach (var question in asked)
        {
            Watch(AskAsync(question, transaction));
        }
    }

    /// <summary>A row written without being read must be known too: its version rises by one.</summary>
    private bool HasItsRows(Transaction transaction)
    {
        foreach (var write in transaction.Writes)
        {
            if (_cells.Ready(write.Key) is null)
            {
                _rows.Missing.Add(write.Key);
            }
        }

        if (_rows.Missing.Count > 0)
        {
            LoadMissing(transaction);
        }

        return _rows.Missing.Count == 0;
    }

    private void Take(Transaction transaction)
    {
        if (transaction.Writes.Count > 0 && _unstored.IsOver)
        {
            transaction.ForgetAttempt();
            Refuse(transaction, "The store is too far behind: only reading is possible until it has caught up. Nothing happened.");
            return;
        }

        if (transaction.Writes.Count == 0 && _epoch!.LeaseIsFresh && ReadsAreDurable())
        {
            _readers.Add(new Reader(transaction, [.. _rows.Read.Select(static cell => (cell, cell.Base!))]));
            ValidateReadersSoon();
            return;
        }

        _open.RenewsLease |= !_epoch!.LeaseIsFresh;
        _open.Join(transaction, _rows.Read, _cells);
        CloseSoon();
    }

    /// <summary>True if all values that the present run has read are in the log. What bears a number that the log has not taken may be on its way out (a refused batch), whatever its row's part says.</summary>
    private bool ReadsAreDurable()
    {
        foreach (var cell in _rows.Read)
        {
            var stamp = cell.Base!.Envelope.Current.Stamp;
            if (cell.Pending || (stamp.Batch > _epoch!.Durable && stamp.Log == _epoch.Log && _limits.Suspended != SuspendedRule.V7))
            {
                return false;
            }
        }

        return true;
    }

    private void Complete(Transaction transaction)
    {
        if (transaction.IsRefusal)
        {
            Counters.Aborted++;
        }
        else
        {
            Counters.Committed++;
        }

        _waiting.Remove(transaction);
        transaction.Complete();
    }

    private void Refuse(Transaction transaction, string reason)
    {
        // First of all: whoever goes through those who wait must come to the end of them.
        _waiting.Remove(transaction);
        if (!transaction.Answered)
        {
            Counters.Refused++;
            transaction.Refuse(reason, 1);
        }
    }

    private void Doubt(Transaction transaction)
    {
        Counters.Refused++;
        _waiting.Remove(transaction);
        transaction.Doubt();
    }

    /// <summary>An exception in a walk of the protocol is a broken invariant: it reaches the lane and stops it.</summary>
    private void Watch(Task walk)
    {
        if (walk.IsCompletedSuccessfully)
        {
            return;
        }

        _ = ObserveAsync(walk);
    }

    private async Task ObserveAsync(Task walk)
    {
        try
        {
            await walk;
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Stopping: whoever waited has been told.
        }
        catch (Exception exception)
        {
            _lane.Post(static fault => throw new InvariantException($"The committer stopped: {fault}"), exception);
        }
    }
}
