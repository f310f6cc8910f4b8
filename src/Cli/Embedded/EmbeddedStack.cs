using System.Globalization;
using Mjolnir.AppServer.Committing;
using Mjolnir.AppServer.Queries;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Cli.Status;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Routing;
using Mjolnir.Core.Views;
using Mjolnir.Core.Violations;
using Mjolnir.Indexer.Running;
using Mjolnir.Scripting.Applications;
using Mjolnir.Storage.Feeds;
using Mjolnir.Storage.Folders;
using Mjolnir.Storage.Indexes;
using Mjolnir.Storage.Logs;
using Mjolnir.Storage.Objects;
using Mjolnir.Storage.Registry;
using Mjolnir.Storage.Rows;
using Mjolnir.Storage.Shards;
using Mjolnir.WriteBehind;
using Mjolnir.WriteBehind.Auditing;
using Mjolnir.WriteBehind.Compaction;
using Mjolnir.WriteBehind.Warming;
using Mjolnir.WriteBehind.Workers;

namespace Mjolnir.Cli.Embedded;

/// <summary>
/// The embedded stack: cache, log, store and servers in one process and one folder, behind the same seams and with the same protocol as a cluster.
/// <code>
/// start: lock the folder ─► recover (seal and drain every log of the dead process, make the next view) ─► label the shards, mark the view active
///        ─► servers open their logs ─► serve; the warmer fills the shards meanwhile
/// stop:  servers answer what is confirmed ─► workers store what the logs hold ─► unlock
/// </code>
/// </summary>
internal sealed class EmbeddedStack : IAsyncDisposable
{
    private const string OutcomeTable = "_tx";

    private static readonly WriteBehindLimits StoreLimits = new();

    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource<Exception> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly FolderLock _lock;
    private readonly FileLogBroker _broker;
    private readonly LogWorkers _workers;
    private readonly List<VStack> _stacks = [];
    private readonly EmbeddedIndexPages _indexPages = new();
    private Task _warming = Task.CompletedTask;
    private Task _compacting = Task.CompletedTask;
    private Task _auditing = Task.CompletedTask;
    private Action<Violation> _violated = _ => { };
    private bool _closed;

    private EmbeddedStack(FolderLock folderLock, FileLogBroker broker, LogWorkers workers, FolderObjectStore store, TimeProvider time)
    {
        _lock = folderLock;
        _broker = broker;
        _workers = workers;
        Indexer = new ApplicationIndexer(new IndexerParts
        {
            Pages = _indexPages,
            Store = store,
            Time = time,
            StoreConsumed = workers.StoreConsumedAsync,
            Failed = (table, fault) => Raise(Violation.Of($"indexes of table {table}", fault)),
            Changed = (app, table) => Queries!.Changed(app, table),
        });
        Queries = new IndexQueries(new IndexAnswers(_indexPages, _indexPages.Heads, Indexer.ProgressOf, Indexer.Expect, time), new NothingElsewhere(Durable));
    }

    public StackRouter Router { get; private set; } = null!;

    /// <summary>Keeps the indexes of the application that is served.</summary>
    public ApplicationIndexer Indexer { get; }

    /// <summary>Where they lie.</summary>
    public EmbeddedIndexPages IndexPages => _indexPages;

    /// <summary>Answers from them.</summary>
    public IndexQueries Queries { get; }

    /// <summary>What recovery found.</summary>
    public RecoveredCluster Recovered { get; private set; } = null!;

    /// <summary>What a torn log lost at its end: bytes that were never confirmed.</summary>
    public IReadOnlyList<TornTail> Torn { get; private set; } = [];

    /// <summary>True when everything stored is in memory.</summary>
    public bool IsWarm => _warming.IsCompletedSuccessfully;

    /// <summary>Broken rules found so far.</summary>
    public Alarms Alarms { get; } = new();

    /// <summary>Compares cache, logs and store.</summary>
    public Auditor Auditor { get; private set; } = null!;

    /// <summary>What the auditor asked of the store.</summary>
    public StoreRequests AuditRequests { get; } = new();

    /// <summary>Completes when a part stopped on a broken rule: the process must end, the next start recovers.</summary>
    public Task<Exception> Failed => _failed.Task;

    /// <summary>Locks the folder, recovers what is in it and begins to serve.</summary>
    public static async Task<EmbeddedStack> StartAsync(EmbeddedOptions options, IProgress<RecoveryProgress> progress, CancellationToken cancellationToken)
    {
        var folderLock = FolderLock.Acquire(options.Data);
        try
        {
            return await StartAsync(options, folderLock, progress, cancellationToken);
        }
        catch
        {
            folderLock.Dispose();
            throw;
        }
    }

    /// <summary>From now on the indexes of this version of the application are kept. They are built beside serving: a query before that waits a little, or is told to come again.</summary>
    public Task KeepIndexesAsync(Application application)
    {
        Queries.IsUsed = application.Tables.Values.Any(table => !table.Indexes.IsEmpty);
        return Indexer.UseAsync(application.Name, application.Tables.Select(table => KeyValuePair.Create(table.Key, table.Value.Indexes)));
    }

    public IReadOnlyList<StackFigures> Figures() => _stacks.ConvertAll(stack => stack.Figures());

    /// <summary>Stops cleanly; what cannot be stored in time stays in the logs for the next start.</summary>
    public async Task StopAsync(CancellationToken patience)
    {
        if (_closed)
        {
            return;
        }

        _closed = true;
        await _stop.CancelAsync();
        foreach (var stack in _stacks)
        {
            await stack.Server.DisposeAsync();
        }

        await EndedAsync(_warming);
        await EndedAsync(_compacting);
        await EndedAsync(_auditing);
        if (Auditor is not null)
        {
            await Auditor.DisposeAsync();
        }

        await EndedAsync(_workers.StopAsync(patience));
        await Indexer.DisposeAsync();
        await _workers.DisposeAsync();
        await _broker.DisposeAsync();
        _lock.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(new CancellationToken(canceled: true));
        _stop.Dispose();
    }

    private static async Task<EmbeddedStack> StartAsync(
        EmbeddedOptions options, FolderLock folderLock, IProgress<RecoveryProgress> progress, CancellationToken cancellationToken)
    {
        var torn = new List<TornTail>();
        var store = new FolderObjectStore(DataFolder.Store(options.Data));
        var broker = new FileLogBroker(DataFolder.Logs(options.Data), reportTorn: torn.Add);
        EmbeddedStack? stack = null;
        var logged = new LogSample(options.Random.Next());
        var workers = new LogWorkers(broker, store, options.Time, (log, fault) => stack?.Fail($"log {log}", fault), batch =>
        {
            logged.Offer(batch);
            stack?.Indexer.Offer(batch);
        });
        stack = new EmbeddedStack(folderLock, broker, workers, store, options.Time) { _violated = options.Violated };
        var names = Enumerable.Range(1, options.Stacks).Select(i => string.Create(CultureInfo.InvariantCulture, $"s{i}")).ToList();

        // 1. Every log of the process before is sealed and drained: the store is current.
        var recovered = await Recovery.RunAsync(broker, store, names, options.Time, progress, cancellationToken);
        (stack.Recovered, stack.Torn) = (recovered, torn);

        // 2. The new view's shards are empty and bear its labels; only then is it active.
        var shards = await OpenShardsAsync(recovered.View, cancellationToken);
        var registry = new ClusterRegistry(store);
        await registry.MarkActiveAsync(recovered.View.Number, cancellationToken);

        // 3. The snapshot that misses are loaded from is taken under the active view.
        var rows = await StoredRows.OpenAsync(store, cancellationToken);
        await stack.StartServersAsync(options, recovered.View, shards, registry, store, rows, logged);
        return stack;
    }

    private static async Task<IReadOnlyList<EmbeddedShard>> OpenShardsAsync(ClusterView view, CancellationToken cancellationToken)
    {
        var shards = new List<EmbeddedShard>();
        foreach (var description in view.Shards)
        {
            var shard = new EmbeddedShard(description.Name);
            await using var connection = shard.Connect();
            await connection.OpenAsync(description.Label, cancellationToken);
            shards.Add(shard);
        }

        return shards;
    }

    private async Task StartServersAsync(
        EmbeddedOptions options, ClusterView view, IReadOnlyList<EmbeddedShard> shards, ClusterRegistry registry, FolderObjectStore store, StoredRows rows, LogSample logged)
    {
        var feed = new InProcessCommitFeed();
        var predictor = new KeyPredictor();
        var source = new EmbeddedRows(rows);
        var sealer = new LogSealer(_broker, store, options.Time, StoreLimits);
        foreach (var shard in shards)
        {
            var epochs = new EmbeddedLogEpochs(shard.Name, _broker, registry, _workers, sealer);
            var server = new TransactionServer(shard.Name, new CommitterOptions
            {
                Views = new FixedViews(view, [.. shards.Select(each => each.Connect())]),
                Epochs = epochs,
                Feed = feed,
                Store = source,
                SealedLogs = rows.SealedLogs,
                Engine = options.Engine(),
                Time = options.Time,
                Random = new Random(options.Random.Next()),
                Predictor = predictor,
                Alarm = Raise,
                Queries = Queries,
            });
            _ = server.Failed.ContinueWith(failed => Fail($"server {server.Name}", failed.Result), TaskScheduler.Default);
            _stacks.Add(new VStack(shard.Name, shard, server, epochs, _workers));
        }

        Router = new StackRouter(view, [.. _stacks.Select(stack => stack.Server)], predictor);
        _stacks.ForEach(stack => stack.Server.HandOverTo(Router.Beside));
        await Task.WhenAll(_stacks.Select(stack => stack.Server.StartAsync()));
        _warming = Task.Run(() => WarmAsync(options.Time, view, shards, rows, source));
        Auditor = new Auditor(new AuditorOptions
        {
            Store = new CountedObjectStore(store, AuditRequests),
            Connect = description => shards.First(each => each.Name == description.Name).Connect(),
            Cluster = new EmbeddedAudit(view.Number, source, [.. _stacks.Select(stack => stack.Server)]),
            Logged = logged,
            Differs = Raise,
            Failed = fault => Raise(Violation.Of("audit", fault)),
            Seed = options.Random.Next(),
            Time = options.Time,
            Limits = options.Audit,
        });
        _auditing = options.IsAudited ? Task.Run(() => Auditor.RunAsync(_stop.Token)) : Task.CompletedTask;
        _compacting = Task.Run(() => CompactAsync(new Compactor(store, options.Time, StoreLimits, Guid.NewGuid().ToString("N"))));
    }

    private async Task CompactAsync(Compactor compactor)
    {
        try
        {
            await compactor.RunAsync(_stop.Token);
        }
        catch (Exception fault) when (!_stop.IsCancellationRequested)
        {
            Fail("compaction", fault);
        }
    }

    private async Task WarmAsync(TimeProvider time, ClusterView view, IReadOnlyList<EmbeddedShard> shards, StoredRows rows, EmbeddedRows source)
    {
        try
        {
            var warmer = new Warmer(view, [.. shards.Select(shard => shard.Connect())], time);
            foreach (var label in await warmer.RunAsync(rows, ForgetOutcomeLater, _stop.Token))
            {
                source.MarkWarm(label);
            }
        }
        catch (Exception fault) when (!_stop.IsCancellationRequested)
        {
            Fail("warming", fault);
            throw;
        }
    }

    private void ForgetOutcomeLater(Core.Segments.SegmentRow row)
    {
        if (row.Key.Table == OutcomeTable)
        {
            Router.Beside(row.Key).ExpireLater(row.Key, EmbeddedLimits.OutcomeLife, row.Version.Stamp);
        }
    }

    private void Fail(string part, Exception fault)
    {
        if (Violation.Is(fault))
        {
            Raise(Violation.Of(part, fault));
        }

        _failed.TrySetResult(fault);
    }

    private void Raise(Violation violation)
    {
        if (Alarms.Raise(violation))
        {
            _violated(violation);
        }
    }

    /// <summary>Per log of this process the last batch whose transactions may have been answered.</summary>
    private List<Stamp> Durable()
    {
        var durable = _workers.Consumed.ToDictionary(stamp => stamp.Log, stamp => stamp.Batch);
        foreach (var server in _stacks.Select(stack => stack.Server))
        {
            // A confirm comes before its batch is consumed. The log may be renewed in between: then what was read is of the next one, and the worker has consumed all of this.
            if (server.Log is { } log && server.Durable is var batch && server.Log == log)
            {
                durable[log] = Math.Max(batch, durable.GetValueOrDefault(log));
            }
        }

        return [.. durable.Select(log => new Stamp(log.Key, log.Value))];
    }

    private static async Task EndedAsync(Task part)
    {
        try
        {
            await part;
        }
        catch (OperationCanceledException)
        {
            // It was told to end, or did not end in time: what it leaves undone, the next start does.
        }
    }
}
