using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;

namespace Mjolnir.WriteBehind.Auditing;

/// <summary>A version of a row without its value: what it was is known by its hash.</summary>
/// <param name="Key">the row</param>
/// <param name="Version">its version</param>
/// <param name="Stamp">the batch that made it</param>
/// <param name="State">row, tombstone or absent</param>
/// <param name="Value">xxHash64 of the value; 0 for none</param>
internal readonly record struct RowPrint(RowKey Key, long Version, Stamp Stamp, RowState State, ulong Value)
{
    public static RowPrint Of(RowKey key, RowVersion version) =>
        new(key, version.Version, version.Stamp, version.State, version.Value is { } value ? XxHash64.Hash(value.Utf8.Span) : 0);

    /// <inheritdoc/>
    public override string ToString() => $"version {Version} by {Stamp}";
}
