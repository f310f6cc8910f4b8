using System.Collections.Concurrent;
using Mjolnir.Chaos.Objects;
using Mjolnir.Core.Batches;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;
using Mjolnir.Servers;
using Mjolnir.Services;
using Mjolnir.Storage.Cluster;
using Mjolnir.Storage.Logs;
using Mjolnir.Storage.Logs.RabbitMq;
using Mjolnir.Storage.Manifests;
using Mjolnir.Storage.Objects;
using Mjolnir.Storage.Registry;
using Mjolnir.Storage.Rows;
using Mjolnir.WriteBehind.Workers;

namespace Mjolnir.Integration.Tests.Workers;

/// <summary>The store is away for longer than RabbitMQ lets a consumer acknowledge nothing (half an hour, here a second): both workers of a log lose their channels, the queue grows, and all of it is stored once the store is back.</summary>
public sealed class A_store_that_is_away_for_long
{
    private const string Log = "s1.1";
    private const int Batches = 200;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly CancellationToken Ever = CancellationToken.None;

    [Fact]
    public async Task Only_makes_the_queue_grow()
    {
        await using var rabbit = await RabbitMqServer.StartAsync();
        await rabbit.Service.ControlAsync(["eval", "application:set_env(rabbit, consumer_timeout, 1000), application:set_env(rabbit, channel_tick_interval, 500)."], Ever);
        using var real = await (await S3Server.SharedAsync()).NewStoreAsync();
        var store = new ChaosObjectStore(real);
        await using var publishing = new RabbitMqConnections(RabbitMqAddress.Parse(rabbit.Url), "s1-app", TimeProvider.System);
        var broker = new RabbitMqLogBroker(publishing, "away");
        await broker.DeclareAsync(Log, Ever);
        await new ClusterRegistry(store).RegisterLogAsync(Log, Ever);
        var publisher = await broker.OpenPublisherAsync(Log, Ever);
        var faults = new ConcurrentQueue<Exception>();
        await using var own = new Worker(rabbit, "s1", store, faults);
        await using var other = new Worker(rabbit, "s2", store, faults);
        await PublishAsync(publisher, 1);
        await UntilAsync(async () => await StoredAsync(real) == 1 && await QueueAsync(rabbit.Service, "consumers") == 2, faults);

        // 1. Away: whoever becomes the consumer has its channel closed by the broker, and nothing is taken out of the queue.
        var outage = store.HoldEach(static _ => true);
        outage.ReleaseByThrowing(new StoreUnavailableException("away"));
        await PublishAsync(publisher, 2);
        await UntilAsync(async () => await QueueAsync(rabbit.Service, "consumers") == 0, faults);
        for (var batch = 3; batch <= Batches; batch++)
        {
            await PublishAsync(publisher, batch);
        }

        // The broker counts them every few seconds.
        await UntilAsync(async () => await QueueAsync(rabbit.Service, "messages") == Batches - 1, faults);

        // 2. Back: each batch is stored once, in order, and the queue is empty.
        outage.Dispose();
        await UntilAsync(async () => await StoredAsync(real) == Batches && await QueueAsync(rabbit.Service, "messages") == 0, faults);
        var row = await (await StoredRows.OpenAsync(real, Ever)).FindAsync(Key, Ever);
        Assert.Equal((Batches, Batches), ((int)row!.Version, (int)row.Stamp.Batch));
        Assert.Empty(faults);
    }

    private static RowKey Key => RowKey.TryCreate("bank", "users", "alice", out var key) ? key : default;

    private static async Task PublishAsync(ILogPublisher publisher, long number)
    {
        var record = new BatchRecord(Key, number, RowState.Present, Document.FromText($$"""{"v":{{number}}}"""));
        Assert.Equal(PublishOutcome.Confirmed, await publisher.PublishAsync(BatchCodec.Encode(new Batch(Log, number, 1, BatchKind.Records, 0, 1, [], [record])), Ever));
    }

    private static async Task<long> StoredAsync(IObjectStore store) => (await new LogManifest(store).ReadAsync(Log, Ever)) is [.., var last] ? last.LastBatch : 0;

    private static async Task<long> QueueAsync(RabbitMqService service, string what) =>
        long.Parse((await service.ControlAsync(["list_queues", "--no-table-headers", "name", what], Ever)).Split('\n').Single(line => line.Contains($".log.{Log}", StringComparison.Ordinal)).Split('\t')[1], System.Globalization.CultureInfo.InvariantCulture);

    private static async Task UntilAsync(Func<Task<bool>> isSo, ConcurrentQueue<Exception> faults)
    {
        for (var began = TimeProvider.System.GetTimestamp(); !await isSo(); await Task.Delay(50))
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < Patience, $"Not in time. {string.Join("; ", faults)}");
        }
    }

    /// <summary>A write-behind process, with connections of its own.</summary>
    private sealed class Worker : IAsyncDisposable
    {
        private readonly RabbitMqConnections _connections;
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _running;

        public Worker(RabbitMqServer rabbit, string name, IObjectStore store, ConcurrentQueue<Exception> faults)
        {
            _connections = new RabbitMqConnections(RabbitMqAddress.Parse(rabbit.Url), $"{name}-write-behind", TimeProvider.System);
            var host = new WorkerHost(new WorkerHostOptions
            {
                Name = name,
                Run = name,
                Broker = new RabbitMqLogBroker(_connections, "away"),
                Store = store,
                Bus = new InProcessClusterBus(),
                Failed = (_, fault) => faults.Enqueue(fault),
            });
            _running = Task.Run(() => host.RunAsync(_stop.Token));
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _running;
            await _connections.DisposeAsync();
            _stop.Dispose();
        }
    }
}
