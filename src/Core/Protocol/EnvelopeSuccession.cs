using Mjolnir.Core.Documents;
using Mjolnir.Core.Envelopes;

namespace Mjolnir.Core.Protocol;

/// <summary>Which envelope follows which (protocol: reading a key, step 4).</summary>
public static class EnvelopeSuccession
{
    /// <summary>
    /// The envelope that a batch puts in the place of <paramref name="replaced"/>. It keeps as <c>previous</c> the version of another log that it replaces,
    /// and carries that on when it replaces a version of its own log that is not yet durable: were the log sealed below, that version must come back (V1).
    /// </summary>
    /// <param name="replaced">what the shard holds; its current version is durable or of <paramref name="stamp"/>'s own log</param>
    /// <param name="durable">durable watermark of the own log</param>
    /// <param name="stamp">the batch that writes</param>
    /// <param name="value">the new value; null removes the row</param>
    public static Envelope Next(Envelope replaced, long durable, Stamp stamp, Document? value)
    {
        var state = value is null ? RowState.Tombstone : RowState.Present;
        var current = new RowVersion(replaced.Current.Version + 1, stamp, state, value);
        var from = replaced.Current.Stamp;
        if (from.Log == stamp.Log)
        {
            return from.Batch > durable ? new Envelope(current, replaced.Previous, replaced.Since) : Envelope.Of(current);
        }

        return from == Stamp.None ? Envelope.Of(current) : new Envelope(current, replaced.Current, stamp.Batch);
    }

    /// <summary>
    /// What to put in the place of an envelope whose current version is void: the version it replaced, if it kept one and the log was sealed below
    /// the first batch that replaced it; null means reload from the store, with manifests read after the seal was (W6).
    /// </summary>
    /// <param name="voided">the envelope found</param>
    /// <param name="sealedAt">the sealed watermark of its current version's log</param>
    public static Envelope? Restore(Envelope voided, long sealedAt) =>
        voided.Previous is { } previous && sealedAt < voided.Since ? Envelope.Of(previous) : null;
}
