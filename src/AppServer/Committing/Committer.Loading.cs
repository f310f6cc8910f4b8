using Mjolnir.Core;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Violations;
using Mjolnir.Storage.Feeds;
using Mjolnir.Storage.Shards;

namespace Mjolnir.AppServer.Committing;

/// <summary>
/// Loading rows that runs asked for. One walk per shard: all rows wanted by then go in one pass, those wanted meanwhile in the next. Rows whose shard is not open wait aside;
/// rows whose shard does not answer are asked for again, less and less often, as long as somebody waits for them.
/// </summary>
internal sealed partial class Committer
{
    /// <summary>Rows wanted whose homes are not open.</summary>
    private readonly List<Cell> _parked = [];

    private readonly List<RowKey> _foreseen = [];

    /// <summary>
    /// Asks for all rows together that the first run will most probably read; true if it waits for some. Without that each row that is missing ends a run, and the next is asked for a round trip later. Only where a shard is open: a row
    /// that may not be needed holds up nobody.
    /// </summary>
    private bool AwaitsForeseen(Transaction transaction)
    {
        if (transaction.WasForeseen)
        {
            return false;
        }

        transaction.WasForeseen = true;
        _foreseen.Clear();
        transaction.Foresee(_foreseen);
        _foreseen.RemoveAll(key => _rows.Knows(key) || !_cells.GetOrAdd(key).Home.IsOpen);
        if (_foreseen.Count == 0)
        {
            return false;
        }

        transaction.Clock.ReadBegins(_time);
        (transaction.IsForeseeing, transaction.Loads) = (true, _foreseen.Count);
        _foreseen.ForEach(key => Load(key, transaction));
        return true;
    }

    /// <summary>
    /// Rows that another server says it wrote: whoever ran over what is remembered of them would install it, fail, take the rest back and run again. Loading costs a fraction of that. It is a hint: a row in the
    /// batch under way is settled by that, and one that bears that batch already was read behind it.
    /// </summary>
    private void ForgetReplaced(CommitNotice notice)
    {
        foreach (var key in notice.Changed)
        {
            if (_cells.Find(key) is { Closing: null, Base: { } known } cell && !IsOf(known.Envelope.Current.Stamp, notice))
            {
                cell.Base = null;
            }
        }
    }

    private static bool IsOf(Stamp stamp, CommitNotice notice) => stamp.Log == notice.Log && stamp.Batch >= notice.DurableBatch;

    private void Load(RowKey key, Transaction transaction)
    {
        var cell = _cells.GetOrAdd(key);
        if (cell.Waiting is { } waiting)
        {
            waiting.Add(transaction);
            return;
        }

        cell.Waiting = [transaction];
        cell.LeaseHeld = 0;
        Want(cell);
    }

    private void Want(Cell cell)
    {
        if (!cell.Home.IsOpen)
        {
            _parked.Add(cell);
            return;
        }

        var link = cell.Home.Link;
        link.Wanted.Add(cell);
        if (!link.IsLoading)
        {
            // Behind the calls that have already arrived, so that their rows share the pass.
            link.IsLoading = true;
            _lane.Post(_ => Watch(LoadWantedAsync(link)), null);
        }
    }

    private async Task LoadWantedAsync(ShardLink link)
    {
        var pause = _limits.FirstRetry;
        while (TakeWanted(link) is { Count: > 0 } cells)
        {
            if (await LoadPassAsync(link, cells))
            {
                pause = _limits.FirstRetry;
                continue;
            }

            cells.ForEach(Want);
            await Task.Delay(pause, _time, _stop.Token);
            pause = Longer(pause);
        }

        link.IsLoading = false;
        Pump();
    }

    /// <summary>The rows to ask for now: those for which somebody waits. Rows of a shard that is not to be used go aside.</summary>
    private List<Cell> TakeWanted(ShardLink link)
    {
        var wanted = link.Wanted.FindAll(IsAwaited);
        link.Wanted.Clear();
        _parked.AddRange(wanted.FindAll(static cell => !cell.Home.IsOpen));
        wanted.RemoveAll(static cell => !cell.Home.IsOpen);
        return wanted;
    }

    /// <summary>Asks for rows in one pass and goes on with each; false if the shard did not answer.</summary>
    private async Task<bool> LoadPassAsync(ShardLink link, List<Cell> cells)
    {
        LoadPass pass;
        try
        {
            if (await _loader.AskAsync(link, cells, _stop.Token) is not { } answered)
            {
                return false;
            }

            pass = answered;
        }
        catch (ShardChangedException)
        {
            cells.ForEach(Want);
            return true;
        }

        List<(Cell, ulong)>? absent = null;
        for (var i = 0; i < cells.Count; i++)
        {
            if (pass.Answers[i].Status == ShardStatus.LeaseWon && _loader.IsAbsent(cells[i]))
            {
                (absent ??= []).Add((cells[i], pass.Answers[i].Token));
            }
            else
            {
                Take(cells[i], pass.Answers[i], pass.Incarnation);
            }
        }

        if (absent is not null)
        {
            Watch(MarkAbsentAsync(link, absent, pass.Incarnation));
        }

        Pump();
        return true;
    }

    private void Take(Cell cell, ShardOperation answer, long incarnation)
    {
        try
        {
            if (answer.Status == ShardStatus.Hit && _loader.TryProve(answer, incarnation) is { } known)
            {
                EndLoad(cell, known, null);
                return;
            }
        }
        catch (CorruptDataException fault)
        {
            EndLoad(cell, null, FailureOf(cell, fault));
            return;
        }

        Watch(FollowAsync(cell, answer, incarnation));
    }

    private async Task FollowAsync(Cell cell, ShardOperation answer, long incarnation)
    {
        CellBase? known = null;
        string? failure = null;
        try
        {
            known = await _loader.FollowAsync(cell, answer, incarnation, _stop.Token);
        }
        catch (Exception fault) when (IsFailedLoad(fault))
        {
            failure = FailureOf(cell, fault);
        }

        Counters.StoreReads = _loader.StoreReads;
        EndLoad(cell, known, failure);
        Pump();
    }

    private async Task MarkAbsentAsync(ShardLink link, List<(Cell Cell, ulong Lease)> rows, long incarnation)
    {
        var known = new CellBase?[rows.Count];
        string? failure = null;
        try
        {
            known = await _loader.MarkAbsentAsync(link, rows, incarnation, _stop.Token);
        }
        catch (Exception fault) when (IsFailedLoad(fault))
        {
            failure = FailureOf(rows[0].Cell, fault);
        }

        for (var i = 0; i < known.Length; i++)
        {
            EndLoad(rows[i].Cell, known[i], failure);
        }

        Pump();
    }

    private static bool IsFailedLoad(Exception fault) => fault is CorruptDataException or ShardFullException || IsOutage(fault);

    /// <summary>What the callers who wait for a row are told. Damage is an alarm too: the row is refused until it is mended, never guessed.</summary>
    private string FailureOf(Cell cell, Exception fault)
    {
        if (Violation.Is(fault))
        {
            _options.Alarm(Violation.Of($"row {cell.Key}", fault));
        }

        return IsOutage(fault) ? $"A row cannot be read: {fault.Message}" : fault.Message;
    }

    /// <summary>A row is known, or nobody can have it now, or (neither) it must be asked for again.</summary>
    private void EndLoad(Cell cell, CellBase? known, string? failure)
    {
        if (cell.Waiting is null)
        {
            return;
        }

        if (failure is null && (known is null || known.Incarnation != cell.Home.Link.Incarnation))
        {
            Want(cell);
            return;
        }

        cell.Base = known;
        if (known?.Envelope.Current.State == RowState.Absent)
        {
            ExpireLater(cell.Key, _limits.AbsentLife, Stamp.None);
        }

        Release(cell, failure);
    }

    /// <summary>Ends the wait for a row: with a failure its callers are refused, else they run again.</summary>
    private void Release(Cell cell, string? failure)
    {
        var waiting = cell.Waiting!;
        cell.Waiting = null;
        foreach (var transaction in waiting)
        {
            transaction.Loads--;
            if (failure is not null && !transaction.IsForeseeing)
            {
                Refuse(transaction, failure);
            }
            else if (transaction.Loads == 0)
            {
                Ready(transaction);
            }
        }
    }

    /// <summary>A view was opened or made: what can be had now is asked for.</summary>
    private void LoadParked()
    {
        var parked = _parked.ToArray();
        _parked.Clear();
        foreach (var cell in parked)
        {
            if (IsAwaited(cell))
            {
                Want(cell);
            }
        }
    }

    /// <summary>Rows for which nobody waits any more need no home. Called every now and then.</summary>
    private void ForgetUnawaited()
    {
        _parked.RemoveAll(cell => !IsAwaited(cell));
        Counters.WaitingForView = _parked.Sum(static cell => cell.Waiting!.Count(static transaction => !transaction.Answered));
    }

    /// <summary>True while a caller waits for the row; else its load ends here.</summary>
    private static bool IsAwaited(Cell cell)
    {
        if (cell.Waiting is not null && cell.Waiting.TrueForAll(static transaction => transaction.Answered))
        {
            cell.Waiting = null;
        }

        return cell.Waiting is not null;
    }

    /// <summary>Only where a test has switched off W10.</summary>
    private async ValueTask WaitInstalledAsync(ClosingBatch batch)
    {
        foreach (var cell in batch.Touches.Where(static touch => touch.Failed).Select(static touch => touch.Cell))
        {
            var (get, incarnation) = (new ShardOperation { Verb = ShardVerb.Get, CacheKey = cell.CacheKey }, cell.Home.Link.Incarnation);
            await _shards.RunAsync(cell.Home.Link, [get], _stop.Token);
            await (get.Status == ShardStatus.Hit ? _loader.FollowAsync(cell, get, incarnation, _stop.Token) : default);
        }
    }
}
