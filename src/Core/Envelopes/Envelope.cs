using Mjolnir.Core.Documents;

namespace Mjolnir.Core.Envelopes;

/// <summary>What a version of a key says.</summary>
public enum RowState : byte
{
    /// <summary>The store was asked and has no row and no tombstone: version 0.</summary>
    Absent = 0,

    /// <summary>A row with a value.</summary>
    Present = 1,

    /// <summary>A removed row; keeps its version, so that no version is ever used twice (W9).</summary>
    Tombstone = 2,
}

/// <summary>One version of a row.</summary>
/// <param name="Version">rises by one per logged write; 0 for an absent row</param>
/// <param name="Stamp">the batch that made it; <see cref="Stamp.None"/> for an absent row</param>
/// <param name="State">row, tombstone or absent</param>
/// <param name="Value">the row's value; null unless <see cref="RowState.Present"/></param>
public sealed record RowVersion(long Version, Stamp Stamp, RowState State, Document? Value)
{
    /// <summary>The version of a key that the store does not know.</summary>
    public static readonly RowVersion Absent = new(0, Stamp.None, RowState.Absent, null);
}

/// <summary>
/// What a shard holds under a key: the current version and, while that is provisional over another log's version, the version it
/// replaced (protocol: reading a key, step 4; V1).
/// </summary>
/// <param name="Current">the newest version, provisional or durable</param>
/// <param name="Previous">the version that <paramref name="Current"/> (or an earlier, then not yet durable version of the same log) replaced, when that was another log's; else null</param>
/// <param name="Since">the batch of <c>Current.Stamp.Log</c> that first replaced <paramref name="Previous"/>; 0 without one</param>
public sealed record Envelope(RowVersion Current, RowVersion? Previous, long Since)
{
    /// <summary>The envelope of a version that replaces nothing which might come back.</summary>
    public static Envelope Of(RowVersion version) => new(version, null, 0);
}
