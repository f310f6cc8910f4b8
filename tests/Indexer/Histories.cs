using FsCheck;
using FsCheck.Fluent;

namespace Mjolnir.Indexer.Tests;

/// <summary>Random histories of steps that shrink by leaving out steps and what is in them.</summary>
internal static class Histories
{
    /// <summary>Histories of up to <paramref name="steps"/> steps with up to <paramref name="size"/> things each. A thing is a number that the test makes something of.</summary>
    public static Arbitrary<int[][]> Of(int steps, int size)
    {
        var step = from length in Gen.Choose(1, size) from things in Gen.Choose(0, int.MaxValue).ArrayOf(length) select things;
        var history = from length in Gen.Choose(1, steps) from all in step.ArrayOf(length) select all;
        return Arb.From(history, Smaller);
    }

    private static IEnumerable<int[][]> Smaller(int[][] history) =>
        Without(history).Concat(history.SelectMany((step, at) => Without(step).Select(smaller => (int[][])[.. history[..at], smaller, .. history[(at + 1)..]])));

    /// <summary>The array without a half, a quarter, … one of its things.</summary>
    private static IEnumerable<T[]> Without<T>(T[] things)
    {
        for (var length = things.Length / 2; length > 0; length /= 2)
        {
            for (var at = 0; at + length <= things.Length; at += length)
            {
                yield return [.. things[..at], .. things[(at + length)..]];
            }
        }
    }
}
