using Mjolnir.AppServer.Committing;
using Mjolnir.AppServer.Transactions;
using static Mjolnir.AppServer.Tests.Committing.ProtocolCluster;

namespace Mjolnir.AppServer.Tests.Committing;

/// <summary>The short wait of a batch for callers just answered.</summary>
public sealed class GatheringTests
{
    private static readonly CommitterLimits Limits = new();

    [Fact]
    public async Task Callers_who_come_back_at_once_share_one_batch_instead_of_two_halves()
    {
        const int Callers = 8;
        const int Calls = 10;
        await using var cluster = await new ProtocolCluster(new CommitterLimits { LongestGather = TimeSpan.FromSeconds(1) }).StartAsync();
        var batches = 0;
        cluster.Logs.Decide = async _ =>
        {
            Interlocked.Increment(ref batches);
            await Task.Delay(100);
            return PublishFate.Confirm;
        };
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(async caller =>
        {
            // One batch is under way when the others arrive: the two halves begin.
            await Task.Delay(caller < Callers / 2 ? 0 : 50);
            for (var i = 0; i < Calls; i++)
            {
                Assert.Equal(TransactionStatus.Committed, await Add(cluster.A, cluster.NameOn(0, $"c{caller}-"), 1));
            }
        }));
        Assert.InRange(batches, Calls, (Calls * 2) - 5);
    }

    [Theory]
    [InlineData(3, 10)]
    [InlineData(8, 0)]
    public void Few_callers_or_a_quick_batch_wait_for_nobody(int answered, int round)
    {
        var gathering = After(rounds: round);
        Assert.Equal(TimeSpan.Zero, gathering.Begin(answered, 0));
        Assert.False(gathering.IsOn);
    }

    [Fact]
    public void The_wait_is_at_most_as_long_as_a_batch_and_never_longer_than_its_limit()
    {
        Assert.InRange(After(rounds: 4).Begin(8, 0), TimeSpan.FromMilliseconds(3.9), TimeSpan.FromMilliseconds(4));
        Assert.Equal(Limits.LongestGather, After(rounds: 400).Begin(8, 0));
    }

    [Fact]
    public void It_is_complete_once_nearly_all_are_back_beside_those_who_waited_already()
    {
        var gathering = After(rounds: 4);
        gathering.Begin(16, 10);
        Assert.False(gathering.IsComplete(23));
        Assert.True(gathering.IsComplete(24));
    }

    [Fact]
    public void Callers_who_never_come_back_are_waited_for_by_one_batch_in_many()
    {
        var gathering = After(rounds: 4);
        var waited = 0;
        for (var i = 0; i < 50 + (10 * Limits.GatherProbe); i++)
        {
            if (gathering.Begin(8, 4) > TimeSpan.Zero)
            {
                waited++;
                gathering.End(5);
            }
        }

        Assert.InRange(waited, 10, 50);
        while (gathering.Begin(8, 0) == TimeSpan.Zero)
        {
        }

        gathering.End(8);
        Assert.NotEqual(TimeSpan.Zero, gathering.Begin(8, 0));
    }

    private static BatchGathering After(int rounds)
    {
        var gathering = new BatchGathering(Limits);
        for (var i = 0; i < 50; i++)
        {
            gathering.Round(TimeSpan.FromMilliseconds(rounds));
        }

        return gathering;
    }
}
