using System.Globalization;
using System.Text;
using Mjolnir.Checking.Histories;

namespace Mjolnir.Checking.Serializability;

/// <summary>
/// Is there one order of all transactions in which each reads what those before it wrote, and which is never against real time? The order of each key's versions is recovered from what was read; then versions and time
/// say which operation must come before which, and the history is strictly serializable if and only if these demands have no cycle. Cycles are named as by Adya and by Elle (Kingsbury, Alvaro: Elle, 2020).
/// </summary>
/// <remarks>
/// No valid history is ever found faulty. For histories of lists, in which every value is appended once, every faulty one is found; for registers, those whose order of versions is told by committed operations.
/// An operation whose outcome is unknown counts once a committed one has read what it wrote, and then has no end. Takes a time that grows as operations and values read.
/// </remarks>
public static class StrictSerializability
{
    /// <summary>Cycles shown: each costs a search, and one is enough to see that something is wrong.</summary>
    private const int CyclesShown = 10;

    /// <summary>What is wrong with the history; empty if nothing is.</summary>
    /// <exception cref="ArgumentException">it cannot be checked: a value is appended twice, or a key is both list and register</exception>
    public static IReadOnlyList<Anomaly> Check(History history)
    {
        var findings = new Findings(history);
        var orders = VersionOrder.Of(KeyTrace.Of(history.Operations), findings);
        var graph = DependencyGraph.Of(findings.Operations, orders);
        var ofData = AddCycles(graph, orders, findings, realTime: false);
        if (!ofData)
        {
            // Cycles of data are worse, and would be found again here.
            AddCycles(graph, orders, findings, realTime: true);
        }

        return findings.Anomalies;
    }

    private static bool AddCycles(DependencyGraph graph, IReadOnlyList<VersionOrder> orders, Findings findings, bool realTime)
    {
        var mask = Dependency.OfData | Dependency.Through | (realTime ? Dependency.RealTime : Dependency.None);
        var components = StrongComponents.Of(graph, mask);
        var search = components.Count == 0 ? null : new CycleSearch(graph);
        foreach (var component in components.OrderBy(component => component.Length).Take(CyclesShown))
        {
            Add(Joined(search!.Worst(component, realTime), graph), orders, findings);
        }

        return components.Count > 0;
    }

    /// <summary>Ways through nodes that are no operations become one edge.</summary>
    private static List<Edge> Joined(IReadOnlyList<Edge> cycle, DependencyGraph graph)
    {
        var joined = new List<Edge>();
        foreach (var edge in cycle)
        {
            if (edge.Kind == Dependency.Through)
            {
                joined[^1] = joined[^1] with { To = edge.To };
            }
            else
            {
                joined.Add(edge);
            }
        }

        return joined.TrueForAll(edge => edge.To < graph.Operations) ? joined : throw new InvalidOperationException("A cycle does not begin at an operation.");
    }

    private static void Add(List<Edge> cycle, IReadOnlyList<VersionOrder> orders, Findings findings)
    {
        var words = new StringBuilder($"a cycle of {cycle.Count} operations:");
        foreach (var edge in cycle)
        {
            words.Append("\n  ").Append(Words(edge, orders, findings.Operations));
        }

        findings.Add(Name(cycle), words.ToString(), [.. cycle.Select(edge => edge.From)]);
    }

    private static string Name(List<Edge> cycle)
    {
        var kinds = cycle.Aggregate(Dependency.None, (all, edge) => all | edge.Kind);
        var antiDependencies = cycle.Count(edge => edge.Kind == Dependency.ReadWrite);
        var realTime = kinds.HasFlag(Dependency.RealTime) ? "-realtime" : "";
        if (cycle.Count == 2 && realTime.Length == 0 && kinds.HasFlag(Dependency.ReadWrite) && (kinds & Dependency.WriteRead) == 0 && cycle[0].Order == cycle[1].Order)
        {
            return "lost update";
        }

        return antiDependencies switch
        {
            0 when (kinds & Dependency.WriteRead) == 0 => "G0",
            0 => "G1c",
            1 => "G-single",
            _ => "G2",
        } + realTime;
    }

    private static string Words(Edge edge, IReadOnlyList<VersionOrder> orders, IReadOnlyList<Operation> operations)
    {
        var (from, to) = (operations[edge.From], operations[edge.To]);
        var between = $"{from.Id} before {to.Id}: ";
        if (edge.Kind == Dependency.RealTime)
        {
            return between + string.Create(CultureInfo.InvariantCulture, $"it ended at {from.End}, and the other began at {to.Start}");
        }

        var order = orders[edge.Order];
        var version = edge.Position < order.Versions.Count
            ? string.Create(CultureInfo.InvariantCulture, $"{order.Key} {order.Versions[edge.Position].Name}")
            : $"what it wrote to {order.Key}, unseen by all";
        return between + edge.Kind switch
        {
            Dependency.WriteWrite => $"it wrote {order.Key} before the other wrote {version}",
            Dependency.WriteRead => $"it wrote {version}, which the other read",
            _ => $"it read {order.Key} without {version}, which the other wrote",
        };
    }
}
