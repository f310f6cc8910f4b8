using System.Text.Json.Serialization;
using Mjolnir.Core.Violations;
using Mjolnir.Storage.Objects;
using Mjolnir.WriteBehind.Auditing;

namespace Mjolnir.Cli.Status;

/// <summary>What the auditor of a process has done: comparing cache, logs and store on random rows.</summary>
/// <param name="Rows">rows compared</param>
/// <param name="Rounds">rounds made</param>
/// <param name="Skipped">rounds that could not be made: no open view, the store away</param>
/// <param name="Unclear">looks at rows of which nothing could be said at that moment</param>
/// <param name="Cleared">suspicions that another look dispelled</param>
/// <param name="Differences">differences found: must be 0</param>
/// <param name="Open">of these, how many were still there when their rows were looked at last</param>
/// <param name="LastRows">rows of the last round</param>
/// <param name="LastMilliseconds">work of the last round</param>
/// <param name="SecondsSinceRound">since the last round; -1 before the first</param>
/// <param name="StoreReads">reads of the store, lists included; counted apart from all others</param>
/// <param name="LastDifference">the newest difference in plain words; empty if there was none</param>
internal sealed record AuditStatus(
    long Rows, long Rounds, long Skipped, long Unclear, long Cleared, long Differences, int Open, int LastRows, double LastMilliseconds, double SecondsSinceRound, long StoreReads, string LastDifference)
{
    /// <summary>Bytes of the objects of the store that hold rows, as of the last round.</summary>
    public long StoreBytes { get; init; }

    public static AuditStatus Of(AuditFigures figures, StoreRequests requests) => new(
        figures.Rows, figures.Rounds, figures.Skipped, figures.Unclear, figures.Cleared, figures.Differences, figures.Open,
        figures.LastRows, figures.LastMilliseconds, figures.SecondsSinceRound, requests.Figures.Gets + requests.Figures.Lists, figures.LastDifference)
    {
        StoreBytes = figures.StoreBytes,
    };
}

/// <summary>Broken rules of one kind that a process has found.</summary>
/// <param name="Kind">the rule, as in <c>mjolnir_invariant_violations_total</c></param>
/// <param name="Count">how often</param>
internal sealed record ViolationFigures(string Kind, long Count)
{
    /// <summary>Nothing is broken: a shard lost its memory, and a new view fills it.</summary>
    [JsonIgnore]
    public bool HealsByItself => Kind == Alarms.NameOf(ViolationKind.UnlabelledShard);

    /// <summary>The kinds that were found at all.</summary>
    public static IReadOnlyList<ViolationFigures> Of(Alarms alarms) =>
        [.. Alarms.Kinds.Select(kind => new ViolationFigures(Alarms.NameOf(kind), alarms.CountOf(kind))).Where(each => each.Count > 0)];
}
