using Mjolnir.Core;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Protocol;
using Mjolnir.Storage.Shards;

namespace Mjolnir.AppServer.Committing;

/// <summary>
/// Reads a row from its shard until what is found is durable, loading it from the store where the shard has nothing (protocol: reading a key).
/// <code>
/// get ── hit ──► durable? ──► base
///  ▲      │        ├─ provisional: wait for its watermark, then get again; out of patience: seal that log
///  │      │        └─ void: put back what it replaced, or reload; then get again
///  └──── miss ──► lease ─► label ─► store ─► set under the lease's token ──► base
/// </code>
/// </summary>
internal sealed class RowLoader(ShardSet shards, LogMarks marks, ILogEpochs epochs, IStoredRows store, CommitterLimits limits, TimeProvider time)
{
    /// <summary>Store reads made for single rows; stands still in steady state.</summary>
    public long StoreReads { get; private set; }

    /// <summary>The newest version with its token, if its shard answers at once and it is durable; else null: load it.</summary>
    public CellBase? TryLoadNow(Cell cell)
    {
        var get = new ShardOperation { Verb = ShardVerb.Get, CacheKey = cell.CacheKey };
        if (!shards.TryGetNow(cell, get))
        {
            return null;
        }

        var envelope = EnvelopeCodec.Decode(get.Value);
        return marks.FateOf(envelope.Current.Stamp) == StampFate.Durable ? new CellBase(envelope, get.Token, shards.Incarnation(cell.Shard)) : null;
    }

    /// <summary>The newest durable version with its token. A provisional version of the own log does not count as found: it ends first (V7).</summary>
    /// <exception cref="ShardChangedException">the shard lost its memory</exception>
    public async ValueTask<CellBase> LoadAsync(Cell cell, CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await shards.EnsureLabelAsync(cell.Shard, cancellationToken);
            var incarnation = shards.Incarnation(cell.Shard);
            var get = new ShardOperation { Verb = ShardVerb.GetOrLease, CacheKey = cell.CacheKey };
            await shards.RunAsync(cell.Shard, get, cancellationToken);
            var found = get.Status switch
            {
                ShardStatus.Hit => await ProveAsync(cell, get, incarnation, cancellationToken),
                ShardStatus.LeaseWon => await FillAsync(cell, get.Token, incarnation, cancellationToken),
                ShardStatus.LeaseHeld => await PauseAsync(cancellationToken),
                ShardStatus.Unknown => null,
                _ => throw new InvariantException($"Shard {cell.Shard} answered {get.Status} to a get of {cell.Key}."),
            };
            if (found is not null && found.Incarnation == shards.Incarnation(cell.Shard))
            {
                return found;
            }
        }
    }

    private async ValueTask<CellBase?> ProveAsync(Cell cell, ShardOperation get, long incarnation, CancellationToken cancellationToken)
    {
        var envelope = EnvelopeCodec.Decode(get.Value);
        var stamp = envelope.Current.Stamp;
        switch (marks.FateOf(stamp))
        {
            case StampFate.Durable:
                return new CellBase(envelope, get.Token, incarnation);
            case StampFate.Void:
                return await RepairAsync(cell, envelope, get.Token, incarnation, cancellationToken);
            default:
                if (await marks.WaitAsync(stamp, limits.ForeignPatience) == StampFate.Provisional)
                {
                    marks.Seal(stamp.Log, await epochs.SealAsync(stamp.Log, cancellationToken));
                }

                return null;
        }
    }

    private async ValueTask<CellBase?> RepairAsync(Cell cell, Envelope voided, ulong token, long incarnation, CancellationToken cancellationToken)
    {
        var sealedAt = marks.SealedAt(voided.Current.Stamp.Log);
        Invariant.Require(sealedAt is not null, $"The version {voided.Current.Stamp} of {cell.Key} is void, but its log has no seal.");
        var restored = EnvelopeSuccession.Restore(voided, sealedAt.Value);
        if (restored is null)
        {
            StoreReads++;
            restored = Envelope.Of(await store.FindFreshAsync(cell.Key, cancellationToken) ?? RowVersion.Absent);
        }

        return await ReplaceAsync(cell, restored, token, incarnation, cancellationToken);
    }

    private async ValueTask<CellBase?> FillAsync(Cell cell, ulong lease, long incarnation, CancellationToken cancellationToken)
    {
        // The lease comes first: were the label read before it, the shard could be flushed and opened anew in between (V2).
        if (!await shards.CheckLabelAsync(cell.Shard, cancellationToken))
        {
            return null;
        }

        return await ReplaceAsync(cell, Envelope.Of(await StoredAsync(cell, cancellationToken)), lease, incarnation, cancellationToken);
    }

    private async ValueTask<RowVersion> StoredAsync(Cell cell, CancellationToken cancellationToken)
    {
        if (store.IsWarm(shards.LabelOf(cell.Shard), cell.Since))
        {
            return RowVersion.Absent;
        }

        StoreReads++;
        return await store.FindAsync(cell.Key, cancellationToken) ?? RowVersion.Absent;
    }

    private async ValueTask<CellBase?> ReplaceAsync(Cell cell, Envelope envelope, ulong token, long incarnation, CancellationToken cancellationToken)
    {
        var set = new ShardOperation { Verb = ShardVerb.CompareAndSet, CacheKey = cell.CacheKey, Token = token, Value = EnvelopeCodec.Encode(envelope) };
        await shards.RunAsync(cell.Shard, set, cancellationToken);
        return set.Status == ShardStatus.Stored ? new CellBase(envelope, set.Token, incarnation) : null;
    }

    private async ValueTask<CellBase?> PauseAsync(CancellationToken cancellationToken)
    {
        // The shard cannot tell when somebody else's load ends: look again, until the caller's patience ends.
        await Task.Delay(limits.LeasePause, time, cancellationToken);
        return null;
    }
}
