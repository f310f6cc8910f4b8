using Mjolnir.Core.Batches;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Indexes;
using Mjolnir.Core.Keys;
using Mjolnir.Indexer.Tables;
using Mjolnir.Indexer.Trees;
using Mjolnir.Indexer.Verifying;
using Mjolnir.Storage.Rows;

namespace Mjolnir.Indexer.Running;

/// <summary>
/// Keeps the indexes of one table:
/// <code>
/// 1 build: all rows of a snapshot of the store; the vector is what the snapshot's manifests list
/// 2 follow: what the workers have consumed since, in steps. A batch that is in the vector is passed over
/// 3 a gap between the vector and what comes: read from the log's manifest, or waited for until the worker has stored it
/// 4 a gap that is in runs by now, or any fault: from the beginning, in a new term. Readers keep the head before meanwhile
/// </code>
/// One loop owns all state.
/// </summary>
internal sealed class TableIndexer
{
    private readonly IndexerParts _parts;
    private readonly TableLayout _layout;
    private readonly TableIndexes _declared;
    private readonly TableInbox _inbox;
    private readonly Func<RowKey, bool> _isOurs;
    private readonly Func<long> _nextTerm;
    private readonly CancellationTokenSource _stop = new();
    private Task _run = Task.CompletedTask;
    private TableWriter? _writer;
    private IReadOnlyCollection<PageId> _inherited;
    private readonly VerifiedWriter _verified;
    private volatile TableProgress _progress;

    /// <param name="parts">what it works with</param>
    /// <param name="app">the application</param>
    /// <param name="table">the table</param>
    /// <param name="declared">its indexes</param>
    /// <param name="inherited">pages of the one before, for other declarations</param>
    /// <param name="nextTerm">claims a term</param>
    public TableIndexer(IndexerParts parts, string app, string table, TableIndexes declared, IReadOnlyCollection<PageId> inherited, Func<long> nextTerm)
    {
        (_parts, _inherited, _nextTerm) = (parts, inherited, nextTerm);
        (_layout, _declared) = (new TableLayout(table, declared), declared);
        var prefix = $"{app}/{table}/";
        _inbox = new TableInbox(prefix, parts.InboxBytes);
        _verified = new VerifiedWriter(_inbox.WakeAgain);
        _isOurs = key => key.Text.StartsWith(prefix, StringComparison.Ordinal);
        _progress = new TableProgress(table, TableState.Building, 0, 0, 0, 0, 0, 0, null);
        (App, Table) = (app, table);
    }

    public string App { get; }

    public string Table { get; }

    public ulong Declared => _layout.Declared;

    /// <summary>How far it is; its lag is that of the last step, or of what waits for the next.</summary>
    public TableProgress Progress =>
        _progress is { State: not TableState.Building } told && _inbox.Oldest is { } oldest && AgeOf(oldest) is var age && age > told.Lag ? told with { Lag = age } : _progress;

    /// <summary>Begins. Batches are offered before: what the snapshot of the store lacks has come by then.</summary>
    public void Start() => _run = Task.Run(RunAsync);

    /// <summary>Takes in a batch that a worker consumed. Returns at once.</summary>
    public void Offer(Batch batch) => _inbox.Offer(batch);

    /// <summary>A log has this batch: it is looked for if it was missed. Returns at once.</summary>
    public void Expect(Stamp stamp) => _inbox.Expect(stamp);

    /// <summary>A log was cut behind this batch: if more of it is in the trees, they are made anew. Returns at once.</summary>
    public void Cut(Stamp end) => _inbox.Cut(end);

    /// <summary>Recomputes the indexes from the rows and compares, while it goes on.</summary>
    /// <param name="progress">told how many rows were read, now and then</param>
    /// <param name="cancellationToken">ends it</param>
    /// <exception cref="VerificationFailedException">it cannot be finished</exception>
    public async Task<VerifiedTable> VerifyAsync(Action<long> progress, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stop.Token);
        return await new RunningVerifier(_verified, _parts, Table, _declared).RunAsync(_isOurs, progress, either.Token);
    }

    /// <summary>Ends it; gives the pages that it leaves behind.</summary>
    public async Task<IReadOnlyCollection<PageId>> StopAsync()
    {
        await _stop.CancelAsync();
        await _run;
        _stop.Dispose();
        return _writer?.AllPages() ?? _inherited;
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await BuildAsync(_stop.Token);
                await FollowAsync(_stop.Token);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault)
            {
                // Derived state: whatever went wrong, the rows tell it again. Paced, and told each time.
                _parts.Failed(Table, fault);
                Tell(_progress with { State = TableState.Waiting, Fault = fault.Message });
                await PauseAsync(IndexerLimits.StartOverPause);
            }
        }
    }

    private async Task PauseAsync(TimeSpan pause)
    {
        try
        {
            await Task.Delay(pause, _parts.Time, _stop.Token);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The loop sees it.
        }
    }

    private async Task BuildAsync(CancellationToken cancellationToken)
    {
        _verified.StartOver();
        _inherited = _writer?.AllPages() ?? _inherited;
        Tell(_progress with { State = TableState.Building, Percent = 0, Steps = 0 });
        await _parts.StoreConsumed(cancellationToken);
        var stored = await StoredRows.OpenAsync(_parts.Store, cancellationToken);
        var snapshot = stored.Snapshot;
        var build = await ReadAsync(stored, cancellationToken);

        // Nobody writes a lower term from here on.
        _writer = new TableWriter(_layout, _nextTerm(), _parts.Pages, PageSizes.Usual) { IsHeld = () => _verified.IsHeld };
        await _writer.BuildAsync(build, VectorOf(snapshot), _inherited, cancellationToken);
        _inherited = [];
        Tell(Figures(TableState.Following) with { Percent = 100, Built = _progress.Built + 1 });
        _parts.Changed(App, Table);
    }

    private async Task<TableBuild> ReadAsync(StoredRows stored, CancellationToken cancellationToken)
    {
        var build = new TableBuild(_layout);
        var lines = stored.Snapshot.Head.Runs.Sum(run => run.Rows) + stored.Snapshot.Logs.Sum(log => log.Entries.Sum(entry => (long)entry.Rows));
        var seen = 0L;
        await foreach (var row in stored.StreamAsync(IsWanted, cancellationToken))
        {
            build.Add(Change(row.Key, row.Version));
        }

        return build;

        bool IsWanted(RowKey key)
        {
            if (++seen % IndexerLimits.RowsBetweenProgress == 0)
            {
                // The last percent is making the trees.
                Tell(_progress with { Percent = (int)Math.Min(99, 100 * seen / Math.Max(1, lines)), Rows = build.Count });
            }

            return _isOurs(key);
        }
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        var usual = TimeSpan.Zero;
        while (true)
        {
            await _inbox.WaitAsync(cancellationToken);
            _verified.CarryOut(_writer!);
            var began = _parts.Time.GetTimestamp();
            if (await StepAsync(cancellationToken) is not { } pause)
            {
                return;
            }

            // A third of a core at most, whatever comes: then steps take more together, and each entry less. A step that took longer than steps of late was held up (by others on the
            // machine, or while memory was collected), and does not make the next one wait twice as long again.
            var worked = _parts.Time.GetElapsedTime(began);
            usual += (worked - usual) / IndexerLimits.StepsOfUsualWork;
            var least = 2 * (worked < usual ? worked : usual);
            await Task.Delay(least > pause ? least : pause, _parts.Time, cancellationToken);
        }
    }

    /// <summary>Applies what came; the pause behind it, or null if the writer must start over.</summary>
    private async Task<TimeSpan?> StepAsync(CancellationToken cancellationToken)
    {
        if (_inbox.HasVoid(_writer!.AppliedOf))
        {
            return null;
        }

        var rows = new List<RowChange>();
        var (applied, changed) = (new List<Stamp>(), new List<Stamp>());
        var (waits, oldest) = (false, long.MaxValue);
        foreach (var stamp in _inbox.TakeExpected().Where(stamp => stamp.Batch > _writer.AppliedOf(stamp.Log)))
        {
            if (!await TakeMissedAsync(stamp.Log, rows, applied, cancellationToken))
            {
                return null;
            }
        }

        foreach (var part in _inbox.TakeAll())
        {
            var behind = part.Last <= _writer.AppliedOf(part.Log);
            if (!behind && part.First > _writer.AppliedOf(part.Log) + 1)
            {
                if (!await TakeMissedAsync(part.Log, rows, applied, cancellationToken))
                {
                    return null;
                }

                if (applied[^1].Batch < part.First - 1)
                {
                    _inbox.Return(part);
                    waits = true;
                    continue;
                }
            }

            if (!behind)
            {
                rows.AddRange(part.Rows);
                applied.Add(new Stamp(part.Log, part.Last));
                changed.Add(new Stamp(part.Log, part.LastChange));
                oldest = Math.Min(oldest, part.Since);
            }
        }

        if (applied.Count > 0 && !await _writer.StepAsync(rows, applied, cancellationToken))
        {
            return null;
        }

        _verified.Note(rows, changed);

        Tell(Figures(waits ? TableState.CatchingUp : TableState.Following) with { Steps = _progress.Steps + (applied.Count > 0 ? 1 : 0), Lag = oldest == long.MaxValue ? _progress.Lag : AgeOf(oldest) });
        if (rows.Count > 0)
        {
            _parts.Changed(App, Table);
        }

        if (waits)
        {
            _inbox.WakeAgain();
        }

        return waits ? IndexerLimits.GapPause : IndexerLimits.StepPause;
    }

    /// <summary>Takes from the store what it has of a log behind the vector; false if only all rows tell that by now.</summary>
    private async ValueTask<bool> TakeMissedAsync(string log, List<RowChange> rows, List<Stamp> applied, CancellationToken cancellationToken)
    {
        Tell(_progress with { State = TableState.CatchingUp });
        if (await LogRows.ReadAsync(_parts.Store, log, _writer!.AppliedOf(log), _isOurs, cancellationToken) is not { } missed)
        {
            return false;
        }

        rows.AddRange(missed.Rows.Select(row => Change(row.Key, row.Version)));
        applied.Add(new Stamp(log, missed.Through));
        return true;
    }

    /// <summary>How long ago a server's clock said this; never less than nothing.</summary>
    private TimeSpan AgeOf(long unixMilliseconds) => TimeSpan.FromMilliseconds(Math.Max(0, _parts.Time.GetUtcNow().ToUnixTimeMilliseconds() - unixMilliseconds));

    private TableProgress Figures(TableState state)
    {
        var pages = _writer!.Trees.Pages;
        return _progress with { State = state, Rows = _writer.Trees.Rows, Pages = pages.Count, Bytes = pages.Bytes };
    }

    /// <summary>Per log the last batch that a snapshot has.</summary>
    internal static List<Stamp> VectorOf(StoreSnapshot snapshot) =>
        [.. snapshot.Logs.Where(static log => log.LastBatch > 0).Select(static log => new Stamp(log.Log, Math.Min(log.LastBatch, log.Watermark ?? long.MaxValue)))];

    internal static RowChange Change(RowKey key, RowVersion version) =>
        new(key.PrimaryKey, version.Version, version.State == RowState.Present ? version.Value : null);

    private void Tell(TableProgress progress) => _progress = progress;
}
