using System.Collections.Concurrent;
using Mjolnir.AppServer.Committing;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Cli.Embedded;
using Mjolnir.Cli.Roles;
using Mjolnir.Core.Views;
using Mjolnir.Core.Violations;
using Mjolnir.Running;
using Mjolnir.Storage.Cluster;
using Mjolnir.Storage.Logs;
using Mjolnir.Storage.Objects;
using Mjolnir.Storage.Registry;
using Mjolnir.Storage.Rows;
using Mjolnir.Storage.Shards;
using Mjolnir.WriteBehind;
using Mjolnir.WriteBehind.Auditing;
using Mjolnir.WriteBehind.Compaction;
using Mjolnir.WriteBehind.Views;
using Mjolnir.WriteBehind.Workers;

namespace Mjolnir.Cli.Tests.Auditing;

/// <summary>All parts of a cluster in this process, over embedded shards, logs in files and a store in a folder: servers, workers, the keeper of the view, compaction, and an auditor that hardly rests.</summary>
internal sealed class ProcesslessCluster : IAsyncDisposable
{
    private static readonly TimeProvider Time = TimeProvider.System;

    private readonly TestFolder _folder = new();
    private readonly InProcessClusterBus _bus = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<string, EmbeddedShard> _shards = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Member> _members = new(StringComparer.Ordinal);
    private readonly FolderObjectStore _store;
    private readonly FileLogBroker _broker;
    private readonly HeardCluster _heard;
    private readonly List<Task> _running = [];

    public ProcesslessCluster()
    {
        _store = new FolderObjectStore(_folder.At("store"));
        _broker = new FileLogBroker(_folder.At("logs"));
        _heard = new HeardCluster(_bus, Time);
        var logged = new LogSample(3);
        var limits = new WriteBehindLimits { FlushInterval = TimeSpan.FromMilliseconds(200), CompactionInterval = TimeSpan.FromSeconds(1), EntriesPerLog = 8, EntriesOfAll = 16 };
        var host = new WorkerHost(new WorkerHostOptions
        {
            Name = "w", Run = "w", Broker = _broker, Store = _store, Bus = _bus, StoreLimits = limits, Consumed = logged.Offer, Failed = (log, fault) => Violations.Enqueue(Violation.Of(log, fault)),
        });
        var keeper = new ViewKeeper(new ViewKeeperOptions
        {
            Run = "w", Broker = _broker, Store = _store, Bus = _bus, Leadership = new InProcessLeadership(), Connect = Connect, StoreLimits = limits,
            Report = Reports.Enqueue, Failed = fault => Violations.Enqueue(Violation.Of("view", fault)),
        });
        Auditor = new Auditor(new AuditorOptions
        {
            Store = _store,
            Connect = Connect,
            Cluster = _heard,
            Logged = logged,
            Differs = Differences.Enqueue,
            Failed = fault => Violations.Enqueue(Violation.Of("audit", fault)),
            Seed = 5,
            Limits = new AuditLimits { RoundPause = TimeSpan.FromMilliseconds(20), RestFactor = 1, LookPause = TimeSpan.FromMilliseconds(500) },
        });
        _running.Add(Task.Run(() => host.RunAsync(_stop.Token)));
        _running.Add(Task.Run(() => keeper.RunAsync(_stop.Token)));
        _running.Add(Task.Run(() => new Compactor(_store, Time, limits, "c").RunAsync(_stop.Token)));
        _running.Add(Task.Run(() => Auditor.RunAsync(_stop.Token)));
    }

    public Auditor Auditor { get; }

    public ConcurrentQueue<Violation> Differences { get; } = [];

    /// <summary>Broken rules that any other part found.</summary>
    public ConcurrentQueue<Violation> Violations { get; } = [];

    /// <summary>Shards that servers found without their labels.</summary>
    public ConcurrentQueue<Violation> Unlabelled { get; } = [];

    public ConcurrentQueue<string> Reports { get; } = [];

    public IReadOnlyCollection<string> Members => [.. _members.Keys];

    public EmbeddedShard Shard(string name) => _shards.GetOrAdd(name, _ => new EmbeddedShard(name));

    public TransactionServer Server(string name) => _members[name].Server;

    public async Task JoinAsync(string name)
    {
        Shard(name);
        _members[name] = await Member.StartAsync(this, name);
    }

    /// <summary>Asks a server to leave, and ends it when its shard is out of the view.</summary>
    public async Task LeaveAsync(string name)
    {
        _members.TryRemove(name, out var member);
        await member!.LeaveAsync();
        await member.DisposeAsync();
    }

    /// <summary>Waits until a view with these shards is open.</summary>
    public async Task<ClusterView> OpenAsync(Func<ClusterView, bool> fits, TimeSpan patience)
    {
        var registry = new ClusterRegistry(_store);
        for (var began = Time.GetTimestamp(); ; await Task.Delay(50))
        {
            if ((await registry.NewestViewsAsync(CancellationToken.None)).Active is { } view && fits(view))
            {
                return view;
            }

            Assert.True(Time.GetElapsedTime(began) < patience, $"No such view. {string.Join("; ", Reports)} {string.Join("; ", Violations)}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var member in _members.Values)
        {
            await member.DisposeAsync();
        }

        await _stop.CancelAsync();
        foreach (var part in _running)
        {
            await part.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await Auditor.DisposeAsync();
        _heard.Dispose();
        await _broker.DisposeAsync();
        _stop.Dispose();
        _folder.Dispose();
    }

    private EmbeddedShardConnection Connect(ShardDescription shard) => Shard(shard.Address!["mem:".Length..]).Connect();

    /// <summary>An app server without HTTP.</summary>
    private sealed class Member(TransactionServer server, ClusterMember member, ClusterLogEpochs epochs, RegistryViews views, FormerLogs former) : IAsyncDisposable
    {
        public TransactionServer Server => server;

        public static async Task<Member> StartAsync(ProcesslessCluster cluster, string name)
        {
            var (registry, stored) = (new ClusterRegistry(cluster._store), new StoredMarks());
            var former = FormerLogs.Take(cluster._folder.At(name));
            var epochs = new ClusterLogEpochs(name, cluster._broker, registry, new LogSealer(cluster._broker, cluster._store, Time, new WriteBehindLimits()), former, stored);
            epochs.Prepare();
            var views = new RegistryViews(registry, cluster._bus, cluster.Connect, cluster.Unlabelled.Enqueue);
            var member = new ClusterMember(new MemberIdentity(name, $"run-{name}", $"http://{name}", name, $"mem:{name}"), cluster._bus, views, stored, former, Time);
            views.Opened = await member.FirstViewAsync(CancellationToken.None);
            var rows = await StoredRows.OpenAsync(cluster._store, CancellationToken.None);
            var source = new ClusterRows(rows);
            var server = new TransactionServer(name, new CommitterOptions
            {
                Views = views,
                Epochs = epochs,
                Feed = cluster._bus,
                Store = source,
                SealedLogs = rows.SealedLogs,
                Engine = ScriptEngines.Create(),
                Time = Time,
                Random = new Random(1),
                Alarm = cluster.Violations.Enqueue,
            });
            _ = server.Failed.ContinueWith(failed => cluster.Violations.Enqueue(Violation.Of(name, failed.Result)), TaskScheduler.Default);
            await server.StartAsync();
            member.Attach(server, source);
            member.SetReady(true);
            return new Member(server, member, epochs, views, former);
        }

        public async Task LeaveAsync()
        {
            member.Leave();
            await member.Left.Task;
        }

        public async ValueTask DisposeAsync()
        {
            await server.DisposeAsync();
            await member.DisposeAsync();
            await views.DisposeAsync();
            await epochs.DisposeAsync();
            former.Dispose();
        }
    }
}
