using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Mjolnir.Cli.Configuration;
using Mjolnir.Cli.Verify;
using Mjolnir.Core;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Indexes;
using Mjolnir.Indexer.Running;
using Mjolnir.Indexer.Verifying;
using Mjolnir.Scripting.Applications;
using Mjolnir.Storage.Cluster;
using Mjolnir.Storage.Feeds;
using Mjolnir.Storage.Indexes;
using Mjolnir.Storage.Manifests;
using Mjolnir.Storage.Objects;
using Mjolnir.Storage.Rows;

namespace Mjolnir.Cli.Roles;

/// <summary>
/// The indexer of a V-stack: keeps the indexes of all tables in its memory, made of the store's rows and what the workers have consumed since, and answers questions from them.
/// <code>
/// batches of the workers' feed ─► steps; a gap ─► read from the store
/// a worker's beat, a log's end ─► what is in the store and never came is read from there
/// another view                 ─► was a queue lost? what was taken in beyond the cut is undone: built anew
/// the bus came back            ─► the ends of logs that nobody told again are in the store
/// twice a second               ─► a beat: how far each table is
/// </code>
/// </summary>
internal sealed class IndexerPart : IAsyncDisposable
{
    private readonly StackConfiguration _configuration;
    private readonly ClusterServices _services;
    private readonly ILogger _log;
    private readonly string _run = Guid.NewGuid().ToString("N");
    private readonly Application _application;
    private readonly EmbeddedIndexPages _pages = new();
    private readonly ApplicationIndexer _indexer;
    private readonly RabbitMqBatchFeed _feed;
    private readonly Channel<bool> _looks = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _stop = new();
    private readonly List<IDisposable> _listening = [];
    private readonly Dictionary<string, (long Batch, long Since)> _told = new(StringComparer.Ordinal);
    private ITimer? _beat;
    private Task _looking = Task.CompletedTask;
    private long _view;
    private long _heardSince;
    private long _questions;

    private IndexerPart(StackConfiguration configuration, Application application, ClusterServices services, ILogger log)
    {
        (_configuration, _application, _services, _log) = (configuration, application, services, log);
        _feed = services.OpenBatchFeed(hears: true, fault => Trouble("the feed of batches", fault));
        _indexer = new ApplicationIndexer(new IndexerParts
        {
            Pages = _pages,
            Store = services.Store,
            Time = services.Time,
            Failed = (table, fault) => Trouble($"indexes of table {table}", fault),
            Changed = (changed, table) => services.Bus.Tell(new IndexStep(configuration.Server.Name, changed, [table])),
        });
        Answers = new IndexAnswers(_pages, _pages.Heads, _indexer.ProgressOf, _indexer.Expect, services.Time);
    }

    /// <summary>Answers from what is kept here.</summary>
    public IndexAnswers Answers { get; }

    /// <summary>How far each table is.</summary>
    public IReadOnlyList<TableProgress> Progress => _indexer.Progress;

    /// <summary>Questions answered.</summary>
    public long Questions => Interlocked.Read(ref _questions);

    /// <summary>True once every table's indexes are there.</summary>
    public bool IsBuilt => _indexer.Progress.All(table => table.Built > 0);

    private string Url => _configuration.Server.Url is { Length: > 0 } url ? url : $"http://{_configuration.Server.Listen}";

    public static async Task<IndexerPart> StartAsync(StackConfiguration configuration, Application application, ClusterServices services, ILoggerFactory logs)
    {
        var log = logs.CreateLogger("Mjolnir.Indexer");
        var part = new IndexerPart(configuration, application, services, log);
        RoleLog.Starting(log, $"indexer {configuration.Server.Name}", part._run, configuration.Cluster);

        // Heard before the store is read: what is missed in between, the workers' beats tell.
        part._listening.Add(part._feed.Listen(part._indexer.Offer));
        part._listening.Add(services.Bus.Listen(part.Hear));
        part._listening.Add(services.Bus.Subscribe(part.Hear));
        part._heardSince = services.Bus.Incarnation;
        part._looking = Task.Run(part.LookAsync);
        await part._indexer.UseAsync(application.Name, application.Tables.Select(table => KeyValuePair.Create(table.Key, table.Value.Indexes)));
        part._beat = services.Time.CreateTimer(_ => part.Beat(), null, TimeSpan.Zero, ClusterLimits.Beat);
        return part;
    }

    /// <summary>Recomputes the indexes from the rows and compares, while they are kept (<see cref="ApplicationIndexer.VerifyAsync"/>).</summary>
    public IAsyncEnumerable<VerifiedTable> VerifyAsync(Action<TableProgress, long> progress, CancellationToken cancellationToken) => _indexer.VerifyAsync(progress, cancellationToken);

    /// <summary>Compares the holders of unique values with the rows of the store (<see cref="RunningUniqueVerifier"/>).</summary>
    public Task<IReadOnlyList<VerifiedTable>> VerifyUniqueAsync(Action<string, long> progress, CancellationToken cancellationToken) =>
        new RunningUniqueVerifier(_application, _services.Store, _services.Time).RunAsync(progress, cancellationToken);

    /// <summary>Counts a question.</summary>
    public void Asked() => Interlocked.Increment(ref _questions);

    public async ValueTask DisposeAsync()
    {
        if (_beat is not null)
        {
            await _beat.DisposeAsync();
        }

        _listening.ForEach(static listening => listening.Dispose());
        await _stop.CancelAsync();
        await _looking;
        await _feed.DisposeAsync();
        await _indexer.DisposeAsync();
        _stop.Dispose();
    }

    private void Hear(ClusterNotice notice)
    {
        switch (notice)
        {
            case WorkerBeat worker:
                _indexer.Expect(worker.Logs.Where(static log => log.Stored > 0).Select(static log => new Stamp(log.Log, log.Stored)));
                break;
            case KeeperBeat keeper when keeper.LatestView + keeper.ActiveView != _view:
                _view = keeper.LatestView + keeper.ActiveView;
                _looks.Writer.TryWrite(true);
                break;
        }
    }

    private void Hear(CommitNotice notice)
    {
        if (notice.Sealed)
        {
            _indexer.Expect([new Stamp(notice.Log, notice.DurableBatch)]);
        }
    }

    /// <summary>Looks for cuts (W4) whenever the view is another one, for each cut comes with a view; and for what was not heard whenever the bus was away.</summary>
    private async Task LookAsync()
    {
        try
        {
            while (await _looks.Reader.ReadAsync(_stop.Token))
            {
                for (var wait = RoleLimits.FirstBackOff; ; wait = RoleLimits.Longer(wait))
                {
                    try
                    {
                        await LookOnceAsync(_stop.Token);
                        break;
                    }
                    catch (Exception fault) when (fault is StoreUnavailableException or CorruptDataException)
                    {
                        Trouble("the store's manifests", fault);
                        await Task.Delay(wait, _services.Time, _stop.Token);
                    }
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The process stops.
        }
    }

    private async ValueTask LookOnceAsync(CancellationToken cancellationToken)
    {
        var incarnation = _services.Bus.Incarnation;
        if (incarnation == Volatile.Read(ref _heardSince))
        {
            _indexer.Cut((await new RunChain(_services.Store).HeadAsync(cancellationToken)).Cut);
            return;
        }

        // Beats are told again, the end of a log is told once. What ended before the bus was back is in the store by now; what ends later is heard.
        var snapshot = (await StoredRows.OpenAsync(_services.Store, cancellationToken)).Snapshot;
        _indexer.Cut(snapshot.Head.Cut);
        _indexer.Expect(snapshot);
        Volatile.Write(ref _heardSince, incarnation);
    }

    private void Beat()
    {
        if (_services.Bus.Incarnation != Volatile.Read(ref _heardSince))
        {
            _looks.Writer.TryWrite(true);
        }

        var heads = _pages.Heads.All.ToDictionary(head => head.Table, StringComparer.Ordinal);
        _services.Bus.Tell(new IndexerBeat(_configuration.Server.Name, _run, Url, _application.Name, [.. _indexer.Tables.Select(table => Told(table, heads.GetValueOrDefault(table.Progress.Table)))], Moved(heads.Values)));
    }

    private static IndexedTable Told((TableProgress Progress, ulong Declared) table, IndexHead? head)
    {
        var told = table.Progress;
        return new IndexedTable(told.Table, table.Declared, told.State.ToString().ToLowerInvariant(), told.Percent, told.Rows, (long)told.Lag.TotalMilliseconds, head?.Declared == table.Declared, told.Text);
    }

    /// <summary>Per log what every table holds, of logs that moved lately: others' figures everybody has.</summary>
    private List<Stamp> Moved(IReadOnlyCollection<IndexHead> heads)
    {
        var moved = new List<Stamp>();
        lock (_told)
        {
            foreach (var log in heads.SelectMany(head => head.Applied).GroupBy(stamp => stamp.Log))
            {
                var all = log.Count() == heads.Count ? log.Min(stamp => stamp.Batch) : 0;
                if (!_told.TryGetValue(log.Key, out var known) || known.Batch != all)
                {
                    _told[log.Key] = known = (all, _services.Time.GetTimestamp());
                }

                if (_services.Time.GetElapsedTime(known.Since) < RoleLimits.IndexerMemory)
                {
                    moved.Add(new Stamp(log.Key, all));
                }
            }
        }

        return moved;
    }

    /// <summary>Lost connections pass by themselves; damage is an alarm too. Nothing rests on indexes: they are made again.</summary>
    private void Trouble(string part, Exception fault)
    {
        RoleLog.RaiseIfAny(_log, _services.Alarms, part, fault);
        RoleLog.Troubled(_log, $"{part}: {fault.Message}");
    }
}
