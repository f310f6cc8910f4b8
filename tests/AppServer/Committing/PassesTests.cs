using Mjolnir.AppServer.Transactions;
using static Mjolnir.AppServer.Tests.Committing.ProtocolCluster;

namespace Mjolnir.AppServer.Tests.Committing;

/// <summary>Round trips to shards: each costs a write, a read and a wait, so transactions share them.</summary>
public sealed class PassesTests
{
    [Fact]
    public async Task A_hundred_transactions_of_two_rows_each_take_a_few_passes()
    {
        await using var cluster = await ViewCluster.StartAsync();
        string[] rows = [.. Enumerable.Range(0, 200).Select(i => cluster.NameOn("A", $"r{i}-"))];
        await Run(cluster.B, [], _ => [.. rows.Select(row => (row, (long?)1))]);
        var shard = cluster.Connection("A", "A");
        var (passes, batches) = (shard.Passes, cluster.A.Counters.Batches);
        var all = Enumerable.Range(0, 100).Select(i => Run(cluster.A, [rows[2 * i], rows[(2 * i) + 1]], values => [(rows[2 * i], values[0] + 1), (rows[(2 * i) + 1], values[1] - 1)]));
        Assert.All(await Task.WhenAll(all), status => Assert.Equal(TransactionStatus.Committed, status));

        // One by one this takes 300: two loads (the second row is seen to be missing only after the first is there) and an install for each.
        Assert.InRange(shard.Passes - passes, 3, 60);
        Assert.True(shard.Passes - passes <= 4 * Math.Max(1, cluster.A.Counters.Batches - batches) + 8, $"{shard.Passes - passes} passes for {cluster.A.Counters.Batches - batches} batches");
    }
}
