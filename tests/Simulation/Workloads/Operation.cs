using Mjolnir.Core.Keys;

namespace Mjolnir.Simulation.Tests.Workloads;

/// <summary>What a client was told at last.</summary>
internal enum Told
{
    /// <summary>Nothing yet, or nothing certain: it may have happened.</summary>
    Unknown,

    /// <summary>It happened.</summary>
    Committed,

    /// <summary>The handler refused.</summary>
    Aborted,

    /// <summary>It did not happen and will not.</summary>
    Refused,
}

/// <summary>What a client asks for, once: with an id as often as it takes to learn the outcome.</summary>
/// <param name="number">its number</param>
/// <param name="kind">for people</param>
/// <param name="requestId">its id; null: an unknown outcome stays unknown</param>
/// <param name="body">reads and writes; null means that a row is missing</param>
internal sealed class Operation(int number, string kind, string? requestId, Func<RowsOfRun, Outcome?> body)
{
    public int Number => number;

    public string Kind => kind;

    public string? RequestId => requestId;

    public Func<RowsOfRun, Outcome?> Body => body;

    public long Started { get; set; }

    /// <summary>When the client was told; never, if it was not.</summary>
    public long Ended { get; set; } = long.MaxValue;

    public Told Told { get; set; }

    /// <summary>The run whose result the client was given.</summary>
    public int ToldRun { get; set; }

    /// <summary>Times that it was sent.</summary>
    public int Sent { get; set; }

    public override string ToString() => $"operation {number} ({kind}{(requestId is null ? "" : $", id {requestId}")}, {Told})";
}

/// <summary>What a run of a body came to.</summary>
internal enum Outcome
{
    /// <summary>Its writes hold.</summary>
    Done,

    /// <summary>It refused.</summary>
    Refused,
}

/// <summary>The rows as a body sees them.</summary>
internal abstract class RowsOfRun
{
    /// <summary>False: the row must be loaded first; the body returns null.</summary>
    public abstract bool TryRead(RowKey key, out RowRead row);

    public abstract void Write(RowKey key, long? amount);
}
