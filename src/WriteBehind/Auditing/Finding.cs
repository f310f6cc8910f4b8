using Mjolnir.Core.Violations;

namespace Mjolnir.WriteBehind.Auditing;

/// <summary>What a look at one row found.</summary>
internal enum FindingKind
{
    /// <summary>Cache, log and store say the same.</summary>
    Agrees,

    /// <summary>Nothing can be said at the moment: the shard is not warm or does not answer, a log is neither live nor sealed.</summary>
    Unclear,

    /// <summary>The shard holds a newer version that the manifest lists as stored: the store must have it.</summary>
    NeedsStore,

    /// <summary>A rule is broken, if it is still so after all looks.</summary>
    Suspicious,
}

/// <summary>A finding.</summary>
/// <param name="Kind">what</param>
/// <param name="Rule">the rule, if suspicious</param>
/// <param name="What">in plain words, if suspicious</param>
/// <param name="Cached">what the shard holds, if the store is needed, or if its log's live owner told of an end below it</param>
internal readonly record struct Finding(FindingKind Kind, ViolationKind Rule, string What, RowPrint Cached)
{
    public static readonly Finding Agrees = new(FindingKind.Agrees, default, "", default);

    public static readonly Finding Unclear = new(FindingKind.Unclear, default, "", default);

    public static Finding Suspicious(ViolationKind rule, string what) => new(FindingKind.Suspicious, rule, what, default);

    /// <summary>The shard holds what the log's live owner has not come to, as far as it was heard.</summary>
    public static Finding Ahead(in RowPrint cached, string what) => new(FindingKind.Suspicious, ViolationKind.StampOrder, what, cached);

    public static Finding NeedsStore(RowPrint cached) => new(FindingKind.NeedsStore, default, "", cached);
}
