using Mjolnir.AppServer.Telemetry;
using Mjolnir.Core.Batches;
using Mjolnir.Core.Keys;
using Mjolnir.Storage.Feeds;
using Mjolnir.Storage.Logs;

namespace Mjolnir.AppServer.Committing;

/// <summary>Closing the open batch: the linear walk from install to answer.</summary>
internal sealed partial class Committer
{
    /// <summary>Closes behind the calls that have already arrived, so that they share the batch.</summary>
    private void CloseSoon()
    {
        if (_closePosted || !IsBetweenBatches || IsGathering())
        {
            return;
        }

        _closePosted = true;
        if (_unstored.Delay is { Ticks: > 0 } delay)
        {
            Watch(CloseLaterAsync(delay));
        }
        else
        {
            _lane.Post(static state => ((Committer)state!).ClosePosted(), this);
        }
    }

    /// <summary>The open batch still waits for callers just answered; the wait ends here once they are back, or something else than more calls wants its turn.</summary>
    private bool IsGathering()
    {
        if (!_gathering.IsOn)
        {
            return false;
        }

        if (!_gathering.IsComplete(_open.Transactions.Count) && _ordered.Count == 0 && !WantsToCross)
        {
            return true;
        }

        _gathering.End(_open.Transactions.Count);
        return false;
    }

    private void GatherThenClose(int answered)
    {
        var wait = _gathering.Begin(answered, _open.Transactions.Count);
        if (wait > TimeSpan.Zero)
        {
            _gatherTimer.Change(wait, Timeout.InfiniteTimeSpan);
        }

        CloseSoonIfWanted();
    }

    private void EndGathering()
    {
        if (_gathering.IsOn)
        {
            _gathering.End(_open.Transactions.Count);
            CloseSoonIfWanted();
        }
    }

    /// <summary>The store is behind: fewer and larger batches, and writers that slow down.</summary>
    private async Task CloseLaterAsync(TimeSpan delay)
    {
        await Task.Delay(delay, _time, _stop.Token);
        ClosePosted();
    }

    private void ClosePosted()
    {
        _closePosted = false;
        var wasFull = IsFull;
        CloseIfWanted();
        if (wasFull)
        {
            Pump();
        }
    }

    private void CloseIfWanted()
    {
        if (!IsBetweenBatches || !IsLive)
        {
            return;
        }

        if (WantsToCross)
        {
            _commit = ObserveAsync(CrossWalkAsync(_wanted!, _epoch!));
        }
        else if (_ordered.TryDequeue(out var ordered))
        {
            CloseOrdered(ordered);
        }
        else if (!_open.IsEmpty)
        {
            CloseOpenBatch();
        }
    }

    /// <summary>An ordered transaction is a batch of its own, over nothing pending: what is open steps back and runs again behind it.</summary>
    private void CloseOrdered(Transaction ordered)
    {
        DissolveOpen();
        if (!ordered.Answered && Execute(ordered))
        {
            _open.Join(ordered, _rows.Read, _cells);
            _open.Ordered = true;
            CloseOpenBatch();
        }

        Pump();
        CloseSoonIfWanted();
    }

    private void CloseOpenBatch()
    {
        var open = _open;
        _open = new OpenBatch();
        _closing = new ClosingBatch(open, _epoch!.Log, _epoch.Next) { Closed = _time.GetTimestamp() };
        _commit = ObserveAsync(CommitAsync(_closing, _epoch));
    }

    private async Task CommitAsync(ClosingBatch batch, LogEpoch epoch)
    {
        PublishOutcome outcome;
        try
        {
            // 1 to 3. Install, validate, undo who failed. A batch with anything installed waits for no other log (W10).
            await SettleAsync(batch, epoch);
            if (batch.Ordered && batch.HasUndone)
            {
                await PauseAsync();
            }

            // 4. Publish, unless nothing is left that needs it.
            outcome = await PublishAsync(batch, epoch);
        }
        catch (Exception fault) when (fault is UnsettledException or ShardChangedException)
        {
            outcome = _limits.Suspended == SuspendedRule.W8 ? await PublishAsync(batch, epoch) : PublishOutcome.Unknown;
        }

        // 5. Answer.
        switch (outcome)
        {
            case PublishOutcome.Confirmed:
                Finish(batch, epoch);
                break;
            case PublishOutcome.Refused:
                await WithdrawAsync(batch, epoch);
                break;
            default:
                await RenewEpochAsync(batch);
                break;
        }
    }

    private async ValueTask SettleAsync(ClosingBatch batch, LogEpoch epoch)
    {
        batch.FailStaleTouches();
        await _installer.InstallAsync(batch, epoch.Durable, _stop.Token);
        await _installer.DisownFullAsync(_stop.Token);
        await _installer.ValidateAsync(batch, _stop.Token);
        batch.MarkUndone(_limits.Suspended);
        if (batch.HasUndone)
        {
            await (_limits.Suspended == SuspendedRule.W10 ? WaitInstalledAsync(batch) : ValueTask.CompletedTask);
            await _installer.UndoAsync(batch, epoch.Durable, _stop.Token);
            DissolveOpen();
        }

        foreach (var touch in batch.Touches)
        {
            Settle(touch);
            if (touch.Installed is not null && Outcomes.IsOutcome(touch.Cell.Key))
            {
                ExpireLater(touch.Cell.Key, _limits.OutcomeLife, batch.Stamp);
            }
        }

        (Counters.ShardOperations, Counters.ShardPasses) = (_shards.Operations, _shards.Passes);
    }

    /// <summary>The cell's base becomes what the shard holds now; a transaction of the open batch that met the row on the old base is rebased with it.</summary>
    private static void Settle(Touch touch)
    {
        var known = touch.Failed ? null : touch.Installed ?? touch.Base;
        if (touch.Cell.Open is { } open && open.Base == touch.Cell.Base)
        {
            open.Base = known;
        }

        touch.Cell.Base = known;
    }

    private async ValueTask<PublishOutcome> PublishAsync(ClosingBatch batch, LogEpoch epoch)
    {
        var records = batch.Records();
        if (records.Count == 0 && !batch.RenewsLease && epoch.LeaseIsFresh)
        {
            return PublishOutcome.Confirmed;
        }

        foreach (var transaction in batch.Transactions)
        {
            transaction.Clock.LogBegins(_time);
        }

        var message = BatchCodec.Encode(new Batch(
            epoch.Log,
            epoch.Next,
            _shards.View!.Number,
            BatchKind.Records,
            _time.GetUtcNow().ToUnixTimeMilliseconds(),
            batch.Survivors.Count(),
            batch.Foreign(),
            records));
        PublishOutcome outcome;
        using (BatchSpan.Begin(batch))
        {
            outcome = await epoch.PublishAsync(message, _stop.Token);
        }

        if (outcome == PublishOutcome.Confirmed)
        {
            Counters.Batches++;
            Counters.Records += records.Count;
            Counters.LogBytes += message.Length;
            _unstored.Published(epoch.Durable, message.Length);
            LookAtBacklog();
            _options.Feed.Announce(new CommitNotice(epoch.Log, epoch.Durable, Visible(records)));
        }

        return outcome;
    }

    private void Finish(ClosingBatch batch, LogEpoch epoch)
    {
        _marks.Hear(new CommitNotice(epoch.Log, epoch.Durable, []));
        batch.Release();
        _closing = null;
        foreach (var transaction in batch.Transactions)
        {
            if (transaction.Undone)
            {
                TryAgain(transaction);
            }
            else
            {
                NoteWrite(transaction, batch.Stamp);
                Complete(transaction);
            }
        }

        Counters.RememberedRows = _cells.Count;
        _gathering.Round(_time.GetElapsedTime(batch.Closed));
        Pump();
        GatherThenClose(batch.Transactions.Count);
    }

    /// <summary>The log refused the batch and goes on: everything is taken back, the callers try later.</summary>
    private async Task WithdrawAsync(ClosingBatch batch, LogEpoch epoch)
    {
        try
        {
            batch.UndoAll();
            await _installer.UndoAsync(batch, epoch.Durable, _stop.Token);
        }
        catch (Exception fault) when (fault is UnsettledException or ShardChangedException)
        {
            await RenewEpochAsync(batch);
            return;
        }

        DissolveOpen();
        foreach (var touch in batch.Touches)
        {
            Settle(touch);
        }

        batch.Release();
        _closing = null;
        foreach (var transaction in batch.Transactions)
        {
            transaction.ForgetAttempt();
            Refuse(transaction, "The commit log takes no more at the moment (is RabbitMQ away, or a disk full?). Nothing happened.");
        }

        Pump();
        CloseSoonIfWanted();
    }

    /// <summary>Its batch undid it: it runs again; after repeated conflicts at the owner of its lowest contended row, and there in key order (W10).</summary>
    private void TryAgain(Transaction transaction)
    {
        if (transaction.Answered)
        {
            // Its caller has been told that nobody knows, and asks again with its id: nobody waits for this run any more, here or at another server.
            transaction.ForgetAttempt();
            return;
        }

        if (ClosingBatch.RefusalFor(transaction) is { } refusal)
        {
            transaction.ForgetAttempt();
            Refuse(transaction, refusal);
            return;
        }

        var contended = transaction.Contended;
        transaction.ForgetAttempt();
        Counters.Conflicts++;
        if (contended == default)
        {
            Ready(transaction);
            return;
        }

        transaction.Conflicts++;
        if (transaction.Conflicts >= _limits.ConflictsBeforeOrder && !transaction.Ordered)
        {
            if (!transaction.WasHandedOver && HandOver(contended, transaction))
            {
                return;
            }

            transaction.Ordered = true;
        }

        Ready(transaction);
    }

    private bool HandOver(RowKey contended, Transaction transaction)
    {
        _waiting.Remove(transaction);
        if (!_options.HandOver(contended, transaction))
        {
            _waiting.Add(transaction);
            return false;
        }

        Counters.HandedOver++;
        return true;
    }

    private void DissolveOpen()
    {
        var open = _open;
        _open = new OpenBatch { RenewsLease = open.RenewsLease };
        open.Dissolve();
        foreach (var transaction in open.Transactions)
        {
            transaction.ForgetAttempt();
            Ready(transaction);
        }
    }

    private void CloseSoonIfWanted()
    {
        if (!_open.IsEmpty || _ordered.Count > 0 || WantsToCross)
        {
            CloseSoon();
        }
    }

    /// <summary>How far the store is behind this server's log.</summary>
    public void LookAtBacklog()
    {
        if (_epoch is { } epoch)
        {
            _unstored.Stored(_options.Epochs.StoredBatch(epoch.Log));
            Counters.BacklogBatches = _unstored.Batches;
            Counters.BacklogBytes = _unstored.Bytes;
        }
    }

    /// <summary>The rows that others may watch: not the outcomes of ids.</summary>
    private static List<RowKey> Visible(List<BatchRecord> records)
    {
        var visible = new List<RowKey>(records.Count);
        foreach (var record in records)
        {
            if (!Outcomes.IsOutcome(record.Key))
            {
                visible.Add(record.Key);
            }
        }

        return visible;
    }

    private Task PauseAsync() => Task.Delay(_limits.ConflictPause * _options.Random.NextDouble(), _time, _stop.Token);
}
