using Mjolnir.Checking.Histories;

namespace Mjolnir.Checking.Tests.Generated;

/// <summary>
/// A few operations on two lists, run one after another, of which some then get another time, another read or another outcome: about half of these histories are not strictly serializable.
/// </summary>
internal static class ScrambledHistory
{
    private const int MostOperations = 6;
    private const int LongestTime = 12;

    public static History Of(int seed)
    {
        var random = new Random(seed);
        var lists = new Dictionary<string, List<long>> { ["x"] = [], ["y"] = [] };
        var value = 0L;
        var operations = new List<Operation>();
        var count = 2 + random.Next(MostOperations - 1);
        for (var i = 0; i < count; i++)
        {
            var accesses = new List<Access>();
            for (var left = 1 + random.Next(3); left > 0; left--)
            {
                var key = random.Next(2) == 0 ? "x" : "y";
                if (random.Next(2) == 0)
                {
                    accesses.Add(Access.ReadList(key, [.. lists[key]]));
                }
                else
                {
                    lists[key].Add(++value);
                    accesses.Add(Access.Append(key, value));
                }
            }

            var start = Math.Max(0, (4 * i) - random.Next(LongestTime));
            operations.Add(new Operation(0, $"t{i}", start, start + 1 + random.Next(LongestTime), Outcome.Committed, accesses));
        }

        return new History(operations.Select(operation => Scrambled(operation, random)));
    }

    private static Operation Scrambled(Operation operation, Random random) => random.Next(12) switch
    {
        0 => operation with { Outcome = Outcome.Unknown, End = long.MaxValue, Accesses = [.. operation.Accesses.Where(access => access.IsWrite)] },
        1 => operation with { Outcome = Outcome.Refused, Accesses = [.. operation.Accesses.Where(access => access.IsWrite)] },
        2 or 3 => operation with { Accesses = [.. operation.Accesses.Select(access => access.IsWrite ? access : OtherRead(access, random))] },
        _ => operation,
    };

    private static Access OtherRead(Access read, Random random)
    {
        var list = read.List.ToArray();
        return random.Next(4) switch
        {
            0 => Access.ReadList(read.Key, list[..(list.Length / 2)]),
            1 => Access.ReadList(read.Key, [.. list.Reverse()]),
            2 => Access.ReadList(read.Key, [.. list.Skip(1)]),
            _ => read,
        };
    }
}
