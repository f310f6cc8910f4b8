using Mjolnir.Checking.Histories;

namespace Mjolnir.Checking.Serializability;

/// <summary>Why one operation must come before another.</summary>
[Flags]
internal enum Dependency : byte
{
    None = 0,

    /// <summary>It made a version, the other a later one.</summary>
    WriteWrite = 1,

    /// <summary>It made a version that the other read.</summary>
    WriteRead = 2,

    /// <summary>It read a version, the other made a later one.</summary>
    ReadWrite = 4,

    /// <summary>It ended before the other began.</summary>
    RealTime = 8,

    /// <summary>The second half of a way through a node that is no operation: goes wherever its first half went.</summary>
    Through = 16,

    OfData = WriteWrite | WriteRead | ReadWrite,
}

/// <param name="From">index of a node</param>
/// <param name="To">index of a node</param>
/// <param name="Kind">one flag</param>
/// <param name="Order">index of the key's <see cref="VersionOrder"/>; -1 if it is about time</param>
/// <param name="Position">the later version: the one read, or made</param>
internal readonly record struct Edge(int From, int To, Dependency Kind, int Order, int Position);

/// <summary>
/// Operations are nodes 0 to n-1. The nodes behind them stand for no operation: moments of time, so that real time needs two edges an operation instead of one for each pair; and a
/// gate for each key whose last version was read, behind which are the writes that nobody saw.
/// </summary>
internal sealed class DependencyGraph
{
    private readonly List<Edge> _unsorted = [];
    private int[] _first = [];
    private Edge[] _edges = [];

    private DependencyGraph(int operations) => (Operations, Nodes) = (operations, operations);

    public int Operations { get; }

    public int Nodes { get; private set; }

    public ReadOnlySpan<Edge> From(int node) => _edges.AsSpan(_first[node].._first[node + 1]);

    public static DependencyGraph Of(IReadOnlyList<Operation> operations, IReadOnlyList<VersionOrder> orders)
    {
        var graph = new DependencyGraph(operations.Count);
        for (var order = 0; order < orders.Count; order++)
        {
            graph.AddVersions(orders[order], order);
            graph.AddUnobserved(orders[order], order);
        }

        graph.AddRealTime(operations);
        graph.Sort();
        return graph;
    }

    private void AddVersions(VersionOrder order, int index)
    {
        var versions = order.Versions;
        var next = new int[versions.Count];
        var before = new int[versions.Count];
        before[0] = 0;
        for (var position = 1; position < versions.Count; position++)
        {
            var isKnown = versions[position].Writer != OrderedVersion.NoOne;
            before[position] = isKnown ? position : before[position - 1];
            if (isKnown)
            {
                Add(versions[before[position - 1]].Writer, versions[position].Writer, Dependency.WriteWrite, index, position);
            }
        }

        var following = 0;
        for (var position = versions.Count - 1; position >= 0; position--)
        {
            next[position] = following;
            following = versions[position].Writer != OrderedVersion.NoOne ? position : following;
        }

        foreach (var (operation, position) in order.Reads)
        {
            Add(versions[before[position]].Writer, operation, Dependency.WriteRead, index, before[position]);
            if (next[position] > 0)
            {
                Add(operation, versions[next[position]].Writer, Dependency.ReadWrite, index, next[position]);
            }
        }
    }

    private void AddUnobserved(VersionOrder order, int index)
    {
        if (order.Unobserved.Count == 0)
        {
            return;
        }

        var last = order.Versions.Count - 1;
        var lastKnown = order.Versions.FindLastIndex(version => version.Writer != OrderedVersion.NoOne);
        order.Unobserved.ForEach(writer => Add(lastKnown < 0 ? OrderedVersion.NoOne : order.Versions[lastKnown].Writer, writer, Dependency.WriteWrite, index, last + 1));

        var readers = order.Reads.Where(read => read.Position == last).Select(read => read.Operation).Distinct().ToList();
        var readersToo = order.Unobserved.Intersect(readers).ToHashSet();
        var gate = Nodes++;
        foreach (var reader in readers)
        {
            Add(reader, gate, Dependency.ReadWrite, index, last + 1);
        }

        // Who read the end and appended behind it would come before itself through the gate. Two such have lost an update between them: the edges between the first of them and all others show it.
        foreach (var writer in order.Unobserved.Where(writer => !readersToo.Contains(writer)))
        {
            Add(gate, writer, Dependency.Through, index, last + 1);
        }

        foreach (var reader in readers.Where(_ => readersToo.Count > 0))
        {
            Add(reader, readersToo.First(), Dependency.ReadWrite, index, last + 1);
            Add(readersToo.First(), readersToo.Contains(reader) ? reader : OrderedVersion.NoOne, Dependency.ReadWrite, index, last + 1);
        }
    }

    /// <summary>Each end of an operation is a moment, and leads to the next one; each start hangs on the last moment before it. At the same tick nothing is before the other.</summary>
    private void AddRealTime(IReadOnlyList<Operation> operations)
    {
        var ends = Enumerable.Range(0, operations.Count).Where(operation => operations[operation].Outcome == Outcome.Committed).ToArray();
        var ticks = ends.Select(operation => operations[operation].End).ToArray();
        Array.Sort(ticks, ends);
        var moment = Nodes;
        Nodes += ends.Length;
        for (var i = 0; i < ends.Length; i++)
        {
            Add(ends[i], moment + i, Dependency.RealTime, -1, 0);
            Add(i == 0 ? OrderedVersion.NoOne : moment + i - 1, moment + i, Dependency.Through, -1, 0);
        }

        for (var operation = 0; operation < operations.Count; operation++)
        {
            var before = FirstNotBelow(ticks, operations[operation].Start) - 1;
            if (before >= 0 && operations[operation].Outcome != Outcome.Refused)
            {
                Add(moment + before, operation, Dependency.Through, -1, 0);
            }
        }
    }

    private static int FirstNotBelow(long[] sorted, long tick)
    {
        var (low, high) = (0, sorted.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = sorted[middle] < tick ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    private void Add(int from, int to, Dependency kind, int order, int position)
    {
        if (from != OrderedVersion.NoOne && to != OrderedVersion.NoOne && from != to)
        {
            _unsorted.Add(new Edge(from, to, kind, order, position));
        }
    }

    /// <summary>Edges of a node side by side.</summary>
    private void Sort()
    {
        _first = new int[Nodes + 1];
        _unsorted.ForEach(edge => _first[edge.From + 1]++);
        for (var node = 0; node < Nodes; node++)
        {
            _first[node + 1] += _first[node];
        }

        var at = _first.ToArray();
        _edges = new Edge[_unsorted.Count];
        foreach (var edge in _unsorted)
        {
            _edges[at[edge.From]++] = edge;
        }

        _unsorted.Clear();
    }
}
