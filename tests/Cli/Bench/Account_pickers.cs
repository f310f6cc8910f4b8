using Mjolnir.Cli.Bench.Load;

namespace Mjolnir.Cli.Tests.Bench;

public class Account_pickers
{
    private const int Draws = 200_000;

    [Fact]
    public void Without_skew_every_account_is_as_likely()
    {
        var counts = Count(new AccountPicker(100, 0, seed: 1), 100);

        Assert.All(counts, count => Assert.InRange(count, Draws / 100 * 0.85, Draws / 100 * 1.15));
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(1.0)]
    [InlineData(1.5)]
    public void With_skew_account_i_is_drawn_in_proportion_to_its_rank(double skew)
    {
        var counts = Count(new AccountPicker(1000, skew, seed: 2), 1000);

        var sum = Enumerable.Range(1, 1000).Sum(rank => Math.Pow(rank, -skew));
        foreach (var rank in new[] { 1, 2, 5, 10 })
        {
            var expected = Draws * Math.Pow(rank, -skew) / sum;
            Assert.InRange(counts[rank - 1], expected * 0.85, expected * 1.15);
        }
    }

    [Fact]
    public void A_pair_is_never_one_account_twice()
    {
        var picker = new AccountPicker(2, 3, seed: 3);
        for (var i = 0; i < 1000; i++)
        {
            var (from, to) = picker.NextPair();
            Assert.NotEqual(from, to);
        }
    }

    [Fact]
    public void The_same_seed_draws_the_same()
    {
        var (one, other) = (new AccountPicker(50, 1.5, seed: 4), new AccountPicker(50, 1.5, seed: 4));

        Assert.Equal(Enumerable.Range(0, 100).Select(_ => one.NextPair()), Enumerable.Range(0, 100).Select(_ => other.NextPair()));
    }

    private static int[] Count(AccountPicker picker, int accounts)
    {
        var counts = new int[accounts];
        for (var i = 0; i < Draws; i++)
        {
            counts[picker.Next()]++;
        }

        return counts;
    }
}
