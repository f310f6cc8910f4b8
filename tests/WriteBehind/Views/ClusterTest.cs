using System.Collections.Concurrent;
using Mjolnir.Core;
using Mjolnir.Core.Views;
using Mjolnir.Storage.Cluster;
using Mjolnir.Storage.Feeds;
using Mjolnir.Storage.Registry;
using Mjolnir.Storage.Rows;
using Mjolnir.Storage.Shards;
using Mjolnir.WriteBehind.Views;
using Mjolnir.WriteBehind.Workers;

namespace Mjolnir.WriteBehind.Tests.Views;

/// <summary>A cluster in one process: logs and store in memory, embedded shards by address, keepers and worker hosts as they are, and servers that only publish and cross.</summary>
internal sealed class ClusterTest : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>The usual times, some ten times as fast. Not faster: on a busy machine a beat may come late.</summary>
    public static readonly KeeperLimits Fast = new()
    {
        Beat = TimeSpan.FromMilliseconds(50),
        BeatPatience = TimeSpan.FromMilliseconds(1500),
        CrossPatience = TimeSpan.FromMilliseconds(600),
        GoneAfter = TimeSpan.FromMilliseconds(300),
        JoinGather = TimeSpan.FromMilliseconds(60),
        StoreLook = TimeSpan.FromMilliseconds(10),
        ProbeAgain = TimeSpan.FromMilliseconds(20),
        QueueLook = TimeSpan.FromMilliseconds(20),
        LeadRetry = TimeSpan.FromMilliseconds(20),
        BackOff = TimeSpan.FromMilliseconds(20),
        FaultPause = TimeSpan.FromMilliseconds(100),
    };

    private static readonly WorkerLimits FastWorkers = new()
    {
        HeadStart = TimeSpan.FromMilliseconds(50),
        RegistryLook = TimeSpan.FromMilliseconds(200),
        FirstBackOff = TimeSpan.FromMilliseconds(5),
        LongestBackOff = TimeSpan.FromMilliseconds(20),
        Beat = TimeSpan.FromMilliseconds(50),
    };

    private readonly ConcurrentDictionary<string, EmbeddedShard> _shards = new();
    private readonly List<(CancellationTokenSource Stop, Task Ends)> _running = [];
    private readonly List<KeeperBeat> _beats = [];
    private readonly Lock _lock = new();
    private readonly IDisposable _listening;
    private readonly IDisposable _subscribed;
    private int _ids;

    public ClusterTest()
    {
        _listening = Bus.Listen(notice => Keep(notice));
        _subscribed = Bus.Subscribe(notice => Notices.Enqueue(notice));
    }

    public World World { get; } = new();

    public InProcessClusterBus Bus { get; } = new();

    public InProcessLeadership Leadership { get; } = new();

    public ConcurrentQueue<CommitNotice> Notices { get; } = [];

    public ConcurrentQueue<string> Reports { get; } = [];

    public ConcurrentQueue<Exception> Faults { get; } = [];

    /// <summary>What keepers told of damage.</summary>
    public ConcurrentQueue<DamagedRows> Damaged { get; } = [];

    public ConcurrentQueue<(string Log, CorruptDataException Fault)> DamagedLogs { get; } = [];

    public ConcurrentDictionary<string, bool> Unreachable { get; } = new();

    /// <summary>Addresses of shards that take so long to answer.</summary>
    public ConcurrentDictionary<string, TimeSpan> Slow { get; } = new();

    /// <summary>Shards that answer, and refuse to be opened.</summary>
    public ConcurrentDictionary<string, bool> Unfit { get; } = new();

    public ConcurrentQueue<(string Shard, string Label)> Openings { get; } = [];

    /// <summary>Called with each label that a shard is opened with, before that is done.</summary>
    public Func<string, Task> BeforeOpening { get; set; } = _ => Task.CompletedTask;

    public ClusterRegistry Registry => new(World.Objects);

    public WriteBehindLimits StoreLimits { get; init; } = World.Patient with { FlushInterval = TimeSpan.FromMilliseconds(20) };

    /// <summary>The clock of keepers and workers.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    public EmbeddedShard Shard(string name) => _shards.GetOrAdd(name, _ => new EmbeddedShard(name));

    public string NextId() => $"id{Interlocked.Increment(ref _ids)}";

    /// <summary>Starts a keeper; disposing of what is returned kills it.</summary>
    public Running StartKeeper(KeeperLimits? limits = null, ILeadership? leadership = null)
    {
        var run = NextId();
        var keeper = new ViewKeeper(new ViewKeeperOptions
        {
            Run = run,
            Broker = World.Logs,
            Store = World.Store,
            Bus = Bus,
            Leadership = leadership ?? Leadership,
            Connect = Connect,
            Time = Time,
            Limits = limits ?? Fast,
            StoreLimits = StoreLimits,
            NewId = NextId,
            Report = what => Reports.Enqueue($"{run} {what}"),
            Damaged = Damaged.Enqueue,
            Failed = Faults.Enqueue,
        });
        return Start(keeper.RunAsync);
    }

    public (WorkerHost Host, Running Run) StartWorkers(string name)
    {
        var host = new WorkerHost(new WorkerHostOptions
        {
            Name = name,
            Run = NextId(),
            Broker = World.Logs,
            Store = World.Store,
            Bus = Bus,
            Time = Time,
            StoreLimits = StoreLimits,
            Limits = FastWorkers,
            NewId = NextId,
            Damaged = (log, fault) => DamagedLogs.Enqueue((log, fault)),
            Failed = (_, fault) => Faults.Enqueue(fault),
        });
        return (host, Start(host.RunAsync));
    }

    public async Task<PlainServer> StartServerAsync(string name, params string[] deadLogs)
    {
        Shard(name);
        var server = new PlainServer(this, name, deadLogs);
        await server.StartAsync();
        return server;
    }

    /// <summary>Waits for a beat of a keeper that fits.</summary>
    public Task<KeeperBeat> BeatAsync(Func<KeeperBeat, bool> fits) => EventuallyAsync(() =>
    {
        lock (_lock)
        {
            return _beats.LastOrDefault(fits);
        }
    });

    public async Task<ClusterView> ActiveAsync(Func<ClusterView, bool> fits)
    {
        for (var start = TimeProvider.System.GetTimestamp(); TimeProvider.System.GetElapsedTime(start) < Patience;)
        {
            var (_, active) = await Registry.NewestViewsAsync(World.Ever);
            if (active is not null && fits(active))
            {
                await BeatAsync(beat => beat.ActiveView >= active.Number);
                return active;
            }

            await Task.Delay(5);
        }

        throw new TimeoutException($"No such view. {string.Join("; ", Reports)} {string.Join("; ", Faults)}");
    }

    public async Task<T> EventuallyAsync<T>(Func<T?> look)
        where T : class
    {
        for (var start = TimeProvider.System.GetTimestamp(); TimeProvider.System.GetElapsedTime(start) < Patience;)
        {
            if (look() is { } found)
            {
                return found;
            }

            await Task.Delay(5);
        }

        throw new TimeoutException($"Not in time. {string.Join("; ", Reports)} {string.Join("; ", Faults)}");
    }

    public Task EventuallyAsync(Func<bool> look) => EventuallyAsync(() => look() ? this : null);

    public async Task<string?> LabelAsync(string shard)
    {
        await using var connection = Shard(shard).Connect();
        var get = new ShardOperation { Verb = ShardVerb.Get, CacheKey = IShardConnection.LabelKey };
        await connection.RunAsync([get], World.Ever);
        return get.Status == ShardStatus.Hit ? System.Text.Encoding.UTF8.GetString(get.Value.Span) : null;
    }

    public IShardConnection Connect(ShardDescription shard) => new Switched(this, shard.Address!, Shard(shard.Address!["mem:".Length..]).Connect());

    public async ValueTask DisposeAsync()
    {
        foreach (var (stop, ends) in _running)
        {
            await stop.CancelAsync();
            await ends;
        }

        _listening.Dispose();
        _subscribed.Dispose();
    }

    public Running Start(Func<CancellationToken, Task> run)
    {
        var stop = new CancellationTokenSource();
        var ends = Task.Run(() => run(stop.Token));
        _running.Add((stop, ends));
        return new Running(stop, ends);
    }

    private void Keep(ClusterNotice notice)
    {
        if (notice is KeeperBeat beat)
        {
            lock (_lock)
            {
                _beats.Add(beat);
            }
        }
    }

    /// <summary>A part that runs; disposing of it ends it and waits for that.</summary>
    public sealed class Running(CancellationTokenSource stop, Task ends) : IAsyncDisposable
    {
        public Task Ends => ends;

        public Task CancelAsync() => stop.CancelAsync();

        public async ValueTask DisposeAsync()
        {
            await stop.CancelAsync();
            await ends;
        }
    }

    /// <summary>A connection that a test cuts off from its shard.</summary>
    private sealed class Switched(ClusterTest test, string address, IShardConnection inner) : IShardConnection
    {
        public string Shard => inner.Shard;

        public long Incarnation => inner.Incarnation;

        public async ValueTask RunAsync(IReadOnlyList<ShardOperation> pass, CancellationToken cancellationToken)
        {
            if (!test.Unreachable.ContainsKey(address))
            {
                if (test.Slow.TryGetValue(address, out var pause))
                {
                    await Task.Delay(pause, cancellationToken);
                }

                await inner.RunAsync(pass, cancellationToken);
                return;
            }

            foreach (var operation in pass)
            {
                operation.Status = ShardStatus.Unknown;
            }
        }

        public async ValueTask OpenAsync(string label, CancellationToken cancellationToken)
        {
            test.Openings.Enqueue((inner.Shard, label));
            await test.BeforeOpening(label);
            if (test.Unfit.ContainsKey(address))
            {
                throw new ShardUnavailableException($"{inner.Shard} evicts items.");
            }

            await inner.OpenAsync(label, cancellationToken);
        }

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
