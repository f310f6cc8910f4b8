using System.Text;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Routing;

namespace Mjolnir.Core.Tests.Routing;

/// <summary>Hot rows that are written by the same calls are run in one place.</summary>
public class HotCompanyTests
{
    private const int Calls = 40_000;

    private readonly KeyPredictor _predictor = new();

    [Fact]
    public void Hot_rows_of_the_same_calls_are_run_beside_the_hottest()
    {
        Drive((random, i) => (i % 10) switch { < 4 => ("king", "queen"), < 7 => ("king", Cold(random)), < 9 => ("queen", Cold(random)), _ => (Cold(random), Cold(random)) });

        var king = SlotOf("king");
        Assert.NotEqual(king, SlotOf("queen"));
        Assert.Equal(king, Predict("queen", "c-1"));
        Assert.Equal(king, Predict("king", "c-2"));
    }

    [Fact]
    public void A_hot_row_of_other_calls_is_run_beside_its_own_shard()
    {
        Drive((random, i) => i % 2 == 0 ? ("king", Cold(random)) : ("hermit", Cold(random)));

        Assert.Equal(SlotOf("hermit"), Predict("hermit", "c-1"));
        Assert.Equal(SlotOf("king"), Predict("king", "c-1"));
    }

    [Fact]
    public void Cold_rows_stay_at_home()
    {
        Drive((random, i) => i % 2 == 0 ? ("king", "queen") : (Cold(random), Cold(random)));

        var (one, other) = (SlotOf("c-7"), SlotOf("c-8"));
        Assert.Contains(Predict("c-7", "c-8"), new[] { one, other });
    }

    [Fact]
    public void A_company_that_meets_no_more_is_forgotten()
    {
        Drive((random, i) => i % 2 == 0 ? ("king", "queen") : (Cold(random), Cold(random)));
        Drive((random, i) => (i % 4) switch { 0 => ("king", Cold(random)), 1 => ("queen", Cold(random)), _ => (Cold(random), Cold(random)) });

        Assert.Equal(SlotOf("queen"), Predict("queen", "c-1"));
    }

    private static string Cold(Random random) => $"c-{random.Next(100_000)}";

    private static int SlotOf(string key) => RowKey.TryCreate("bank", "users", key, out var row) ? Slots.Of(row) : throw new InvalidOperationException(key);

    private void Drive(Func<Random, int, (string From, string To)> pick)
    {
        var random = new Random(1);
        for (var i = 0; i < Calls; i++)
        {
            var (from, to) = pick(random, i);
            if (_predictor.WantsToLearn("transfer"))
            {
                _predictor.Learn("transfer", Parts(from, to), [from, to]);
            }

            Predict(from, to);
        }
    }

    private int Predict(string from, string to) => _predictor.PredictSlot("transfer", Parts(from, to));

    private static CallParts Parts(string from, string to) => new(null, Encoding.UTF8.GetBytes($"[\"{from}\",\"{to}\",1]"), default);
}
