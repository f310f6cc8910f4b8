namespace Mjolnir.Core.Violations;

/// <summary>Which rule was found broken. Each is an alarm of its own: <c>mjolnir_invariant_violations_total{kind}</c> with the name in small letters, words joined by <c>_</c>.</summary>
public enum ViolationKind
{
    /// <summary>A rule without a name of its own; the message says which.</summary>
    BrokenRule,

    /// <summary>Damaged bytes, or a format that this program does not know: an object of the store, a message of a log, an envelope in a shard.</summary>
    DamagedData,

    /// <summary>A version of a key was left out (invariant 6).</summary>
    VersionGap,

    /// <summary>A version of a key exists twice, or goes back (invariant 6).</summary>
    VersionDuplicate,

    /// <summary>A stamp names a batch above its log's end, or the view under which batches are made goes back.</summary>
    StampOrder,

    /// <summary>Batches of a log are missing.</summary>
    BatchGap,

    /// <summary>A batch number of a log was used twice.</summary>
    BatchDuplicate,

    /// <summary>A shard does not bear the label that the view says, or refused for memory: nothing in it is believed (V5, V9m).</summary>
    UnlabelledShard,

    /// <summary>A version without a stamp, or by a log that was never registered.</summary>
    UnknownStamp,

    /// <summary>The store holds a newer version than the shard.</summary>
    CacheBehind,

    /// <summary>The same version has two values.</summary>
    ValueDiffers,

    /// <summary>A warm shard lacks a row that the store has: servers take it for absent.</summary>
    RowMissingInCache,

    /// <summary>The store lists a batch as stored and lacks a row that it wrote.</summary>
    RowMissingInStore,
}
