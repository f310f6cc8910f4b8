using Mjolnir.Cli.Configuration;
using Mjolnir.Core;
using Mjolnir.Core.Views;
using Mjolnir.Core.Violations;
using Mjolnir.Storage.Cluster;
using Mjolnir.Storage.Logs;
using Mjolnir.Storage.Logs.RabbitMq;
using Mjolnir.Storage.Objects;
using Mjolnir.Storage.Registry;
using Mjolnir.Storage.Shards;
using Mjolnir.WriteBehind.Auditing;

namespace Mjolnir.Cli.Roles;

/// <summary>What every process of a cluster but the proxy is connected to: RabbitMQ (logs, bus, leadership) and the store.</summary>
internal sealed class ClusterServices : IAsyncDisposable
{
    private readonly RabbitMqConnections _connections;
    private readonly S3ObjectStore _s3;
    private readonly RabbitMqClusterBus _bus;
    private readonly string _cluster;
    private readonly CancellationTokenSource _closing = new();
    private Task<(string Message, bool MayPass)?> _firstLook = Task.FromResult<(string, bool)?>(null);
    private bool _isFirstLookTaken;
    private Task _preparing = Task.CompletedTask;

    private ClusterServices(RabbitMqConnections connections, S3ObjectStore s3, string cluster, bool hearsCommits, TimeProvider time)
    {
        _connections = connections;
        _s3 = s3;
        _cluster = cluster;
        Time = time;
        Store = new CountedObjectStore(s3, new StoreRequests());
        Bill = new StoreBill(Store.Requests, time);
        AuditStore = new CountedObjectStore(s3, new StoreRequests());
        Registry = new ClusterRegistry(Store);
        Broker = new RabbitMqLogBroker(connections, cluster);
        Leadership = new RabbitMqLeadership(connections, cluster);
        _bus = new RabbitMqClusterBus(connections, cluster, hearsCommits, RaiseIfAny);
    }

    /// <summary>Told of what goes wrong with RabbitMQ and is tried again.</summary>
    public event Action<string>? Troubled
    {
        add => _connections.Troubled += value;
        remove => _connections.Troubled -= value;
    }

    public TimeProvider Time { get; }

    public ILogBroker Broker { get; }

    public IClusterBus Bus => _bus;

    public ILeadership Leadership { get; }

    /// <summary>Notices of the bus that were lost here.</summary>
    public long BusDropped => _bus.Dropped;

    /// <summary>Notices of the bus that this version does not understand.</summary>
    public long BusUndecoded => _bus.Undecoded;

    /// <summary>The store, its requests counted.</summary>
    public CountedObjectStore Store { get; }

    /// <summary>The same store for the auditor, its requests counted apart: reads of everybody else stand still in steady state.</summary>
    public CountedObjectStore AuditStore { get; }

    /// <summary>Broken rules that this process has found.</summary>
    public Alarms Alarms { get; } = new();

    /// <summary>The auditor of this process; null if it has none.</summary>
    public Auditor? Auditor { get; set; }

    /// <summary>What the store costs.</summary>
    public StoreBill Bill { get; }

    public ClusterRegistry Registry { get; }

    /// <summary>Completes when the store has proved that it is there and will do; fails as <see cref="ConnectAsync"/> does.</summary>
    public Task StoreIsFit { get; private set; } = Task.CompletedTask;

    /// <summary>Connects, and proves that both services are there and will do. A service that cannot be reached yet is waited for: on a machine that starts, nobody knows the order.</summary>
    /// <param name="configuration">names both</param>
    /// <param name="process">this process's name, shown by the services' tools</param>
    /// <param name="hearsCommits">it runs transactions, so it wants to know at once what other servers have committed</param>
    /// <param name="patience">how long a service is waited for</param>
    /// <param name="waits">called with what is waited for, once for each reason</param>
    /// <param name="time">clock and timers</param>
    /// <param name="cancellationToken">ends the waiting</param>
    /// <exception cref="FailureException">a service refuses, or cannot be reached within the patience</exception>
    public static async Task<ClusterServices> ConnectAsync(
        StackConfiguration configuration, string process, bool hearsCommits, TimeSpan patience, Action<string> waits, TimeProvider time, CancellationToken cancellationToken)
    {
        var services = await BeginAsync(configuration, process, hearsCommits, patience, waits, time, cancellationToken);
        try
        {
            await services.StoreIsFit;
            return services;
        }
        catch
        {
            await services.DisposeAsync();
            throw;
        }
    }

    /// <summary>The same, but returns as soon as RabbitMQ answers: the store may be used only behind <see cref="StoreIsFit"/>.</summary>
    /// <inheritdoc cref="ConnectAsync"/>
    public static async Task<ClusterServices> BeginAsync(
        StackConfiguration configuration, string process, bool hearsCommits, TimeSpan patience, Action<string> waits, TimeProvider time, CancellationToken cancellationToken)
    {
        var services = new ClusterServices(
            new RabbitMqConnections(RabbitMqAddress.Parse(configuration.Queue.Url), process, time), new S3ObjectStore(Settings(configuration.Store), time), configuration.Cluster, hearsCommits, time);
        try
        {
            // Side by side, but what is wrong with RabbitMQ is told first, and alone.
            services._firstLook = services.StoreFailureAsync(services._closing.Token);
            await services.WaitAsync(services.QueueFailureAsync, patience, waits, cancellationToken);
            services.StoreIsFit = services.WaitAsync(services.NextStoreFailureAsync, patience, waits, cancellationToken);
            services._preparing = hearsCommits ? services._connections.PrepareToSendAsync(services._closing.Token) : Task.CompletedTask;
            return services;
        }
        catch
        {
            await services.DisposeAsync();
            throw;
        }
    }

    /// <summary>Joins the feed of what workers have consumed; whoever opens it disposes of it.</summary>
    /// <param name="hears">what workers tell is wanted here; else this process only tells</param>
    /// <param name="report">told of each loss of the connection, and of messages that do not decode</param>
    public RabbitMqBatchFeed OpenBatchFeed(bool hears, Action<Exception> report) => new(_connections, _cluster, hears, report);

    /// <summary>A connection of this process's own to a shard.</summary>
    public IShardConnection Connect(ShardDescription shard) => new MemcachedShardConnection(shard.Name, shard.Address!, time: Time);

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await StoreIsFit.ToItsEnd();
        await _firstLook.ToItsEnd();
        await _preparing;
        _closing.Dispose();
        await _bus.DisposeAsync();
        await _connections.DisposeAsync();
        _s3.Dispose();
    }

    private static S3Settings Settings(StoreSection store) => new(store.Endpoint.Length == 0 ? null : new Uri(store.Endpoint), store.Bucket)
    {
        Prefix = store.Prefix,
        Region = store.Region,
        AccessKey = store.AccessKey.Length == 0 ? null : store.AccessKey,
        SecretKey = store.SecretKey.Length == 0 ? null : store.SecretKey,
    };

    /// <summary>Until there is no failure any more, or one that does not pass.</summary>
    private async Task WaitAsync(Func<CancellationToken, Task<(string Message, bool MayPass)?>> failureAsync, TimeSpan patience, Action<string> waits, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _closing.Token);
        var began = Time.GetTimestamp();
        var told = "";
        while (await failureAsync(either.Token) is { } failure)
        {
            if (!failure.MayPass || Time.GetElapsedTime(began) > patience)
            {
                throw new FailureException(failure.Message);
            }

            if (failure.Message != told)
            {
                told = failure.Message;
                waits(told);
            }

            // A service that is starting tells nobody when it is up.
            await Task.Delay(RoleLimits.ServiceLook, Time, either.Token);
        }
    }

    private async Task<(string Message, bool MayPass)?> QueueFailureAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _connections.CheckAsync(cancellationToken);
            return null;
        }
        catch (LogUnavailableException fault)
        {
            return (fault.Message, MayPass: !fault.IsRefusal);
        }
    }

    /// <summary>What was begun beside the look at RabbitMQ counts as the first.</summary>
    private Task<(string Message, bool MayPass)?> NextStoreFailureAsync(CancellationToken cancellationToken)
    {
        var isFirst = !_isFirstLookTaken;
        _isFirstLookTaken = true;
        return isFirst ? _firstLook.WaitAsync(cancellationToken) : StoreFailureAsync(cancellationToken);
    }

    private async Task<(string Message, bool MayPass)?> StoreFailureAsync(CancellationToken cancellationToken)
    {
        var check = await S3Capability.CheckAsync(_s3, cancellationToken);
        return check.Kind == S3CheckKind.Good ? null : (check.Message, check.Kind == S3CheckKind.Unreachable);
    }

    /// <summary>Lost connections pass by themselves; messages of a later release do not.</summary>
    private void RaiseIfAny(Exception fault)
    {
        if (Violation.Is(fault))
        {
            Alarms.Raise(Violation.Of("the bus", fault));
        }
    }
}
