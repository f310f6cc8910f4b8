namespace Mjolnir.Checking.Histories;

/// <summary>
/// What clients asked a system and what it answered. The state that it had before is an operation too, which wrote it and ended before all others began (<see cref="After"/>).
/// </summary>
/// <param name="operations">in any order</param>
public sealed class History(IEnumerable<Operation> operations)
{
    /// <summary>The client of what was there before the history began.</summary>
    public const int BeforeAll = -1;

    /// <summary>The client of an operation that a checker knows of only by what it wrote.</summary>
    public const int Somebody = -2;

    public IReadOnlyList<Operation> Operations { get; } = [.. operations];

    /// <summary>How many ended so.</summary>
    public int Count(Outcome outcome) => Operations.Count(operation => operation.Outcome == outcome);

    /// <summary>The same history over a state that was there before.</summary>
    /// <param name="state">as writes: registers with the version and value that they had, lists value by value</param>
    public History After(IReadOnlyList<Access> state)
    {
        var first = Operations.Count == 0 ? 0 : Operations.Min(operation => operation.Start);
        return new([new Operation(BeforeAll, "before", first - 2, first - 1, Outcome.Committed, state), .. Operations]);
    }

    /// <summary>Both, which were recorded by one clock.</summary>
    public History And(History other) => new(Operations.Concat(other.Operations));
}
