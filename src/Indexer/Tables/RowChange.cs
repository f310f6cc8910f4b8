using Mjolnir.Core.Documents;

namespace Mjolnir.Indexer.Tables;

/// <summary>A version of a row, as a batch or the store tells it.</summary>
/// <param name="PrimaryKey">the row's primary key</param>
/// <param name="Version">the version: of two, the higher one counts, whichever comes first</param>
/// <param name="Value">the row; null if it was removed</param>
internal readonly record struct RowChange(string PrimaryKey, long Version, Document? Value);
