namespace Mjolnir.WriteBehind.Auditing;

/// <summary>What an auditor has done so far.</summary>
/// <param name="Rows">rows compared</param>
/// <param name="Rounds">rounds that came to their end</param>
/// <param name="Skipped">rounds that could not be made: no open view, the store away</param>
/// <param name="Unclear">looks at rows that said nothing: shard not warm or silent, log neither live nor sealed</param>
/// <param name="Cleared">suspicions that another look dispelled: the cluster was changing</param>
/// <param name="Differences">differences told</param>
/// <param name="Open">differences that the last look at their rows still found</param>
/// <param name="LastRows">rows of the last round</param>
/// <param name="LastMilliseconds">work of the last round; waiting for another look is left out</param>
/// <param name="SecondsSinceRound">time since the last round's end; -1 before the first</param>
/// <param name="LastDifference">the newest difference in plain words; empty if there was none</param>
public sealed record AuditFigures(
    long Rows, long Rounds, long Skipped, long Unclear, long Cleared, long Differences, int Open, int LastRows, double LastMilliseconds, double SecondsSinceRound, string LastDifference)
{
    /// <summary>Before the first round.</summary>
    public static readonly AuditFigures None = new(0, 0, 0, 0, 0, 0, 0, 0, 0, -1, "");

    /// <summary>Bytes of the objects that hold rows, when the last round looked at the manifests.</summary>
    public long StoreBytes { get; init; }
}
