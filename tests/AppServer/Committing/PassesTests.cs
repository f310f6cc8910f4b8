using Mjolnir.AppServer.Transactions;
using Mjolnir.Storage.Feeds;
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

    [Fact]
    public async Task A_remembered_row_that_another_server_wrote_is_read_again_and_conflicts_with_nothing()
    {
        await using var cluster = await new ProtocolCluster().StartAsync();
        var (own, other) = (cluster.NameOn(0, "own"), cluster.NameOn(1, "other"));
        Task<TransactionStatus> Transfer() => ProtocolCluster.Run(cluster.A, [own, other], values => [(own, (values[0] ?? 0) - 1), (other, (values[1] ?? 0) + 1)]);
        await Transfer();

        for (var i = 0; i < 10; i++)
        {
            await Add(cluster.B, other, 1);
            Assert.Equal(TransactionStatus.Committed, await Transfer());
        }

        Assert.Equal((0, 0), (cluster.A.Counters.Conflicts, cluster.B.Counters.Conflicts));
        Assert.Equal(21, await Read(cluster.B, other));
    }

    [Fact]
    public async Task A_notice_that_comes_late_takes_no_row_from_memory_that_bears_its_batch_already()
    {
        await using var cluster = await new ProtocolCluster().StartAsync();
        var name = cluster.NameOn(1, "other");
        await Add(cluster.B, name, 1);
        Assert.Equal(1, await Read(cluster.A, name));
        var connection = cluster.Connection("A", name);
        var passes = connection.Passes;

        cluster.A.Hear(new CommitNotice(cluster.B.Log!, cluster.B.Durable, [ProtocolCluster.Key(name)]));
        await Add(cluster.A, name, 1);

        Assert.Equal(1, connection.Passes - passes);
    }
}
