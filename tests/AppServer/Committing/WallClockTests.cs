using Mjolnir.AppServer.Committing;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Chaos;
using Mjolnir.Storage.Logs;
using static Mjolnir.AppServer.Tests.Committing.ProtocolCluster;

namespace Mjolnir.AppServer.Tests.Committing;

/// <summary>A server whose wall clock is wrong, or set by hours: leases and patience are measured by time that only goes on.</summary>
public sealed class WallClockTests
{
    private static readonly TimeSpan[] Jumps = [TimeSpan.FromHours(5), TimeSpan.FromHours(-7), TimeSpan.FromDays(400), TimeSpan.Zero];

    [Fact]
    public async Task Setting_the_wall_clock_by_hours_costs_no_log_and_no_transaction()
    {
        var clock = new JumpingWallClock();
        await using var cluster = await ViewCluster.StartAsync(time: clock);
        var (x, y) = (cluster.NameOn("A", "x"), cluster.NameOn("B", "y"));
        var sum = 0L;
        foreach (var jump in Jumps)
        {
            clock.Set(jump);
            var adding = Enumerable.Range(0, 20).Select(i => Add(i % 2 == 0 ? cluster.A : cluster.B, i % 4 < 2 ? x : y, 1)).ToArray();
            Assert.All(await Task.WhenAll(adding), status => Assert.Equal(TransactionStatus.Committed, status));
            sum += adding.Length;
            Assert.Equal(sum, await Read(cluster.A, x) + await Read(cluster.B, y));
        }

        Assert.Equal((0, 0, "A.1", "B.1"), (cluster.A.Counters.Epochs, cluster.B.Counters.Epochs, cluster.A.Log, cluster.B.Log));
    }

    [Fact]
    public async Task A_lease_neither_ends_nor_lasts_longer_when_the_wall_clock_is_set()
    {
        var clock = new JumpingWallClock();
        var lease = TimeSpan.FromMilliseconds(1500);
        var epoch = new LogEpoch(new AgreeablePublisher(), clock, lease);
        Assert.False(epoch.LeaseIsFresh);
        var sentAt = clock.GetTimestamp();
        Assert.Equal(PublishOutcome.Confirmed, await epoch.PublishAsync(new byte[1], CancellationToken.None));
        foreach (var jump in Jumps)
        {
            clock.Set(jump);
            Assert.True(epoch.LeaseIsFresh || clock.GetElapsedTime(sentAt) >= lease);
        }

        clock.Set(TimeSpan.FromHours(-7));
        await Task.Delay(lease + TimeSpan.FromMilliseconds(100));
        Assert.False(epoch.LeaseIsFresh);
    }

    private sealed class AgreeablePublisher : ILogPublisher
    {
        public string Log => "s1.1";

        public ValueTask<PublishOutcome> PublishAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken) => ValueTask.FromResult(PublishOutcome.Confirmed);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
