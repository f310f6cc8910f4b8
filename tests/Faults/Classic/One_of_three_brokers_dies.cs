using Mjolnir.Servers;
using Xunit.Abstractions;

namespace Mjolnir.Faults.Tests.Classic;

/// <summary>A cluster whose queue is three RabbitMQ nodes, and whose store is an S3 of its own: what operators run.</summary>
public sealed class ThreeBrokersCluster : ClassicCluster
{
    private S3Server _store = null!;

    internal RabbitMqCluster Brokers { get; private set; } = null!;

    protected override IReadOnlyList<string> More => ["--amqp", Brokers.Url, "--s3", _store.Ceph.Endpoint.ToString().TrimEnd('/'), "--bucket", "ledger"];

    protected override IReadOnlyDictionary<string, string> Surroundings => new Dictionary<string, string>
    {
        ["Mjolnir__Store__AccessKey"] = _store.Ceph.AccessKey,
        ["Mjolnir__Store__SecretKey"] = _store.Ceph.SecretKey,
    };

    public override async Task InitializeAsync()
    {
        Brokers = await RabbitMqCluster.StartAsync();
        _store = await S3Server.StartAsync();
        await base.InitializeAsync();
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await _store.DisposeAsync();
        await Brokers.DisposeAsync();
    }
}

/// <summary>One of three RabbitMQ nodes is killed under a whole cluster: the one that leads the log of a server, so that it matters.</summary>
public sealed class One_of_three_brokers_dies(ThreeBrokersCluster cluster, ITestOutputHelper output) : FaultsUnderLoad(cluster, output), IClassFixture<ThreeBrokersCluster>
{
    [Fact]
    public Task The_one_that_leads_a_servers_log() => UnderAsync("kill -9 of the node that leads a log", async (round, clients) =>
    {
        using var patience = new CancellationTokenSource(FaultLimits.ClusterStart);
        var leader = await LeaderAsync(Cluster.Server(Stack(round)), patience.Token);
        await leader.KillAsync();
        await clients.ReachAsync(clients.Count + FaultLimits.AroundAFault);

        // Back again before the next one dies: two of three are needed.
        await leader.RestartAsync(patience.Token);
    });

    /// <summary>The node that leads the log of a server. Waits while the server goes on to another log, or the nodes choose.</summary>
    private async Task<Services.RabbitMqService> LeaderAsync(Uri server, CancellationToken cancellationToken)
    {
        var nodes = ((ThreeBrokersCluster)Cluster).Brokers.Nodes;
        while (true)
        {
            var log = (await Cluster.StatusAsync(server)).GetProperty("total").GetProperty("log").GetString();
            var queues = (await nodes[0].ControlAsync(["list_queues", "name", "leader"], cancellationToken)).Split('\n').Select(line => line.Split('\t'));
            if (queues.SingleOrDefault(queue => queue[0].EndsWith($".log.{log}", StringComparison.Ordinal)) is [_, { Length: > 0 } leader])
            {
                return nodes["abc".IndexOf(leader[0], StringComparison.Ordinal)];
            }

            await Task.Delay(FaultLimits.RetryPause, cancellationToken);
        }
    }
}
