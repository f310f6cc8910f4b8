using Mjolnir.Core.Segments;

namespace Mjolnir.Core.Protocol;

/// <summary>How long the outcome of a transaction is known by its id (V15: at least ten minutes).</summary>
public static class TransactionIds
{
    /// <summary>Time for which an id's row is kept in the store: the promised ten minutes and one for clocks that differ.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromMinutes(11);

    /// <summary>
    /// True for a transaction id that is too old at <paramref name="unixMilliseconds"/>: it is unknown, its expiry needs not be written down, and compaction drops both. Readers
    /// hold it against the clock of the newest chain entry, so that what a merge dropped stays dropped even if an older line of it is still in another run.
    /// </summary>
    public static bool IsForgotten(in SegmentRow row, long unixMilliseconds) =>
        row.Time != 0 && row.Time < unixMilliseconds - (long)Kept.TotalMilliseconds;
}
