using Mjolnir.Core.Envelopes;

namespace Mjolnir.Core.Manifests;

/// <summary>What a numbered entry of a log's manifest says.</summary>
public enum ManifestKind
{
    /// <summary>A segment with the batches <see cref="ManifestEntry.FirstBatch"/> to <see cref="ManifestEntry.LastBatch"/> is stored.</summary>
    Segment,

    /// <summary>The log is sealed: <see cref="ManifestEntry.LastBatch"/> is its watermark, and no entry follows (W1).</summary>
    Seal,
}

/// <summary>One numbered entry of a log's manifest, created if absent and never overwritten.</summary>
/// <param name="Log">the log</param>
/// <param name="Number">consecutive in its log, from 1</param>
/// <param name="Kind">segment or seal</param>
/// <param name="Segment">the segment's object name; null when no row was written in these batches, and for a seal</param>
/// <param name="FirstBatch">first batch covered</param>
/// <param name="LastBatch">last batch covered; for a seal the watermark</param>
/// <param name="LastView">the highest view marker seen in the log up to here</param>
/// <param name="Foreign">per other log the highest batch that these batches depend on</param>
/// <param name="Writer">random id of the worker run that wrote it: an own entry whose answer was lost is recognised by it (W3)</param>
/// <param name="Rows">rows in the segment</param>
/// <param name="Bytes">size of the segment</param>
public sealed record ManifestEntry(
    string Log,
    long Number,
    ManifestKind Kind,
    string? Segment,
    long FirstBatch,
    long LastBatch,
    long LastView,
    IReadOnlyList<Stamp> Foreign,
    string Writer,
    long Rows,
    long Bytes);
