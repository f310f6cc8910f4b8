using Mjolnir.Core.Documents;
using Mjolnir.Core.Keys;

namespace Mjolnir.Simulation.Tests.Workloads;

/// <summary>What a run read of a row.</summary>
/// <param name="Key">the row</param>
/// <param name="Writer">the number of the run that wrote what was read; 0: there was no row</param>
/// <param name="Amount">what was read</param>
/// <param name="List">of a list: the runs that have appended to it, in order</param>
internal readonly record struct RowRead(RowKey Key, int Writer, long Amount, IReadOnlyList<int> List)
{
    public static RowRead Missing(RowKey key) => new(key, 0, 0, []);
}

/// <summary>
/// One run of an operation's handler, as the judge remembers it: what it read and what it would write. Its number is in every value that it writes, so each value says which run it is of.
/// </summary>
internal sealed class Attempt(int number, Operation operation)
{
    public int Number => number;

    public Operation Operation => operation;

    public List<RowRead> Reads { get; } = [];

    /// <summary>Rows written; null removes the row.</summary>
    public List<(RowKey Key, long? Amount)> Writes { get; } = [];

    public RowRead ReadOf(RowKey key) => Reads.Find(read => read.Key == key);

    public bool HasRead(RowKey key) => Reads.Exists(read => read.Key == key);

    public bool Wrote(RowKey key) => Writes.Exists(write => write.Key == key);

    /// <summary>What the row holds then: to a list this run's number is appended.</summary>
    public Document Value(RowKey key, long amount) =>
        Document.FromText(Workload.IsList(key) ? $"{{\"b\":{amount},\"w\":{number},\"l\":[{string.Join(',', [.. ReadOf(key).List, number])}]}}" : $"{{\"b\":{amount},\"w\":{number}}}");

    public override string ToString() =>
        $"run {number} of {operation}: reads {string.Join(", ", Reads.Select(read => $"{read.Key.PrimaryKey}={read.Amount} by {read.Writer}"))}; writes {string.Join(", ", Writes.Select(write => $"{write.Key.PrimaryKey}={write.Amount}"))}";
}
