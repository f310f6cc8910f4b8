using System.Collections.Concurrent;
using System.Text;
using Mjolnir.Core.Views;
using Mjolnir.Servers;
using Mjolnir.Storage.Cluster;
using Mjolnir.Storage.Logs.RabbitMq;
using Mjolnir.Storage.Objects;
using Mjolnir.Storage.Registry;
using Mjolnir.Storage.Shards;
using Mjolnir.WriteBehind.Views;
using Mjolnir.WriteBehind.Workers;

namespace Mjolnir.Integration.Tests.Views;

/// <summary>A cluster over a real RabbitMQ, a real S3 and real memcached servers, with the usual limits. What a process has of its own (connections, bus) each part here has too.</summary>
internal sealed class RealCluster : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _name = Guid.NewGuid().ToString("N");
    private readonly List<IAsyncDisposable> _parts = [];
    private RabbitMqServer _rabbit = null!;

    public S3ObjectStore Store { get; private set; } = null!;

    public ClusterRegistry Registry => new(Store);

    public ConcurrentQueue<KeeperBeat> Beats { get; } = [];

    public ConcurrentQueue<string> Reports { get; } = [];

    public ConcurrentQueue<Exception> Faults { get; } = [];

    public static async Task<RealCluster> StartAsync()
    {
        var cluster = new RealCluster { _rabbit = await RabbitMqServer.SharedAsync(), Store = await (await S3Server.SharedAsync()).NewStoreAsync() };
        var ears = await cluster.JoinAsync("ears");
        ears.Bus.Listen(notice =>
        {
            if (notice is KeeperBeat beat)
            {
                cluster.Beats.Enqueue(beat);
            }
        });
        return cluster;
    }

    public async Task<Member> JoinAsync(string process)
    {
        var connections = new RabbitMqConnections(RabbitMqAddress.Parse(_rabbit.Url), process, TimeProvider.System);
        var member = new Member(connections, new RabbitMqLogBroker(connections, _name), new RabbitMqClusterBus(connections, _name, hearsCommits: true), new RabbitMqLeadership(connections, _name));
        _parts.Add(member);
        await member.Bus.ReadyAsync(CancellationToken.None).WaitAsync(Patience);
        return member;
    }

    /// <summary>Starts what a write-behind process runs; disposing of it is its death, connections and all.</summary>
    public async Task<WriteBehindProcess> StartWriteBehindAsync(string name, KeeperLimits? limits = null)
    {
        var member = await JoinAsync($"{name}-write-behind");
        var run = Guid.NewGuid().ToString("N");
        var host = new WorkerHost(new WorkerHostOptions { Name = name, Run = run, Broker = member.Broker, Store = Store, Bus = member.Bus, Failed = (_, fault) => Faults.Enqueue(fault) });
        var keeper = new ViewKeeper(new ViewKeeperOptions
        {
            Run = run,
            Broker = member.Broker,
            Store = Store,
            Bus = member.Bus,
            Leadership = member.Leadership,
            Connect = shard => new MemcachedShardConnection(shard.Name, shard.Address!),
            Limits = limits ?? new KeeperLimits(),
            Report = what => Reports.Enqueue($"{DateTime.UtcNow:ss.fff} {name} {what}"),
            Failed = Faults.Enqueue,
        });
        var process = new WriteBehindProcess(member, host, keeper);
        _parts.Add(process);
        return process;
    }

    public async Task<ClusterView> ActiveAsync(Func<ClusterView, bool> fits)
    {
        ClusterView? found = null;
        await EventuallyAsync(async () => (found = (await Registry.NewestViewsAsync(CancellationToken.None)).Active) is not null && fits(found) && Beats.Any(beat => beat.ActiveView >= found.Number));
        return found!;
    }

    public async Task EventuallyAsync(Func<Task<bool>> look)
    {
        for (var start = TimeProvider.System.GetTimestamp(); !await look();)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < Patience, $"Not in time. {string.Join("; ", Reports)} {string.Join("; ", Faults)}");
            await Task.Delay(20);
        }
    }

    public static async Task<string?> GetAsync(MemcachedServer server, string cacheKey)
    {
        await using var connection = new MemcachedShardConnection("test", server.Address);
        var get = new ShardOperation { Verb = ShardVerb.Get, CacheKey = cacheKey };
        for (var tries = 0; tries < 50 && get.Status is ShardStatus.Pending or ShardStatus.Unknown; tries++)
        {
            await connection.RunAsync([get], CancellationToken.None);
            await Task.Delay(get.Status == ShardStatus.Unknown ? 20 : 0);
        }

        return get.Status == ShardStatus.Hit ? Encoding.UTF8.GetString(get.Value.Span) : null;
    }

    public async ValueTask DisposeAsync()
    {
        // The last part first: processes, then the connections of who only listened.
        foreach (var part in Enumerable.Reverse(_parts))
        {
            await part.DisposeAsync();
        }
    }

    internal sealed record Member(RabbitMqConnections Connections, RabbitMqLogBroker Broker, RabbitMqClusterBus Bus, RabbitMqLeadership Leadership) : IAsyncDisposable
    {
        private int _disposed;

        public async ValueTask DisposeAsync()
        {
            if (Interlocked.Exchange(ref _disposed, 1) == 0)
            {
                await Bus.DisposeAsync();
                await Connections.DisposeAsync();
            }
        }
    }

    internal sealed class WriteBehindProcess : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Member _member;
        private readonly Task _ends;

        public WriteBehindProcess(Member member, WorkerHost host, ViewKeeper keeper)
        {
            (_member, Host, Keeper) = (member, host, keeper);
            _ends = Task.WhenAll(Task.Run(() => host.RunAsync(_stop.Token)), Task.Run(() => keeper.RunAsync(_stop.Token)));
        }

        public WorkerHost Host { get; }

        public ViewKeeper Keeper { get; }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _ends;
            await _member.DisposeAsync();
        }
    }
}
