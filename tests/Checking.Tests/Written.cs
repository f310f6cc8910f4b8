using Mjolnir.Checking.Histories;
using static Mjolnir.Checking.Histories.Access;

namespace Mjolnir.Checking.Tests;

/// <summary>Operations written by hand.</summary>
internal static class Written
{
    public static Operation Committed(string id, long start, long end, params Access[] accesses) => new(0, id, start, end, Outcome.Committed, accesses);

    public static Operation Refused(string id, long start, long end, params Access[] accesses) => new(0, id, start, end, Outcome.Refused, accesses);

    public static Operation Unknown(string id, long start, params Access[] accesses) => new(0, id, start, long.MaxValue, Outcome.Unknown, accesses);

    /// <summary>A read of lists after everything else.</summary>
    public static Operation AtLast(string id, params (string Key, long[] List)[] lists) =>
        new(0, id, 1_000_000, 1_000_001, Outcome.Committed, [.. lists.Select(list => ReadList(list.Key, list.List))]);
}
