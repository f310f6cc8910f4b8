using System.Diagnostics;
using Mjolnir.Servers;
using Mjolnir.Storage.Logs;

namespace Mjolnir.Storage.Tests.Logs.RabbitMq;

/// <summary>Three nodes, one of which dies.</summary>
public sealed class RabbitMqClusterTests : IAsyncLifetime
{
    private static readonly TimeSpan Healing = TimeSpan.FromSeconds(5);
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(180));
    private RabbitMqCluster _cluster = null!;

    private CancellationToken Cancellation => _patience.Token;

    public async Task InitializeAsync() => _cluster = await RabbitMqCluster.StartAsync();

    public async Task DisposeAsync()
    {
        await _cluster.DisposeAsync();
        _patience.Dispose();
    }

    [Fact]
    public async Task The_node_that_leads_a_log_is_killed_under_publishing_and_nothing_confirmed_is_lost()
    {
        await using var server = new RabbitMqProcess(_cluster.Url, "three", isSettling: true);
        await using var worker = new RabbitMqProcess(_cluster.Url, "three", isSettling: true);
        var publisher = await server.DeclareAsync("s1.1", Cancellation);
        var (confirmed, epoch, isKilled) = (new List<string>(), 1, false);
        var (worst, since, goal) = (TimeSpan.Zero, Stopwatch.GetTimestamp(), int.MaxValue);
        while (confirmed.Count < goal)
        {
            var text = $"{epoch}:{confirmed.Count}";
            var outcome = await RabbitMqProcess.PublishAsync(publisher, text, Cancellation);
            if (outcome == PublishOutcome.Confirmed)
            {
                worst = TimeSpan.FromTicks(Math.Max(worst.Ticks, Stopwatch.GetElapsedTime(since).Ticks));
                since = Stopwatch.GetTimestamp();
                confirmed.Add(text);
            }
            else if (outcome == PublishOutcome.Unknown)
            {
                // As the committer does: seal what is not known any more, go on in a new log.
                await server.SealAsync($"s1.{epoch++}", Cancellation);
                await RabbitMqProcess.PersistAsync(async () => publisher = await server.DeclareAsync($"s1.{epoch}", Cancellation), Cancellation);
            }

            if (confirmed.Count == 200 && !isKilled)
            {
                isKilled = true;
                goal = 600;
                await _cluster.Nodes[await LeaderAsync("mjolnir.three.log.s1.1")].KillAsync();
            }
        }

        await publisher.DisposeAsync();
        await server.SealAsync($"s1.{epoch}", Cancellation);
        Assert.InRange(worst, TimeSpan.Zero, Healing);
        var stored = new List<string>();
        for (var at = 1; at <= epoch; at++)
        {
            var log = $"s1.{at}";
            await RabbitMqProcess.PersistAsync(
                async () =>
                {
                    await using var consumer = await worker.Broker.OpenConsumerAsync(log, Cancellation);
                    stored.AddRange(await RabbitMqProcess.ReadThroughAsync(consumer, "SEAL", Cancellation));
                },
                Cancellation);
        }

        Assert.Empty(confirmed.Except(stored));
    }

    /// <summary>Which node leads the queue: killing any other would prove little.</summary>
    private async Task<int> LeaderAsync(string queue)
    {
        var lines = await _cluster.Nodes[0].ControlAsync(["list_queues", "name", "leader", "members"], Cancellation);
        var line = lines.Split('\n').Single(line => line.StartsWith(queue, StringComparison.Ordinal)).Split('\t');
        Assert.Equal(3, line[2].Split(',').Length);
        return "abc".IndexOf(line[1][0], StringComparison.Ordinal);
    }
}
