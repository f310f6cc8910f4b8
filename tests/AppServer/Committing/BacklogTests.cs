using Mjolnir.AppServer.Committing;
using Mjolnir.AppServer.Transactions;
using static Mjolnir.AppServer.Tests.Committing.ProtocolCluster;

namespace Mjolnir.AppServer.Tests.Committing;

/// <summary>A store that is behind: writers slow down, then are refused; readers go on; nothing is lost and memory stays small.</summary>
public sealed class BacklogTests
{
    private static readonly CommitterLimits Small = new() { BacklogSoftBatches = 5, BacklogHardBatches = 10, ShortestDelay = TimeSpan.FromMilliseconds(1), LongestDelay = TimeSpan.FromMilliseconds(2) };

    [Fact]
    public async Task Writers_are_refused_while_too_much_is_not_stored_and_readers_are_not()
    {
        await using var cluster = await ViewCluster.StartAsync(Small);
        var x = cluster.NameOn("A", "x");
        cluster.Logs.StoredBatch = static _ => 0;
        var committed = 0;
        while (await Add(cluster.A, x, 1) == TransactionStatus.Committed)
        {
            committed++;
        }

        Assert.InRange(committed, 8, 10);
        Assert.Equal(committed, await Read(cluster.A, x));
        Assert.Equal(10, cluster.A.Counters.BacklogBatches);
        cluster.Logs.StoredBatch = static _ => long.MaxValue;
        var status = TransactionStatus.Unavailable;
        for (var tries = 0; tries < 20 && status != TransactionStatus.Committed; tries++)
        {
            await Task.Delay(50);
            status = await Add(cluster.A, x, 1);
        }

        Assert.Equal(TransactionStatus.Committed, status);
        Assert.Equal(committed + 1, await Read(cluster.B, x));
    }

    [Fact]
    public void Between_the_limits_batches_are_delayed_more_and_more()
    {
        var limits = new CommitterLimits();
        var unstored = new UnstoredBatches(limits);
        Publish(unstored, limits.BacklogSoftBatches);
        Assert.Equal(limits.ShortestDelay, unstored.Delay);
        Publish(unstored, (limits.BacklogSoftBatches + limits.BacklogHardBatches) / 2);
        Assert.InRange(unstored.Delay, limits.ShortestDelay * 2, limits.LongestDelay * 0.9);
        Assert.False(unstored.IsOver);
        Publish(unstored, limits.BacklogHardBatches);
        Assert.Equal(limits.LongestDelay, unstored.Delay);
        Assert.True(unstored.IsOver);
        unstored.Stored(limits.BacklogHardBatches - 10);
        Assert.Equal((TimeSpan.Zero, 10), (unstored.Delay, unstored.Batches));
    }

    [Fact]
    public void Bytes_count_until_they_are_stored_and_an_hour_without_a_store_only_grows_the_queue()
    {
        var unstored = new UnstoredBatches(new CommitterLimits());

        // 4,000 transfers a second of 120 bytes, in batches of 40.
        const int Batches = 3600 * 100;
        for (var batch = 1; batch <= Batches; batch++)
        {
            unstored.Published(batch, 40 * 120);
        }

        Assert.Equal(Batches * 4800L, unstored.Bytes);
        Assert.False(unstored.IsOver);
        unstored.Stored(Batches / 2);
        Assert.InRange(unstored.Bytes, Batches / 2 * 4800L, (Batches / 2 * 4800L) + UnstoredBatches.ChunkBytes + 4800);
        unstored.Stored(Batches);
        Assert.Equal((0, 0), (unstored.Bytes, unstored.Batches));
    }

    private static void Publish(UnstoredBatches unstored, long upTo)
    {
        for (var batch = unstored.Batches + 1; batch <= upTo; batch++)
        {
            unstored.Published(batch, 1);
        }
    }
}
