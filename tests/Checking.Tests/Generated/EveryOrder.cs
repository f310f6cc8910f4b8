using Mjolnir.Checking.Histories;

namespace Mjolnir.Checking.Tests.Generated;

/// <summary>The definition of strict serializability for lists, as it stands: is there an order of operations that real time and every read allow? Tries them all.</summary>
internal static class EveryOrder
{
    public static bool Allows(History history)
    {
        var operations = history.Operations.Where(operation => operation.Outcome != Outcome.Refused).ToArray();
        return Goes(operations, 0, []);
    }

    /// <summary>Whether what is left can follow on this state.</summary>
    /// <param name="operations">all</param>
    /// <param name="done">a bit for each that was run</param>
    /// <param name="lists">the state</param>
    private static bool Goes(Operation[] operations, int done, Dictionary<string, long[]> lists)
    {
        var isOver = true;
        for (var i = 0; i < operations.Length; i++)
        {
            if ((done & (1 << i)) != 0)
            {
                continue;
            }

            // What is unknown need not happen.
            isOver &= operations[i].Outcome == Outcome.Unknown;
            if (MayBeNext(operations, done, i) && Run(operations[i], lists) is { } after && Goes(operations, done | (1 << i), after))
            {
                return true;
            }
        }

        return isOver;
    }

    private static bool MayBeNext(Operation[] operations, int done, int next)
    {
        for (var i = 0; i < operations.Length; i++)
        {
            if ((done & (1 << i)) == 0 && operations[i].Outcome == Outcome.Committed && operations[i].End < operations[next].Start)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The state after it; null if it read anything else than there is.</summary>
    private static Dictionary<string, long[]>? Run(Operation operation, Dictionary<string, long[]> lists)
    {
        var after = new Dictionary<string, long[]>(lists);
        foreach (var access in operation.Accesses)
        {
            var list = after.GetValueOrDefault(access.Key) ?? [];
            if (access.IsWrite)
            {
                after[access.Key] = [.. list, access.Value];
            }
            else if (!access.List.Span.SequenceEqual(list))
            {
                return null;
            }
        }

        return after;
    }
}
