using System.Globalization;
using Mjolnir.Checking.Histories;

namespace Mjolnir.Checking.Serializability;

/// <summary>
/// The order of a register's versions is their number. A version that was read and that nobody is known to have made is by one of those that were never answered; which one does not matter to the order.
/// </summary>
internal static class RegisterOrder
{
    public static VersionOrder Of(KeyTrace trace, Findings findings)
    {
        var order = new VersionOrder(trace.Key);
        var known = KnownWrites(trace, findings);
        var reads = trace.Reads.Where(read => read.Own.Count == 0).ToList();
        RequireOwn(trace, findings);
        RequireOneValue(trace.Key, reads, known, findings);
        AddSomebodies(trace, reads, known, findings);

        var positions = new Dictionary<long, int> { [0] = 0 };
        foreach (var write in known.Values.OrderBy(write => write.Version))
        {
            positions.Add(write.Version, order.Versions.Count);
            order.Versions.Add(new OrderedVersion(write.Operation, true, write.Version));
        }

        order.Reads.AddRange(reads.Select(read => (read.Operation, positions[read.Access.Version])));
        return order;
    }

    /// <summary>Who made which version: the committed, and the unknown whose version is known and was read.</summary>
    private static Dictionary<long, WriteSeen> KnownWrites(KeyTrace trace, Findings findings)
    {
        var known = new Dictionary<long, WriteSeen>();
        foreach (var write in trace.Writes.Where(write => findings.OutcomeOf(write.Operation) == Outcome.Committed && write.Version > 0))
        {
            if (known.TryGetValue(write.Version, out var other) && other.Operation != write.Operation)
            {
                findings.Add("lost update", Text($"version {write.Version} of {trace.Key} was made twice: one of the two is lost."), other.Operation, write.Operation);
            }

            known[write.Version] = write;
        }

        var read = trace.Reads.Select(seen => seen.Access.Version).ToHashSet();
        foreach (var write in trace.Writes.Where(write => findings.OutcomeOf(write.Operation) == Outcome.Unknown && read.Contains(write.Version)))
        {
            known.TryAdd(write.Version, write);
        }

        return known;
    }

    private static void RequireOwn(KeyTrace trace, Findings findings)
    {
        foreach (var read in trace.Reads.Where(read => read.Own.Count > 0))
        {
            if (read.Own[^1].Version != read.Access.Version || read.Own[^1].Value != read.Access.Value)
            {
                findings.Add("internal", $"{read.Access} does not show what the same operation had written.", read.Operation);
            }
        }
    }

    /// <summary>All that saw a version saw the same, and what was written. An intermediate value of its writer is G1b.</summary>
    private static void RequireOneValue(string key, List<ReadSeen> reads, Dictionary<long, WriteSeen> known, Findings findings)
    {
        var first = new Dictionary<long, ReadSeen>();
        foreach (var read in reads.Where(read => read.Access.Version > 0))
        {
            if (known.TryGetValue(read.Access.Version, out var write))
            {
                if (write.Operation == read.Operation)
                {
                    findings.Add("internal", $"{read.Access} shows what the same operation wrote only later.", read.Operation);
                }
                else if (write.Value != read.Access.Value)
                {
                    findings.Add("wrong value", Text($"version {write.Version} of {key} was written as {write.Value} and read as {read.Access.Value}."), write.Operation, read.Operation);
                }
                else if (!write.IsFinal)
                {
                    findings.Add("G1b", Text($"version {write.Version} of {key} was read, and its operation wrote a later one."), read.Operation, write.Operation);
                }
            }
            else if (!first.TryAdd(read.Access.Version, read) && first[read.Access.Version].Access.Value != read.Access.Value)
            {
                findings.Add("wrong value", Text($"version {read.Access.Version} of {key} was read with two values."), first[read.Access.Version].Operation, read.Operation);
            }
        }
    }

    /// <summary>A version that was read and that no committed operation made must be by one whose outcome is unknown, each write of which made at most one.</summary>
    private static void AddSomebodies(KeyTrace trace, List<ReadSeen> reads, Dictionary<long, WriteSeen> known, Findings findings)
    {
        var candidates = new Stack<WriteSeen>(trace.Writes
            .Where(write => findings.OutcomeOf(write.Operation) == Outcome.Unknown && write.Version == Access.UnknownVersion)
            .OrderBy(write => findings.Operations[write.Operation].Start));
        var earliest = candidates.Count == 0 ? long.MinValue : findings.Operations[candidates.Last().Operation].Start;
        foreach (var read in reads.Where(read => read.Access.Version > 0 && !known.ContainsKey(read.Access.Version)).DistinctBy(read => read.Access.Version).ToList())
        {
            var refused = trace.Writes.FindIndex(write => findings.OutcomeOf(write.Operation) == Outcome.Refused && write.Version == read.Access.Version);
            if (refused >= 0)
            {
                findings.Add("G1a", Text($"version {read.Access.Version} of {trace.Key} was read, and the operation that would make it was refused."), read.Operation, trace.Writes[refused].Operation);
            }
            else if (!candidates.TryPop(out _))
            {
                findings.Add("phantom", Text($"version {read.Access.Version} of {trace.Key} was read, and nobody can have made it."), read.Operation);
            }

            var write = Access.Write(trace.Key, read.Access.Version, read.Access.Value);
            known.Add(write.Version, new WriteSeen(findings.AddSomebody(write, earliest), write.Version, write.Value, 0, true));
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
