namespace Mjolnir.Checking.Serializability;

/// <summary>Tarjan's algorithm without recursion: a history has far more operations than a stack has frames.</summary>
internal static class StrongComponents
{
    private const int Unvisited = -1;

    /// <summary>The components with more than one node, of the graph with only these edges and nodes.</summary>
    /// <param name="graph">the graph</param>
    /// <param name="mask">edges that count</param>
    /// <param name="nodes">nodes that count; null for all</param>
    public static List<int[]> Of(DependencyGraph graph, Dependency mask, int[]? nodes = null)
    {
        var walk = new Walk(graph, mask, nodes);
        foreach (var root in nodes ?? [.. Enumerable.Range(0, graph.Nodes)])
        {
            walk.From(root);
        }

        return walk.Found;
    }

    private sealed class Walk
    {
        private readonly DependencyGraph _graph;
        private readonly Dependency _mask;
        private readonly bool[]? _counts;
        private readonly int[] _index;
        private readonly int[] _low;
        private readonly bool[] _open;
        private readonly Stack<int> _component = [];
        private readonly Stack<(int Node, int NextEdge)> _path = [];
        private int _visited;

        public Walk(DependencyGraph graph, Dependency mask, int[]? nodes)
        {
            _graph = graph;
            _mask = mask;
            _index = new int[graph.Nodes];
            _low = new int[graph.Nodes];
            _open = new bool[graph.Nodes];
            Array.Fill(_index, Unvisited);
            if (nodes is not null)
            {
                _counts = new bool[graph.Nodes];
                Array.ForEach(nodes, node => _counts[node] = true);
            }
        }

        public List<int[]> Found { get; } = [];

        public void From(int root)
        {
            if (_index[root] != Unvisited)
            {
                return;
            }

            Enter(root);
            while (_path.TryPop(out var step))
            {
                if (!Descend(step.Node, step.NextEdge))
                {
                    Leave(step.Node);
                }
            }
        }

        private void Enter(int node)
        {
            _index[node] = _low[node] = _visited++;
            _open[node] = true;
            _component.Push(node);
            _path.Push((node, 0));
        }

        /// <summary>Goes on to the next node that was not visited; false if there is none.</summary>
        private bool Descend(int node, int edge)
        {
            var edges = _graph.From(node);
            for (; edge < edges.Length; edge++)
            {
                var to = edges[edge].To;
                if ((edges[edge].Kind & _mask) == 0 || _counts?[to] == false)
                {
                    continue;
                }

                if (_index[to] == Unvisited)
                {
                    _path.Push((node, edge + 1));
                    Enter(to);
                    return true;
                }

                if (_open[to])
                {
                    _low[node] = Math.Min(_low[node], _index[to]);
                }
            }

            return false;
        }

        private void Leave(int node)
        {
            if (_path.TryPeek(out var parent))
            {
                _low[parent.Node] = Math.Min(_low[parent.Node], _low[node]);
            }

            if (_low[node] == _index[node])
            {
                Close(node);
            }
        }

        private void Close(int root)
        {
            var members = new List<int>();
            int node;
            do
            {
                node = _component.Pop();
                _open[node] = false;
                members.Add(node);
            }
            while (node != root);
            if (members.Count > 1)
            {
                Found.Add([.. members]);
            }
        }
    }
}
