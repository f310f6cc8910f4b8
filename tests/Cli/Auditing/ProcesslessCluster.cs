using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Mjolnir.AppServer.Committing;
using Mjolnir.AppServer.Queries;
using Mjolnir.AppServer.Transactions;
using Mjolnir.AppServer.Unique;
using Mjolnir.Cli.Embedded;
using Mjolnir.Cli.Roles;
using Mjolnir.Core.Batches;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Views;
using Mjolnir.Core.Violations;
using Mjolnir.Indexer.Running;
using Mjolnir.Running;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Engine;
using Mjolnir.Scripting.Unique;
using Mjolnir.Storage.Cluster;
using Mjolnir.Storage.Indexes;
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
    private readonly EmbeddedIndexPages _pages = new();
    private readonly ApplicationIndexer _indexer;
    private readonly InProcessLeadership _leadership = new();
    private readonly List<Task> _running = [];
    private readonly IDisposable _listening;

    public ProcesslessCluster()
    {
        _store = new FolderObjectStore(_folder.At("store"));
        _broker = new FileLogBroker(_folder.At("logs"));
        _heard = new HeardCluster(_bus, Time);
        var logged = new LogSample(3);
        _indexer = new ApplicationIndexer(new IndexerParts { Pages = _pages, Store = _store, Time = Time, Failed = (table, fault) => Violations.Enqueue(Violation.Of(table, fault)) });
        Queries = new IndexQueries(new IndexAnswers(_pages, _pages.Heads, _indexer.ProgressOf, _indexer.Expect, Time), new Marks(this)) { IsUsed = true };
        _listening = _bus.Listen(notice =>
        {
            if (notice is WorkerBeat worker)
            {
                _indexer.Expect(worker.Logs.Where(static log => log.Stored > 0).Select(static log => new Stamp(log.Log, log.Stored)));
            }
        });
        var limits = new WriteBehindLimits { FlushInterval = TimeSpan.FromMilliseconds(200), CompactionInterval = TimeSpan.FromSeconds(1), EntriesPerLog = 8, EntriesOfAll = 16 };
        var host = new WorkerHost(new WorkerHostOptions
        {
            Name = "w", Run = "w", Broker = _broker, Store = _store, Bus = _bus, StoreLimits = limits, Consumed = Consume, Failed = (log, fault) => Violations.Enqueue(Violation.Of(log, fault)),
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
        void Consume(Batch batch)
        {
            logged.Offer(batch);
            _indexer.Offer(batch);
        }

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

    /// <summary>What the parts that make unique indexes told.</summary>
    public ConcurrentQueue<string> Told { get; } = [];

    /// <summary>Answers from one indexer of the whole cluster.</summary>
    public IndexQueries Queries { get; }

    public FolderObjectStore Store => _store;

    public IReadOnlyCollection<string> Members => [.. _members.Keys];

    public EmbeddedShard Shard(string name) => _shards.GetOrAdd(name, _ => new EmbeddedShard(name));

    public TransactionServer Server(string name) => _members[name].Server;

    public Task JoinAsync(string name) => JoinAsync(name, null);

    /// <summary>Starts a server of this version of an application; null: without any.</summary>
    public async Task JoinAsync(string name, Application? application)
    {
        Shard(name);
        _members[name] = await Member.StartAsync(this, name, application);
    }

    /// <summary>Ends a server; its shard stays.</summary>
    public async Task EndAsync(string name)
    {
        _members.TryRemove(name, out var member);
        await member!.DisposeAsync();
    }

    /// <summary>Keeps the indexes of an application.</summary>
    public Task KeepIndexesAsync(Application application) => _indexer.UseAsync(application.Name, application.Tables.Select(table => KeyValuePair.Create(table.Key, table.Value.Indexes)));

    /// <summary>What a server has seen of unique indexes.</summary>
    public UniqueState UniqueOf(string name, string table) => _members.TryGetValue(name, out var member) && member.Unique is { } unique && unique.States.TryGetValue(table, out var state) ? state : UniqueState.None;

    /// <summary>Calls a handler of the version that a server serves.</summary>
    public ValueTask<TransactionAnswer> CallAsync(string name, string handler, JsonArray arguments)
    {
        var member = _members[name];
        return member.Server.RunAsync(
            new TransactionCall(
                new HandlerCall
                {
                    Application = member.Application!,
                    Handler = member.Application!.Handlers[handler],
                    User = null,
                    Args = Encoding.UTF8.GetBytes(arguments.ToJsonString()),
                    Seed = new TransactionSeed(Time.GetUtcNow().ToUnixTimeMilliseconds(), 1),
                },
                null),
            CancellationToken.None);
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

        _listening.Dispose();
        await _indexer.DisposeAsync();
        await Auditor.DisposeAsync();
        _heard.Dispose();
        await _broker.DisposeAsync();
        _stop.Dispose();
        _folder.Dispose();
    }

    private EmbeddedShardConnection Connect(ShardDescription shard) => Shard(shard.Address!["mem:".Length..]).Connect();

    /// <summary>What is durable: of live servers what they say, of others what the store says.</summary>
    private sealed class Marks(ProcesslessCluster cluster) : IWrittenMarks
    {
        public async ValueTask<IReadOnlyList<Stamp>?> DurableAsync(CancellationToken cancellationToken)
        {
            var logs = await new ClusterRegistry(cluster._store).ListLogsAsync(cancellationToken);
            var live = cluster._members.Values.Select(static member => member.Server).Where(static server => server.Log is not null).ToDictionary(static server => server.Log!, static server => server.Durable);
            var stored = await StoredRows.OpenAsync(cluster._store, cancellationToken);
            return logs.All(log => live.ContainsKey(log) || stored.SealedLogs.ContainsKey(log))
                ? [.. logs.Select(log => new Stamp(log, stored.SealedLogs.TryGetValue(log, out var end) ? end : live[log]))]
                : null;
        }

        public ValueTask<WrittenElsewhere> WrittenAsync(string user, CancellationToken cancellationToken) => new(WrittenElsewhere.Nothing);
    }

    private sealed class OneServer(TransactionServer server) : ITransactionRouter
    {
        public ITransactions Any => server;

        public ITransactions Route(TransactionCall call) => server;

        public ITransactions Beside(RowKey key) => server;
    }

    /// <summary>An app server without HTTP.</summary>
    private sealed class Member(TransactionServer server, ClusterMember member, ClusterLogEpochs epochs, RegistryViews views, FormerLogs former) : IAsyncDisposable
    {
        public TransactionServer Server => server;

        public Application? Application { get; private init; }

        public ClusterUnique? Unique { get; private init; }

        private UniqueKnowledge? Knowledge { get; init; }

        public static async Task<Member> StartAsync(ProcesslessCluster cluster, string name, Application? application)
        {
            var knowledge = application is null ? null : new UniqueKnowledge();
            var (registry, stored) = (new ClusterRegistry(cluster._store), new StoredMarks());
            var former = FormerLogs.Take(cluster._folder.At(name));
            var epochs = new ClusterLogEpochs(name, cluster._broker, registry, new LogSealer(cluster._broker, cluster._store, Time, new WriteBehindLimits()), former, stored, application is null ? null : ClusterUnique.Declared(application));
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
                Queries = application is null ? null : cluster.Queries,
                Unique = knowledge,
            });
            _ = server.Failed.ContinueWith(failed => cluster.Violations.Enqueue(Violation.Of(name, failed.Result)), TaskScheduler.Default);
            await server.StartAsync();
            member.Attach(server, source);
            member.SetReady(true);
            knowledge?.Attach(server);
            return new Member(server, member, epochs, views, former) { Application = application, Knowledge = knowledge, Unique = application is null ? null : Keep(cluster, name, application, server, source, knowledge!) };
        }

        private static ClusterUnique Keep(ProcesslessCluster cluster, string name, Application application, TransactionServer server, ClusterRows rows, UniqueKnowledge knowledge)
        {
            var unique = new ClusterUnique(new ClusterUniqueParts
            {
                Application = application,
                Router = new OneServer(server),
                Queries = cluster.Queries,
                Knowledge = knowledge,
                Registry = new ClusterRegistry(cluster._store),
                Rows = rows,
                Bus = cluster._bus,
                Leadership = cluster._leadership,
                Time = Time,
                Report = what => cluster.Told.Enqueue($"{name}: {what}"),
                Failed = fault => cluster.Told.Enqueue($"{name} FAILED {fault.Message}"),
                SweepWait = TimeSpan.FromSeconds(1),
            });
            unique.Start();
            return unique;
        }

        public async Task LeaveAsync()
        {
            member.Leave();
            await member.Left.Task;
        }

        public async ValueTask DisposeAsync()
        {
            if (Unique is not null)
            {
                await Unique.DisposeAsync();
                await Knowledge!.DisposeAsync();
            }

            await server.DisposeAsync();
            await member.DisposeAsync();
            await views.DisposeAsync();
            await epochs.DisposeAsync();
            former.Dispose();
        }
    }
}
