using System.Collections.Concurrent;
using Mjolnir.Servers;
using Mjolnir.Services;
using Mjolnir.Storage.Cluster;
using Mjolnir.Storage.Logs.RabbitMq;
using RabbitMQ.Client.Exceptions;

namespace Mjolnir.Storage.Tests.Cluster;

public sealed class RabbitMqLeadershipTests : IAsyncLifetime
{
    private readonly string _cluster = Guid.NewGuid().ToString("N");
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(90));
    private RabbitMqConnections _here = null!;
    private RabbitMqConnections _there = null!;

    public async Task InitializeAsync()
    {
        var address = RabbitMqAddress.Parse((await RabbitMqServer.SharedAsync()).Url);
        (_here, _there) = (new(address, "here", TimeProvider.System), new(address, "there", TimeProvider.System));
    }

    public async Task DisposeAsync()
    {
        await _here.DisposeAsync();
        await _there.DisposeAsync();
        _patience.Dispose();
    }

    [Fact]
    public async Task One_process_leads_a_task_until_it_resigns()
    {
        var (here, there) = (new RabbitMqLeadership(_here, _cluster), new RabbitMqLeadership(_there, _cluster));
        var lease = await here.TryLeadAsync("keeper", _patience.Token);
        Assert.NotNull(lease);
        Assert.Null(await there.TryLeadAsync("keeper", _patience.Token));
        Assert.Null(await here.TryLeadAsync("keeper", _patience.Token));
        await lease.DisposeAsync();
        await using var next = await there.TryLeadAsync("keeper", _patience.Token);
        Assert.NotNull(next);
        Assert.Null(await here.TryLeadAsync("keeper", _patience.Token));
    }

    [Fact]
    public async Task Tasks_are_led_apart()
    {
        await using var keeper = await new RabbitMqLeadership(_here, _cluster).TryLeadAsync("keeper", _patience.Token);
        await using var compactor = await new RabbitMqLeadership(_there, _cluster).TryLeadAsync("compactor", _patience.Token);
        Assert.NotNull(keeper);
        Assert.NotNull(compactor);
    }

    [Fact]
    public async Task The_leader_whose_connection_is_cut_knows_it_and_another_takes_over()
    {
        var (here, there) = (new RabbitMqLeadership(_here, _cluster), new RabbitMqLeadership(_there, _cluster));
        var lease = await here.TryLeadAsync("keeper", _patience.Token);
        (await _here.Receiving.OpenAsync(_patience.Token)).Abandon("cut by the test");
        Assert.True(lease!.Lost.IsCancellationRequested);
        ILeaderLease? next;
        while ((next = await there.TryLeadAsync("keeper", _patience.Token)) is null)
        {
            await Task.Delay(10, _patience.Token);
        }

        await lease.DisposeAsync();
        Assert.Null(await here.TryLeadAsync("keeper", _patience.Token));
        Assert.False(next.Lost.IsCancellationRequested);
        await next.DisposeAsync();
    }

    [Fact]
    public async Task Nobody_leads_when_nobody_can_be_asked()
    {
        var port = Programs.FreePorts(1)[0];
        await using var nowhere = new RabbitMqConnections(RabbitMqAddress.Parse($"amqp://127.0.0.1:{port}"), "nowhere", TimeProvider.System);
        Assert.Null(await new RabbitMqLeadership(nowhere, _cluster).TryLeadAsync("keeper", _patience.Token));
    }

    [Fact]
    public async Task Who_asks_again_and_again_leaves_nothing_in_the_brokers_log()
    {
        using var folder = new TemporaryFolder();
        var log = new ConcurrentQueue<string>();
        var broker = await RabbitMqService.StartAsync(new(Path.Combine(folder.Path, "rabbitmq")) { Output = log.Enqueue }, _patience.Token);
        await using var held = broker;
        var address = RabbitMqAddress.Parse(broker.Url);
        await using var here = new RabbitMqConnections(address, "here", TimeProvider.System);
        await using var there = new RabbitMqConnections(address, "there", TimeProvider.System);
        await using var lease = await new RabbitMqLeadership(here, _cluster).TryLeadAsync("compactor", _patience.Token);
        var asking = new RabbitMqLeadership(there, _cluster);
        for (var i = 0; i < 10; i++)
        {
            Assert.Null(await asking.TryLeadAsync("compactor", _patience.Token));
        }

        Assert.NotNull(lease);
        Assert.DoesNotContain(log, Tells);

        // That it would be seen there if it were refused.
        var link = await there.Receiving.OpenAsync(_patience.Token);
        await Assert.ThrowsAsync<OperationInterruptedException>(async () => await (await link.OpenChannelAsync(RabbitMqControl.Unconfirmed, _patience.Token))
            .QueueDeclareAsync(new RabbitMqNames(_cluster).Leader("compactor"), durable: false, exclusive: true, autoDelete: false, cancellationToken: _patience.Token));
        while (!log.Any(Tells))
        {
            await Task.Delay(20, _patience.Token);
        }

        Assert.Single(log, Tells);

        static bool Tells(string line) => line.Contains("resource_locked", StringComparison.OrdinalIgnoreCase);
    }
}
