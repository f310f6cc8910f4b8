namespace Mjolnir.Checking.Serializability;

/// <summary>
/// Finds a short cycle in a strong component, of the worst kind that is there: without anti-dependencies before one, before several. Any cycle proves the violation; how short and how bad the one is that is shown is only
/// for the reader, so the search for it is bounded.
/// </summary>
internal sealed class CycleSearch(DependencyGraph graph)
{
    /// <summary>Where a search begins, at most, for each kind of cycle in a component: each costs a walk through it.</summary>
    private const int Starts = 128;

    private readonly bool[] _inside = new bool[graph.Nodes];
    private readonly int[] _seenIn = new int[graph.Nodes];
    private readonly int[] _distance = new int[graph.Nodes];
    private readonly Edge[] _cameBy = new Edge[graph.Nodes];
    private readonly LinkedList<int> _queue = [];
    private int _walk;

    /// <summary>The edges of the worst and then shortest cycle found, in order; the halves of ways through nodes that are no operations included.</summary>
    /// <param name="component">its nodes, at least two</param>
    /// <param name="realTime">whether edges of time count</param>
    public IReadOnlyList<Edge> Worst(int[] component, bool realTime)
    {
        var time = realTime ? Dependency.RealTime : Dependency.None;
        Array.ForEach(component, node => _inside[node] = true);
        try
        {
            return Shortest(component, Dependency.WriteWrite | time)
                ?? Shortest(component, Dependency.WriteWrite | Dependency.WriteRead | time)
                ?? WithOneReadWrite(component, Dependency.WriteWrite | Dependency.WriteRead | time)
                ?? Shortest(component, Dependency.OfData | time)
                ?? throw new InvalidOperationException("A strong component has a cycle.");
        }
        finally
        {
            Array.ForEach(component, node => _inside[node] = false);
        }
    }

    private IReadOnlyList<Edge>? Shortest(int[] component, Dependency mask)
    {
        var parts = StrongComponents.Of(graph, mask | Dependency.Through, component);
        IReadOnlyList<Edge>? best = null;
        foreach (var start in parts.OrderBy(part => part.Length).SelectMany(part => part).Where(node => node < graph.Operations).Take(Starts))
        {
            best = Shorter(best, Way(start, start, mask));
        }

        return best;
    }

    private IReadOnlyList<Edge>? WithOneReadWrite(int[] component, Dependency mask)
    {
        IReadOnlyList<Edge>? best = null;
        var tries = 0;
        foreach (var reader in component.Where(node => node < graph.Operations))
        {
            foreach (var edge in Inside(reader, Dependency.ReadWrite))
            {
                if (tries++ == Starts)
                {
                    return best;
                }

                foreach (var through in edge.To < graph.Operations ? [default] : Inside(edge.To, Dependency.Through))
                {
                    var writer = edge.To < graph.Operations ? edge.To : through.To;
                    if (Way(writer, reader, mask) is { } back)
                    {
                        best = Shorter(best, edge.To < graph.Operations ? [edge, .. back] : [edge, through, .. back]);
                    }
                }
            }
        }

        return best;
    }

    private List<Edge> Inside(int node, Dependency kind)
    {
        var found = new List<Edge>();
        foreach (var edge in graph.From(node))
        {
            if (edge.Kind == kind && _inside[edge.To])
            {
                found.Add(edge);
            }
        }

        return found;
    }

    /// <summary>The shortest way over at least one edge; null if there is none. Ways through nodes that are no operations count as one edge however many they pass.</summary>
    private List<Edge>? Way(int from, int to, Dependency mask)
    {
        _walk++;
        _queue.Clear();
        Leave(from, 0, mask);
        while (_queue.First is { } first)
        {
            _queue.RemoveFirst();
            var node = first.Value;
            if (node == to)
            {
                return WayBack(from, to);
            }

            Leave(node, _distance[node], mask);
        }

        return null;
    }

    private void Leave(int node, int distance, Dependency mask)
    {
        foreach (var edge in graph.From(node))
        {
            if ((edge.Kind & (mask | Dependency.Through)) == 0 || !_inside[edge.To])
            {
                continue;
            }

            var free = edge.Kind == Dependency.Through;
            var reached = distance + (free ? 0 : 1);
            if (_seenIn[edge.To] == _walk && _distance[edge.To] <= reached)
            {
                continue;
            }

            (_seenIn[edge.To], _distance[edge.To], _cameBy[edge.To]) = (_walk, reached, edge);
            _ = free ? _queue.AddFirst(edge.To) : _queue.AddLast(edge.To);
        }
    }

    private List<Edge> WayBack(int from, int to)
    {
        var way = new List<Edge> { _cameBy[to] };
        while (way[^1].From != from)
        {
            way.Add(_cameBy[way[^1].From]);
        }

        way.Reverse();
        return way;
    }

    private static IReadOnlyList<Edge>? Shorter(IReadOnlyList<Edge>? one, IReadOnlyList<Edge>? other) =>
        one is null || (other is not null && Steps(other) < Steps(one)) ? other : one;

    private static int Steps(IReadOnlyList<Edge> cycle) => cycle.Count(edge => edge.Kind != Dependency.Through);
}
