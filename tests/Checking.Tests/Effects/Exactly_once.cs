using Mjolnir.Checking.Effects;
using Mjolnir.Checking.Histories;
using static Mjolnir.Checking.Histories.Access;
using static Mjolnir.Checking.Tests.Written;

namespace Mjolnir.Checking.Tests.Effects;

public class Exactly_once
{
    private static readonly Operation Whole = Committed("a", 0, 1, Append("x", 1), Append("y", 1));
    private static readonly Operation Perhaps = Unknown("b", 0, Append("x", 2), Append("y", 2));
    private static readonly Operation Not = Refused("c", 0, 1, Append("x", 3));

    [Theory]
    [InlineData(new long[] { 1, 2 }, new long[] { 1, 2 }, null)]
    [InlineData(new long[] { 1 }, new long[] { 1 }, null)]
    [InlineData(new long[] { 2 }, new long[] { 2 }, "lost")]
    [InlineData(new long[] { 1 }, new long[] { }, "torn")]
    [InlineData(new long[] { 1, 2 }, new long[] { 1 }, "torn")]
    [InlineData(new long[] { 1, 1 }, new long[] { 1 }, "happened twice")]
    [InlineData(new long[] { 1, 2, 2 }, new long[] { 1, 2 }, "happened twice")]
    [InlineData(new long[] { 1, 3 }, new long[] { 1 }, "refused but there")]
    [InlineData(new long[] { 1, 4 }, new long[] { 1 }, "phantom")]
    public void Is_held_against_the_lists_at_the_end(long[] x, long[] y, string? kind)
    {
        var found = ExactlyOnce.OfLists(new History([Whole, Perhaps, Not]), new Dictionary<string, IReadOnlyList<long>> { ["x"] = x, ["y"] = y });

        Assert.Equal(kind is null ? [] : [kind], found.Select(anomaly => anomaly.Kind));
    }

    [Theory]
    [InlineData("a", null)]
    [InlineData("a b", null)]
    [InlineData("b", "lost")]
    [InlineData("a a", "happened twice")]
    [InlineData("a b b", "happened twice")]
    [InlineData("a c", "refused but there")]
    [InlineData("a d", "phantom")]
    public void Is_held_against_the_ids_at_the_end(string ids, string? kind)
    {
        var found = ExactlyOnce.OfIds(new History([Whole, Perhaps, Not]), ids.Split(' '));

        Assert.Equal(kind is null ? [] : [kind], found.Select(anomaly => anomaly.Kind));
    }
}
