using Mjolnir.Core.Batches;
using Mjolnir.Core.Envelopes;

namespace Mjolnir.AppServer.Committing;

/// <summary>The one batch between close and confirm.</summary>
internal sealed class ClosingBatch
{
    public ClosingBatch(OpenBatch open, string log, long number)
    {
        Stamp = new Stamp(log, number);
        Transactions = open.Transactions;
        Touches = open.Touches;
        RenewsLease = open.RenewsLease;
        Ordered = open.Ordered;
        foreach (var touch in Touches)
        {
            touch.Cell.Open = null;
            touch.Cell.Closing = touch;
            if (Ordered && !touch.Written)
            {
                // Same value, next version: nobody can change the row under an ordered transaction (W10).
                touch.Written = true;
                touch.Value = touch.Base?.Envelope.Current.Value;
            }
        }
    }

    public Stamp Stamp { get; }

    public IReadOnlyList<Transaction> Transactions { get; }

    public IReadOnlyList<Touch> Touches { get; }

    public bool RenewsLease { get; }

    /// <summary>Timestamp of the close.</summary>
    public required long Closed { get; init; }

    public bool Ordered { get; }

    public IEnumerable<Transaction> Survivors => Transactions.Where(transaction => !transaction.Undone);

    /// <summary>True once a transaction is to be undone.</summary>
    public bool HasUndone { get; private set; }

    /// <summary>Rows met on a base that is no longer the newest known: nothing need be installed to know that they fail.</summary>
    public void FailStaleTouches()
    {
        foreach (var touch in Touches)
        {
            if (touch.Base is null || touch.Base != touch.Cell.Base || !touch.Cell.IsReady)
            {
                touch.Failed = true;
            }
        }
    }

    /// <summary>
    /// Who must run again: whoever read or wrote a row that somebody else changed, and whoever read what such a transaction wrote. A row written after that
    /// by a survivor, without reading it, is the survivor's.
    /// </summary>
    public void MarkUndone(SuspendedRule suspended = SuspendedRule.None)
    {
        foreach (var transaction in Transactions)
        {
            transaction.Undone = Fails(transaction) && (suspended != SuspendedRule.V3 || transaction.WriteTouches.Count > 0);
            HasUndone |= transaction.Undone;
            foreach (var (touch, _) in transaction.WriteTouches)
            {
                touch.Tainted = transaction.Undone;
            }
        }
    }

    /// <summary>The log did not take the batch: all of it goes.</summary>
    public void UndoAll()
    {
        HasUndone = true;
        foreach (var transaction in Transactions)
        {
            transaction.Undone = true;
            foreach (var (touch, _) in transaction.WriteTouches)
            {
                touch.Tainted = true;
            }
        }
    }

    /// <summary>Why a shard would not take a row that the transaction wrote; null if it may run again.</summary>
    public static string? RefusalFor(Transaction transaction) =>
        transaction.WriteTouches.Select(static write => write.Touch.Refused).FirstOrDefault(static refused => refused is not null);

    /// <summary>After the undo: each row's value is the last survivor's; rows that only undone transactions wrote are not written.</summary>
    public void KeepSurvivorsOnly()
    {
        foreach (var touch in Touches)
        {
            touch.Written = false;
        }

        foreach (var transaction in Survivors)
        {
            foreach (var (touch, value) in transaction.WriteTouches)
            {
                touch.Written = true;
                touch.Value = value;
            }
        }
    }

    /// <summary>The rows to log, in key order.</summary>
    public List<BatchRecord> Records()
    {
        var records = new List<BatchRecord>();
        foreach (var touch in Touches)
        {
            if (touch.Installed is { } installed)
            {
                var current = installed.Envelope.Current;
                records.Add(new BatchRecord(touch.Cell.Key, current.Version, current.State, current.Value));
            }
        }

        records.Sort(static (left, right) => left.Key.CompareTo(right.Key));
        return records;
    }

    /// <summary>Per other log the highest batch that these transactions read or replaced: the stable cut is closed under it.</summary>
    public List<Stamp> Foreign()
    {
        Dictionary<string, long>? highest = null;
        foreach (var touch in Touches)
        {
            if (touch.Failed)
            {
                continue;
            }

            var stamp = touch.Base!.Envelope.Current.Stamp;
            if (stamp.Log != Stamp.Log && stamp != Stamp.None)
            {
                highest ??= [];
                if (!highest.TryGetValue(stamp.Log, out var batch) || batch < stamp.Batch)
                {
                    highest[stamp.Log] = stamp.Batch;
                }
            }
        }

        return highest is null ? [] : [.. highest.Select(pair => new Stamp(pair.Key, pair.Value)).OrderBy(stamp => stamp.Log, StringComparer.Ordinal)];
    }

    /// <summary>It has ended, one way or the other: its rows are as their bases say.</summary>
    public void Release()
    {
        foreach (var touch in Touches)
        {
            if (touch.Cell.Closing == touch)
            {
                touch.Cell.Closing = null;
            }
        }
    }

    private static bool Fails(Transaction transaction)
    {
        var fails = false;
        foreach (var touch in transaction.ReadTouches)
        {
            fails |= touch.Tainted;
            fails |= FailedOn(transaction, touch, fails);
        }

        foreach (var (touch, _) in transaction.WriteTouches)
        {
            fails |= FailedOn(transaction, touch, fails);
        }

        return fails;
    }

    private static bool FailedOn(Transaction transaction, Touch touch, bool known)
    {
        if (!touch.Failed)
        {
            return false;
        }

        if (!known || touch.Cell.Key.CompareTo(transaction.Contended) < 0)
        {
            transaction.Contended = touch.Cell.Key;
        }

        return true;
    }
}
