using System.Diagnostics;
using Mjolnir.Checking.Serializability;
using Mjolnir.Checking.Tests.Generated;
using Xunit.Abstractions;

namespace Mjolnir.Checking.Tests.Serializability;

public class Large_histories(ITestOutputHelper output)
{
    private const int Operations = 50_000;

    /// <summary>What a history of that size may take at most.</summary>
    private static readonly TimeSpan Most = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("many short lists", 64, 64, 40)]
    [InlineData("four hot keys", 4, 4, 200)]
    [InlineData("one list that is never given up", 1, 1, 5_000)]
    public void Are_checked_in_time(string shape, int lists, int registers, int longest)
    {
        var history = SerialHistory.Of(new HistoryShape(Operations, lists, registers, longest, Overlap: 64), seed: 1);
        var clock = Stopwatch.StartNew();

        var found = StrictSerializability.Check(history);

        output.WriteLine($"{Operations} operations, {shape}: {clock.Elapsed.TotalSeconds:F2} s");
        Assert.Empty(found);
        Assert.True(clock.Elapsed < Most, $"took {clock.Elapsed}");
    }
}
