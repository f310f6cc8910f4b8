using Mjolnir.Core.Documents;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;

namespace Mjolnir.Core.Batches;

/// <summary>What a numbered message of a log is.</summary>
public enum BatchKind : byte
{
    /// <summary>Records of transactions; without any it keeps the log's lease alive.</summary>
    Records = 1,

    /// <summary>The server crossed to view <see cref="Batch.View"/>: what follows was made under it (V12, W8).</summary>
    View = 2,
}

/// <summary>One row written by a batch: the last value that the batch's transactions gave it.</summary>
/// <param name="Key">the row</param>
/// <param name="Version">the version this batch made: one more than the version it replaced</param>
/// <param name="State">present or tombstone; absent for an expired transaction id, which leaves no tombstone (V15)</param>
/// <param name="Value">the value; null unless present</param>
public readonly record struct BatchRecord(RowKey Key, long Version, RowState State, Document? Value);

/// <summary>One message of a log: all transactions that a server commits together.</summary>
/// <param name="Log">the log</param>
/// <param name="Number">consecutive in its log, from 1</param>
/// <param name="View">the view under which it was made</param>
/// <param name="Kind">records or a view marker</param>
/// <param name="UnixMilliseconds">the server's clock when it was closed; for people and for expiry, never for order</param>
/// <param name="Transactions">how many transactions it commits</param>
/// <param name="Foreign">per other log the highest batch whose versions its transactions read or replaced: what the stable cut is closed under</param>
/// <param name="Records">the rows written, in key order, each once</param>
public sealed record Batch(
    string Log,
    long Number,
    long View,
    BatchKind Kind,
    long UnixMilliseconds,
    int Transactions,
    IReadOnlyList<Stamp> Foreign,
    IReadOnlyList<BatchRecord> Records);
