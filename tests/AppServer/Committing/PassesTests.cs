using Mjolnir.AppServer.Transactions;
using Mjolnir.Storage.Shards;
using static Mjolnir.AppServer.Tests.Committing.ProtocolCluster;

namespace Mjolnir.AppServer.Tests.Committing;

/// <summary>Round trips to shards: each costs a write, a read and a wait, so transactions share them.</summary>
public sealed class PassesTests
{
    [Fact]
    public async Task A_hundred_transactions_of_two_rows_each_share_a_few_passes()
    {
        await using var cluster = await ViewCluster.StartAsync();
        string[] rows = [.. Enumerable.Range(0, 200).Select(i => cluster.NameOn("A", $"r{i}-"))];
        await Run(cluster.B, [], _ => [.. rows.Select(row => (row, (long?)1))]);
        var shard = cluster.Connection("A", "A");
        var load = shard.HoldNext(operation => operation.Verb == ShardVerb.GetOrLease);
        var before = Add(cluster.A, cluster.NameOn("A", "before"), 1);
        await load.Reached.Task;
        var all = Enumerable.Range(0, 100).Select(i => Run(cluster.A, [rows[2 * i], rows[(2 * i) + 1]], values => [(rows[2 * i], values[0] + 1), (rows[(2 * i) + 1], values[1] - 1)])).ToArray();
        await Run(cluster.A, [], _ => []);
        var passes = shard.Passes;
        load.Release();
        Assert.All(await Task.WhenAll([before, .. all]), status => Assert.Equal(TransactionStatus.Committed, status));

        // Two loads (the second row is seen to be missing only after the first is there) and an install for all together; filling and installing the row before takes two more.
        Assert.InRange(shard.Passes - passes, 3, 8);
    }
}
