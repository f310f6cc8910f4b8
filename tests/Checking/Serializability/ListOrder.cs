using System.Globalization;
using Mjolnir.Checking.Histories;

namespace Mjolnir.Checking.Serializability;

/// <summary>
/// The order of a list's versions is the list itself: the longest read tells it, and every other read must be a beginning of that one. What was appended and is not in the longest read came after it.
/// </summary>
internal static class ListOrder
{
    public static VersionOrder Of(KeyTrace trace, Findings findings)
    {
        var order = new VersionOrder(trace.Key);
        var writes = WritesByValue(trace);
        var longest = Longest(trace);
        foreach (var value in longest.Span)
        {
            order.Versions.Add(writes.TryGetValue(value, out var write) ? new(WriterOf(write, findings), write.IsFinal, value) : new(OrderedVersion.NoOne, true, value));
        }

        RequireWritten(trace, longest, writes, findings);
        RequireWhole(trace.Key, longest, writes, findings);
        foreach (var read in trace.Reads)
        {
            Take(read, longest, order, findings);
        }

        var seen = longest.ToArray().ToHashSet();
        order.Unobserved.AddRange(trace.Writes.Where(write => findings.OutcomeOf(write.Operation) == Outcome.Committed && !seen.Contains(write.Value)).Select(write => write.Operation).Distinct());
        return order;
    }

    /// <summary>A refused operation's value in a list is an anomaly of its own; as it has no place in any order, nothing is concluded from it.</summary>
    private static int WriterOf(WriteSeen write, Findings findings) => findings.OutcomeOf(write.Operation) == Outcome.Refused ? OrderedVersion.NoOne : write.Operation;

    private static Dictionary<long, WriteSeen> WritesByValue(KeyTrace trace)
    {
        var writes = new Dictionary<long, WriteSeen>();
        foreach (var write in trace.Writes)
        {
            if (!writes.TryAdd(write.Value, write))
            {
                throw new ArgumentException($"{write.Value} is appended to {trace.Key} by two accesses: no such history can be checked.");
            }
        }

        return writes;
    }

    private static ReadOnlyMemory<long> Longest(KeyTrace trace)
    {
        var longest = ReadOnlyMemory<long>.Empty;
        foreach (var read in trace.Reads)
        {
            longest = read.Access.List.Length > longest.Length ? read.Access.List : longest;
        }

        return longest;
    }

    /// <summary>Each value was appended by somebody who was not refused, and is there once.</summary>
    private static void RequireWritten(KeyTrace trace, ReadOnlyMemory<long> longest, Dictionary<long, WriteSeen> writes, Findings findings)
    {
        var told = new HashSet<(string, long)>();
        foreach (var read in trace.Reads)
        {
            // Beginnings of the longest read say what it says, but who saw it first is not told then: it is enough that somebody did.
            if (read.Access.List.Length < longest.Length && StartsWith(longest, read.Access.List))
            {
                continue;
            }

            var seen = new HashSet<long>();
            foreach (var value in read.Access.List.Span)
            {
                var text = string.Create(CultureInfo.InvariantCulture, $"{value} in {trace.Key}");
                if (!seen.Add(value) && told.Add(("duplicate", value)))
                {
                    findings.Add("duplicate", $"{text} stands there twice: an operation happened twice.", read.Operation);
                }

                if (!writes.TryGetValue(value, out var write))
                {
                    if (told.Add(("phantom", value)))
                    {
                        findings.Add("phantom", $"{text} was read, and nobody appended it.", read.Operation);
                    }
                }
                else if (findings.OutcomeOf(write.Operation) == Outcome.Refused && told.Add(("G1a", value)))
                {
                    findings.Add("G1a", $"{text} was read, and the operation that would append it was refused.", read.Operation, write.Operation);
                }
            }
        }
    }

    /// <summary>What one operation appended stands there in its order, from its first value on. That nothing of others is between shows as a cycle.</summary>
    private static void RequireWhole(string key, ReadOnlyMemory<long> longest, Dictionary<long, WriteSeen> writes, Findings findings)
    {
        var seen = new Dictionary<int, int>();
        foreach (var value in longest.Span)
        {
            if (writes.TryGetValue(value, out var write) && (write.Ordinal > 0 || !write.IsFinal))
            {
                var next = seen.GetValueOrDefault(write.Operation);
                seen[write.Operation] = next + 1;
                if (write.Ordinal != next)
                {
                    findings.Add("torn", string.Create(CultureInfo.InvariantCulture, $"{value} in {key} is not preceded by what the same operation appended before it."), write.Operation);
                }
            }
        }
    }

    private static void Take(ReadSeen read, ReadOnlyMemory<long> longest, VersionOrder order, Findings findings)
    {
        var list = read.Access.List;
        if (!StartsWith(longest, list))
        {
            findings.Add("incompatible order", $"two reads of {order.Key} cannot both be beginnings of one list: {read.Access}, and {Access.ReadList(order.Key, longest.ToArray())}", read.Operation);
            return;
        }

        if (!ShowsOwn(read))
        {
            findings.Add("internal", $"{read.Access} does not end with what the same operation had appended.", read.Operation);
            return;
        }

        var position = list.Length - read.Own.Count;
        var version = order.Versions[position];
        if (!version.IsFinal && version.Writer != OrderedVersion.NoOne && version.Writer != read.Operation)
        {
            findings.Add("G1b", string.Create(CultureInfo.InvariantCulture, $"{order.Key} was read up to {version.Name}, and that is not the last that its operation appended."), read.Operation, version.Writer);
        }

        if (position > 0 && version.Writer == read.Operation)
        {
            findings.Add("internal", $"{read.Access} shows what the same operation appended only later.", read.Operation);
        }

        order.Reads.Add((read.Operation, position));
    }

    private static bool ShowsOwn(ReadSeen read)
    {
        var list = read.Access.List.Span;
        var first = list.Length - read.Own.Count;
        for (var i = 0; i < read.Own.Count; i++)
        {
            if (first < 0 || list[first + i] != read.Own[i].Value)
            {
                return false;
            }
        }

        return true;
    }

    private static bool StartsWith(ReadOnlyMemory<long> list, ReadOnlyMemory<long> beginning) => list.Span.StartsWith(beginning.Span);
}
