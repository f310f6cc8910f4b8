using System.Globalization;

namespace Mjolnir.Checking.Histories;

/// <summary>What is known of a transaction's fate.</summary>
public enum Outcome : byte
{
    /// <summary>It was acknowledged: it happened, exactly once, between its start and its end.</summary>
    Committed = 1,

    /// <summary>It certainly did not happen.</summary>
    Refused = 2,

    /// <summary>It may have happened, at any time since its start, or may still happen.</summary>
    Unknown = 3,
}

/// <summary>
/// One transaction as its client saw it, all its attempts together: they bear one id. What a committed one read and wrote is known from its answer; of one whose outcome is unknown only
/// the writes that were asked for count.
/// </summary>
/// <param name="Client">who asked</param>
/// <param name="Id">the id that makes it happen once however often it is sent; unique in the history, or empty</param>
/// <param name="Start">when its first attempt was sent, in ticks of the history's one clock</param>
/// <param name="End">when its outcome was known. Of no meaning while that is unknown</param>
/// <param name="Outcome">what became of it</param>
/// <param name="Accesses">what it read and wrote, in its own order</param>
public sealed record Operation(int Client, string Id, long Start, long End, Outcome Outcome, IReadOnlyList<Access> Accesses)
{
    /// <inheritdoc/>
    public override string ToString()
    {
        var end = Outcome == Outcome.Unknown ? "?" : End.ToString(CultureInfo.InvariantCulture);
        var accesses = Accesses.Count == 0 ? "nothing" : string.Join("; ", Accesses);
        return string.Create(CultureInfo.InvariantCulture, $"{Id} (client {Client}, {Start}..{end}, {Outcome.ToString().ToLowerInvariant()}): {accesses}");
    }
}
