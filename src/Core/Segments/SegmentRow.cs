using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;

namespace Mjolnir.Core.Segments;

/// <summary>One line of a segment or run: a row's version as it was logged.</summary>
/// <param name="Key">the row</param>
/// <param name="Version">the version with its stamp and value; <see cref="RowState.Absent"/> marks an expired transaction id</param>
public readonly record struct SegmentRow(RowKey Key, RowVersion Version)
{
    /// <summary>
    /// The clock of the server that wrote a transaction id (table <c>_tx</c>), in Unix milliseconds: ids are dropped by age, and an id used again
    /// after that starts at version 1 once more. 0 for every other row, whose order is its version alone.
    /// </summary>
    public long Time { get; init; }

    /// <summary>The table of transaction ids (V15), whose rows end without a tombstone.</summary>
    public const string TransactionTable = "_tx";

    /// <summary>True for a row of <see cref="TransactionTable"/>.</summary>
    public static bool IsTransactionId(RowKey key)
    {
        var text = key.Text.AsSpan();
        return text[(text.IndexOf('/') + 1)..].StartsWith("_tx/");
    }
}
