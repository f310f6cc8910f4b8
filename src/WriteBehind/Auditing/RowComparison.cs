using Mjolnir.Core;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Segments;
using Mjolnir.Core.Violations;
using Mjolnir.Storage.Rows;
using Mjolnir.Storage.Shards;

namespace Mjolnir.WriteBehind.Auditing;

/// <summary>
/// What must hold between a version that was read from the store <em>before</em> and what the shard that serves the row gives <em>after</em> that. Everything rests on two invariants: a version is in
/// the cache before it is in a log, and in a log before it is in the store.
/// <code>
/// shard ── nothing ─────────────── on a warm shard a row is missing; on any other it is loaded when it is wanted
///       ├─ older ───────────────── a stored version was in the shard before it was stored, and only newer ones replace it
///       ├─ the same stamp ──────── one batch writes a row once: version and value are the same
///       ├─ the same version ────── by another stamp: a version was used twice
///       └─ newer, its stamp is ─┬─ of a log that is not registered: logs are registered before anything is written under them
///                               ├─ void: what it replaced is held to the same, where the envelope still has it
///                               ├─ listed as stored: the store must have it (<see cref="FindingKind.NeedsStore"/>)
///                               └─ not yet stored: at most one batch above what its live owner says is durable, because one batch at a time is between close and confirm
/// </code>
/// Transaction ids start at version 1 again after their expiry and leave shard and store by themselves: of them only equal stamps are compared.
/// </summary>
/// <param name="snapshot">manifests read before the shard was</param>
/// <param name="cluster">what is heard of live logs</param>
internal sealed class RowComparison(StoreSnapshot snapshot, IAuditedCluster cluster)
{
    /// <summary>Compares one row.</summary>
    /// <param name="stored">a version that counts in the snapshot</param>
    /// <param name="get">the shard's answer, proved by its label behind it</param>
    /// <param name="shard">the shard's name</param>
    /// <param name="isWarm">a miss is an absent row</param>
    public Finding Compare(in RowPrint stored, ShardOperation get, string shard, bool isWarm)
    {
        var isId = SegmentRow.IsTransactionId(stored.Key);
        switch (get.Status)
        {
            case ShardStatus.Miss when isWarm && !isId:
                return Finding.Suspicious(ViolationKind.RowMissingInCache, $"The store has {stored} of {stored.Key}, and shard {shard}, which is warm, has no such item: servers take the row for absent.");
            case ShardStatus.Hit:
                break;
            default:
                return Finding.Unclear;
        }

        Envelope envelope;
        try
        {
            envelope = EnvelopeCodec.Decode(get.Value);
        }
        catch (CorruptDataException fault)
        {
            return Finding.Suspicious(ViolationKind.DamagedData, $"The item of {stored.Key} in shard {shard} is damaged: {fault.Message}");
        }

        var cached = RowPrint.Of(stored.Key, envelope.Current);
        if (!IsWellFormed(envelope.Current))
        {
            return Finding.Suspicious(ViolationKind.UnknownStamp, $"Shard {shard} holds {cached} of {stored.Key}, which no batch can have written.");
        }

        if (cached.Stamp == stored.Stamp)
        {
            return cached == stored ? Finding.Agrees : Finding.Suspicious(ViolationKind.ValueDiffers, $"Shard {shard} holds {cached} of {stored.Key}, the store {stored} with another value.");
        }

        return isId ? Finding.Agrees
            : cached.Version < stored.Version ? Finding.Suspicious(ViolationKind.CacheBehind, $"Shard {shard} holds {cached} of {stored.Key}, the store {stored}.")
            : cached.Version == stored.Version ? Finding.Suspicious(ViolationKind.VersionDuplicate, $"Shard {shard} holds {cached} of {stored.Key}, the store {stored}.")
            : Newer(stored, cached, envelope, shard);
    }

    /// <summary>What the store must say of a version that its manifest lists as stored.</summary>
    /// <param name="listed">the version</param>
    /// <param name="found">the line of the object that covers its batch, or of the newest run</param>
    public static Finding CompareStored(in RowPrint listed, SegmentRow? found)
    {
        if (found is not { } line)
        {
            return Finding.Suspicious(ViolationKind.RowMissingInStore, $"The manifest lists batch {listed.Stamp} as stored, and the store lacks {listed} of {listed.Key}.");
        }

        var stored = RowPrint.Of(line.Key, line.Version);
        return stored == listed || stored.Version > listed.Version ? Finding.Agrees
            : stored.Stamp == listed.Stamp ? Finding.Suspicious(ViolationKind.ValueDiffers, $"The store has another value of {listed.Key} in {stored} than was written as {listed}.")
            : stored.Version == listed.Version ? Finding.Suspicious(ViolationKind.VersionDuplicate, $"The store has {stored} of {listed.Key}, and {listed} was written too.")
            : Finding.Suspicious(ViolationKind.RowMissingInStore, $"The manifest lists batch {listed.Stamp} as stored, and the store has {stored} of {listed.Key} and not {listed}.");
    }

    private Finding Newer(in RowPrint stored, in RowPrint cached, Envelope envelope, string shard)
    {
        if (snapshot.Find(cached.Stamp.Log) is not { } log)
        {
            return Finding.Suspicious(ViolationKind.UnknownStamp, $"Shard {shard} holds {cached} of {stored.Key}, and no log {cached.Stamp.Log} was ever registered.");
        }

        if (!snapshot.IsValid(cached.Stamp))
        {
            return Voided(stored, envelope, log.Watermark!.Value, shard);
        }

        if (cached.Stamp.Batch <= log.LastBatch)
        {
            return Finding.NeedsStore(cached);
        }

        return cluster.DurableOf(cached.Stamp.Log) is not { } durable || log.Watermark is not null ? Finding.Unclear
            : cached.Stamp.Batch <= durable + 1 ? Finding.Agrees
            : Finding.Ahead(cached, $"Shard {shard} holds {cached} of {stored.Key}, and log {log.Log} ends with batch {durable}.");
    }

    /// <summary>The version never was. What it replaced comes back if the envelope has it and the log was sealed below the first batch that replaced it; then all between is void too.</summary>
    private static Finding Voided(in RowPrint stored, Envelope envelope, long sealedAt, string shard)
    {
        if (envelope.Previous is not { } previous || sealedAt >= envelope.Since)
        {
            return Finding.Agrees;
        }

        var replaced = RowPrint.Of(stored.Key, previous);
        return replaced.Version < stored.Version ? Finding.Suspicious(ViolationKind.CacheBehind, $"Shard {shard} holds {replaced} of {stored.Key} behind a void version, the store {stored}.")
            : replaced.Stamp == stored.Stamp && replaced != stored ? Finding.Suspicious(ViolationKind.ValueDiffers, $"Shard {shard} holds {replaced} of {stored.Key} behind a void version, the store {stored} with another value.")
            : Finding.Agrees;
    }

    private static bool IsWellFormed(RowVersion version) => version.State == RowState.Absent
        ? version.Version == 0 && version.Stamp == Stamp.None
        : version.Version > 0 && version.Stamp.Batch > 0 && version.Stamp.Log.Length > 0;
}
