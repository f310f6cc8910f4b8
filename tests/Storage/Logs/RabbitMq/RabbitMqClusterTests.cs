using System.Diagnostics;
using Mjolnir.Running;
using Mjolnir.Servers;
using Mjolnir.Storage.Logs;

namespace Mjolnir.Storage.Tests.Logs.RabbitMq;

/// <summary>Three nodes, one of which dies.</summary>
public sealed class RabbitMqClusterTests
{
    private static readonly TimeSpan Healing = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task The_node_that_leads_a_log_is_killed_under_publishing_and_nothing_confirmed_is_lost() =>
        Assert.InRange(await Quickest.OfAsync(Healing, LongestPauseAsync), TimeSpan.Zero, Healing);

    /// <summary>The longest time between two confirms while the leader is killed.</summary>
    private static async Task<TimeSpan> LongestPauseAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(180));
        var cancellation = patience.Token;
        await using var cluster = await RabbitMqCluster.StartAsync();
        await using var server = new RabbitMqProcess(cluster.Url, "three", isSettling: true);
        await using var worker = new RabbitMqProcess(cluster.Url, "three", isSettling: true);
        var publisher = await server.DeclareAsync("s1.1", cancellation);
        var (confirmed, epoch, isKilled) = (new List<string>(), 1, false);
        var (worst, since, goal) = (TimeSpan.Zero, Stopwatch.GetTimestamp(), int.MaxValue);
        while (confirmed.Count < goal)
        {
            var text = $"{epoch}:{confirmed.Count}";
            var outcome = await RabbitMqProcess.PublishAsync(publisher, text, cancellation);
            if (outcome == PublishOutcome.Confirmed)
            {
                worst = TimeSpan.FromTicks(Math.Max(worst.Ticks, Stopwatch.GetElapsedTime(since).Ticks));
                since = Stopwatch.GetTimestamp();
                confirmed.Add(text);
            }
            else if (outcome == PublishOutcome.Unknown)
            {
                // As the committer does: seal what is not known any more, go on in a new log.
                await server.SealAsync($"s1.{epoch++}", cancellation);
                await RabbitMqProcess.PersistAsync(async () => publisher = await server.DeclareAsync($"s1.{epoch}", cancellation), cancellation);
            }

            if (confirmed.Count == 200 && !isKilled)
            {
                isKilled = true;
                goal = 600;
                await cluster.Nodes[await LeaderAsync(cluster, "mjolnir.three.log.s1.1", cancellation)].KillAsync();
            }
        }

        await publisher.DisposeAsync();
        await server.SealAsync($"s1.{epoch}", cancellation);
        var stored = new List<string>();
        for (var at = 1; at <= epoch; at++)
        {
            var log = $"s1.{at}";
            await RabbitMqProcess.PersistAsync(
                async () =>
                {
                    await using var consumer = await worker.Broker.OpenConsumerAsync(log, cancellation);
                    stored.AddRange(await RabbitMqProcess.ReadThroughAsync(consumer, "SEAL", cancellation));
                },
                cancellation);
        }

        Assert.Empty(confirmed.Except(stored));
        return worst;
    }

    /// <summary>Which node leads the queue: killing any other would prove little.</summary>
    private static async Task<int> LeaderAsync(RabbitMqCluster cluster, string queue, CancellationToken cancellation)
    {
        var lines = await cluster.Nodes[0].ControlAsync(["list_queues", "name", "leader", "members"], cancellation);
        var line = lines.Split('\n').Single(line => line.StartsWith(queue, StringComparison.Ordinal)).Split('\t');
        Assert.Equal(3, line[2].Split(',').Length);
        return "abc".IndexOf(line[1][0], StringComparison.Ordinal);
    }
}
