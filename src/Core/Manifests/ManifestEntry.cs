using System.Text.Json.Serialization;
using Mjolnir.Core.Envelopes;

namespace Mjolnir.Core.Manifests;

/// <summary>What a numbered entry of a log's manifest says.</summary>
public enum ManifestKind
{
    /// <summary>The batches <see cref="ManifestEntry.FirstBatch"/> to <see cref="ManifestEntry.LastBatch"/> are stored: their rows are the segment in front of the entry.</summary>
    Segment,

    /// <summary>The log is sealed: <see cref="ManifestEntry.LastBatch"/> is its watermark, and no entry follows (W1).</summary>
    Seal,
}

/// <summary>One numbered entry of a log's manifest, created if absent and never overwritten: one object with the segment that it is about.</summary>
/// <param name="Log">the log</param>
/// <param name="Number">consecutive in its log, from 1</param>
/// <param name="Kind">segment or seal</param>
/// <param name="FirstBatch">first batch covered</param>
/// <param name="LastBatch">last batch covered; for a seal the watermark</param>
/// <param name="LastView">the highest view marker seen in the log up to here</param>
/// <param name="Foreign">per other log the highest batch that these batches depend on</param>
/// <param name="Writer">random id of the worker run that wrote it: an own entry whose answer was lost is recognised by it (W3)</param>
/// <param name="Rows">rows in the segment; 0: there is no segment</param>
/// <param name="Bytes">size of the segment, the entry behind it not counted</param>
public sealed record ManifestEntry(
    string Log,
    long Number,
    ManifestKind Kind,
    long FirstBatch,
    long LastBatch,
    long LastView,
    IReadOnlyList<Stamp> Foreign,
    string Writer,
    long Rows,
    long Bytes)
{
    /// <summary>True if a segment stands in front of the entry.</summary>
    [JsonIgnore]
    public bool HasRows => Rows > 0;
}
