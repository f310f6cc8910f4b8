using Mjolnir.AppServer.Committing;
using Mjolnir.AppServer.Transactions;
using static Mjolnir.AppServer.Tests.Committing.ProtocolCluster;

namespace Mjolnir.AppServer.Tests.Committing;

/// <summary>A batch is bounded in bytes too: the broker takes no message of any size, and a worker's memory holds thousands of them.</summary>
public sealed class LargeBatchTests
{
    private const int Callers = 40;

    /// <summary>Ten bytes as a row.</summary>
    private const long Large = 1_000_000_000;

    private readonly List<int> _records = [];

    [Fact]
    public async Task Rows_written_while_the_log_is_slow_go_into_several_batches()
    {
        await using var cluster = await StartAsync();
        await CallAsync(cluster, caller => cluster.NameOn(0, $"c{caller}-"));
        Assert.Equal(Callers, _records.Sum());
        Assert.All(_records, records => Assert.InRange(records, 1, 5));
    }

    [Fact]
    public async Task A_row_that_all_write_counts_once()
    {
        await using var cluster = await StartAsync();
        await CallAsync(cluster, _ => cluster.NameOn(0, "hot-"));
        Assert.InRange(_records.Count, 1, 4);
    }

    private async Task<ProtocolCluster> StartAsync()
    {
        var cluster = await new ProtocolCluster(new CommitterLimits { BatchBytes = 50 }).StartAsync();
        cluster.Logs.Decide = async batch =>
        {
            lock (_records)
            {
                _records.Add(batch.Records.Count);
            }

            await Task.Delay(30);
            return PublishFate.Confirm;
        };
        return cluster;
    }

    private static async Task CallAsync(ProtocolCluster cluster, Func<int, string> name)
    {
        var statuses = await Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Set(cluster.A, name(caller), Large)));
        Assert.All(statuses, static status => Assert.Equal(TransactionStatus.Committed, status));
    }
}
