using Mjolnir.Checking.Serializability;
using Mjolnir.Checking.Tests.Generated;

namespace Mjolnir.Checking.Tests.Serializability;

/// <summary>
/// Against the definition itself: histories so small that every order of their operations can be tried. Right ones and ones with random reads: the checker must say the same of each.
/// </summary>
public class Tiny_histories
{
    private const int Histories = 6_000;

    [Fact]
    public void Are_judged_as_by_trying_every_order()
    {
        var (right, wrong) = (0, 0);
        for (var seed = 0; seed < Histories; seed++)
        {
            var history = ScrambledHistory.Of(seed);
            var serializable = EveryOrder.Allows(history);
            var found = StrictSerializability.Check(history);

            Assert.True(serializable == (found.Count == 0), $"seed {seed}: {(serializable ? "right" : "wrong")}, but the checker says [{string.Join("; ", found)}] of\n{string.Join('\n', history.Operations)}");
            _ = serializable ? right++ : wrong++;
        }

        // The comparison says something only if there are enough of both.
        Assert.InRange(right, Histories / 5, Histories);
        Assert.InRange(wrong, Histories / 5, Histories);
    }
}
