using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;

namespace Mjolnir.Core.Segments;

/// <summary>One line of a segment or run: a row's version as it was logged.</summary>
/// <param name="Key">the row</param>
/// <param name="Version">the version with its stamp and value; <see cref="RowState.Absent"/> marks an expired transaction id</param>
public readonly record struct SegmentRow(RowKey Key, RowVersion Version);
