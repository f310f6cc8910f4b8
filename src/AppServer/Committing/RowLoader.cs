using Mjolnir.Core;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Protocol;
using Mjolnir.Storage.Objects;
using Mjolnir.Storage.Shards;

namespace Mjolnir.AppServer.Committing;

/// <summary>The shard has no room for a row that is to be remembered there.</summary>
internal sealed class ShardFullException() : Exception("The cache shard has no room for more data.");

/// <summary>What a shard answered to a pass of loads: one answer per row, in order.</summary>
/// <param name="Answers">the answers; one more than rows, the label</param>
/// <param name="Incarnation">the connection's incarnation before the pass was sent</param>
internal readonly record struct LoadPass(IReadOnlyList<ShardOperation> Answers, long Incarnation);

/// <summary>
/// Reads rows from their shards until what is found is durable, loading them from the store where the shard has nothing (protocol: reading a key).
/// <code>
/// get or lease, label ── hit ──► durable? ──► base
///  ▲                      │        ├─ provisional: wait for its watermark or its undo, then get again; out of patience: seal that log
///  │                      │        └─ void: put back what it replaced, or reload; then get again
///  └────────────────────  miss ──► store ─► set under the lease's token ──► base
/// </code>
/// Rows of one shard are asked for in one pass; the label is asked for behind them in the same pass, so it is read after every lease was taken (V2).
/// </summary>
internal sealed class RowLoader(ShardSet shards, LogMarks marks, ILogEpochs epochs, IStoredRows store, CommitterLimits limits, TimeProvider time, string server)
{
    /// <summary>Store reads made for single rows; stands still in steady state.</summary>
    public long StoreReads { get; private set; }

    /// <summary>The newest version with its token, if its shard answers at once and it is durable; else null: load it.</summary>
    public CellBase? TryLoadNow(Cell cell)
    {
        var get = new ShardOperation { Verb = ShardVerb.Get, CacheKey = cell.CacheKey };
        return shards.TryGetNow(cell, get) ? TryProve(get, cell.Home.Link.Incarnation) : null;
    }

    /// <summary>Asks for rows of one shard in one pass. Null: the connection ended, ask again later.</summary>
    /// <exception cref="ShardChangedException">the shard lost its memory</exception>
    public async ValueTask<LoadPass?> AskAsync(ShardLink link, IReadOnlyList<Cell> cells, CancellationToken cancellationToken)
    {
        var pass = new ShardOperation[cells.Count + 1];
        for (var i = 0; i < cells.Count; i++)
        {
            pass[i] = new ShardOperation { Verb = ShardVerb.GetOrLease, CacheKey = cells[i].CacheKey };
        }

        var label = pass[^1] = ShardLink.LabelQuestion();
        var incarnation = link.Incarnation;
        if (limits.Suspended == SuspendedRule.V2)
        {
            await shards.RunAsync(link, [label], cancellationToken);
        }

        await shards.RunAsync(link, limits.Suspended == SuspendedRule.V2 ? pass[..^1] : pass, cancellationToken);
        return link.Confirms(label, incarnation) ? new LoadPass(pass, incarnation) : null;
    }

    /// <summary>The base that a hit gives, if it is durable. A provisional version of the own log does not count as found: it ends first (V7).</summary>
    public CellBase? TryProve(ShardOperation hit, long incarnation)
    {
        var envelope = EnvelopeCodec.Decode(hit.Value);
        return IsDurable(envelope.Current.Stamp) ? new CellBase(envelope, hit.Token, incarnation) : null;
    }

    /// <summary>True if the store need not be asked for a row that its shard does not have: it is absent.</summary>
    public bool IsAbsent(Cell cell) => store.IsWarm(cell.Home.Link.Shard.Label, cell.Home.Since);

    /// <summary>Marks rows as absent under the leases won for them, all in one pass; null for a row that must be asked for again.</summary>
    public async ValueTask<CellBase?[]> MarkAbsentAsync(ShardLink link, IReadOnlyList<(Cell Cell, ulong Lease)> rows, long incarnation, CancellationToken cancellationToken)
    {
        var absent = Envelope.Of(RowVersion.Absent);
        var pass = new ShardOperation[rows.Count];
        for (var i = 0; i < pass.Length; i++)
        {
            pass[i] = Replacing(rows[i].Cell, absent, rows[i].Lease, grows: true);
        }

        await shards.RunAsync(link, pass, cancellationToken);
        var known = new CellBase?[pass.Length];
        for (var i = 0; i < pass.Length; i++)
        {
            known[i] = await SettledAsync(rows[i].Cell, pass[i], absent, incarnation, cancellationToken);
        }

        return known;
    }

    /// <summary>Goes on with a row whose first answer does not settle it. Null: ask again.</summary>
    public async ValueTask<CellBase?> FollowAsync(Cell cell, ShardOperation answer, long incarnation, CancellationToken cancellationToken)
    {
        switch (answer.Status)
        {
            case ShardStatus.Hit:
                return await ProveAsync(cell, answer, incarnation, cancellationToken);
            case ShardStatus.LeaseWon:
                return await FillAsync(cell, answer.Token, incarnation, cancellationToken);
            case ShardStatus.LeaseHeld when cell.LeaseHeld >= limits.LooksBeforeTakeOver:
                // Whoever saw a lease before the label and reads the store after it may fill the row under that lease: only one of all can.
                return await FillAsync(cell, answer.Token, incarnation, cancellationToken);
            case ShardStatus.LeaseHeld:
                // The shard cannot tell when somebody else's load ends: look again, less and less often, until the callers' patience ends.
                await Task.Delay(limits.LeasePause * (1 << Math.Min(cell.LeaseHeld++, CommitterLimits.LeasePauseDoublings)), time, cancellationToken);
                return null;
            case ShardStatus.NoRoom:
                throw new ShardFullException();
            case ShardStatus.Full:
                await cell.Home.Link.DisownAsync(cancellationToken);
                throw new ShardFullException();
            case ShardStatus.Unknown:
                return null;
            default:
                throw new InvariantException($"Shard {cell.Home.Link.Shard.Name} answered {answer.Status} to a get of {cell.Key}.");
        }
    }

    private async ValueTask<CellBase?> ProveAsync(Cell cell, ShardOperation get, long incarnation, CancellationToken cancellationToken)
    {
        var envelope = EnvelopeCodec.Decode(get.Value);
        var stamp = envelope.Current.Stamp;
        switch (IsDurable(stamp) ? StampFate.Durable : marks.FateOf(stamp))
        {
            case StampFate.Durable:
                return new CellBase(envelope, get.Token, incarnation);
            case StampFate.Void:
                return await RepairAsync(cell, envelope, get.Token, incarnation, cancellationToken);
            default:
                if (await BearsInVainAsync(cell, stamp, cancellationToken))
                {
                    marks.Seal(stamp.Log, await epochs.SealAsync(stamp.Log, cancellationToken));
                }

                return null;
        }
    }

    /// <summary>
    /// Waits while the row bears a version that is not durable; true when patience ran out first. A batch that was undone is never confirmed, and its log tells nobody: whoever only waited for the watermark would seal
    /// the log of a healthy server that has nothing else to write. So the row is looked at in between.
    /// </summary>
    private async ValueTask<bool> BearsInVainAsync(Cell cell, Stamp stamp, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        for (var pause = limits.ForeignLook; await marks.WaitAsync(stamp, pause) == StampFate.Provisional; pause = pause < limits.LongestRetry ? 2 * pause : pause)
        {
            var get = new ShardOperation { Verb = ShardVerb.Get, CacheKey = cell.CacheKey };
            await shards.RunAsync(cell.Home.Link, [get], cancellationToken);
            if (get.Status != ShardStatus.Unknown && !Bears(get, stamp))
            {
                return false;
            }

            if (time.GetElapsedTime(began) >= limits.ForeignPatience)
            {
                return true;
            }
        }

        return false;
    }

    private static bool Bears(ShardOperation get, Stamp stamp) =>
        get.Status == ShardStatus.Hit && EnvelopeCodec.Decode(get.Value).Current.Stamp == stamp;

    private bool IsDurable(Stamp stamp) =>
        marks.FateOf(stamp) is var fate && (fate == StampFate.Durable || (fate == StampFate.Provisional && CountsEarly(stamp)));

    /// <summary>Only where a test has switched off what keeps it out.</summary>
    private bool CountsEarly(Stamp stamp) =>
        limits.Suspended == SuspendedRule.ForeignSight || (limits.Suspended == SuspendedRule.V7 && stamp.Log.StartsWith(server + ".", StringComparison.Ordinal));

    private async ValueTask<CellBase?> RepairAsync(Cell cell, Envelope voided, ulong token, long incarnation, CancellationToken cancellationToken)
    {
        var sealedAt = marks.SealedAt(voided.Current.Stamp.Log);
        Invariant.Require(sealedAt is not null, $"The version {voided.Current.Stamp} of {cell.Key} is void, but its log has no seal.");
        var restored = EnvelopeSuccession.Restore(voided, sealedAt.Value);
        if (restored is null)
        {
            StoreReads++;
            var found = limits.Suspended == SuspendedRule.W6 ? await store.FindAsync(cell.Key, cancellationToken) : await store.FindFreshAsync(cell.Key, cancellationToken);
            restored = Envelope.Of(found ?? RowVersion.Absent);
        }

        return await ReplaceAsync(cell, restored, token, incarnation, grows: false, cancellationToken);
    }

    /// <summary>The lease is ours, and the label was read after it was taken (V2).</summary>
    private async ValueTask<CellBase?> FillAsync(Cell cell, ulong lease, long incarnation, CancellationToken cancellationToken)
    {
        RowVersion stored;
        try
        {
            stored = IsAbsent(cell) ? RowVersion.Absent : await StoredAsync(cell, cancellationToken);
        }
        catch (Exception fault) when (fault is StoreUnavailableException or CorruptDataException)
        {
            // Others need not wait for the lease to expire to learn the same.
            await shards.RunAsync(cell.Home.Link, [new ShardOperation { Verb = ShardVerb.CompareAndDelete, CacheKey = cell.CacheKey, Token = lease }], cancellationToken);
            throw;
        }

        if (limits.Suspended == SuspendedRule.V14)
        {
            stored = stored with { Stamp = Stamp.None };
        }

        return await ReplaceAsync(cell, Envelope.Of(stored), lease, incarnation, grows: true, cancellationToken);
    }

    private async ValueTask<RowVersion> StoredAsync(Cell cell, CancellationToken cancellationToken)
    {
        StoreReads++;
        return await store.FindAsync(cell.Key, cancellationToken) ?? RowVersion.Absent;
    }

    private async ValueTask<CellBase?> ReplaceAsync(Cell cell, Envelope envelope, ulong token, long incarnation, bool grows, CancellationToken cancellationToken)
    {
        var set = Replacing(cell, envelope, token, grows);
        await shards.RunAsync(cell.Home.Link, [set], cancellationToken);
        return await SettledAsync(cell, set, envelope, incarnation, cancellationToken);
    }

    private static async ValueTask<CellBase?> SettledAsync(Cell cell, ShardOperation set, Envelope envelope, long incarnation, CancellationToken cancellationToken)
    {
        switch (set.Status)
        {
            case ShardStatus.Stored:
                return new CellBase(envelope, set.Token, incarnation);
            case ShardStatus.NoRoom or ShardStatus.TooLarge:
                throw new ShardFullException();
            case ShardStatus.Full:
                await cell.Home.Link.DisownAsync(cancellationToken);
                throw new ShardFullException();
            default:
                return null;
        }
    }

    private static ShardOperation Replacing(Cell cell, Envelope envelope, ulong token, bool grows) =>
        new() { Verb = ShardVerb.CompareAndSet, CacheKey = cell.CacheKey, Token = token, Value = EnvelopeCodec.Encode(envelope), Grows = grows };
}
