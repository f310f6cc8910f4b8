using System.Collections.Concurrent;
using System.Globalization;
using Mjolnir.AppServer.Committing;
using Mjolnir.AppServer.Queries;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Routing;
using Mjolnir.Core.Views;
using Mjolnir.Core.Violations;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Engine;
using Mjolnir.Scripting.Pages;
using Mjolnir.Storage.Feeds;
using Mjolnir.Storage.Shards;

namespace Mjolnir.AppServer.Tests.Committing;

/// <summary>Two servers A and B over two real embedded shards, with scripted logs: the real protocol code, driven step by step.</summary>
internal sealed class ProtocolCluster : IAsyncDisposable
{
    /// <summary>For calls that are to be refused: their rows wait for a view that nobody makes.</summary>
    public static readonly CommitterLimits Impatient = new() { TransactionPatience = TimeSpan.FromSeconds(1) };

    private const long View = 1;
    private readonly List<TransactionServer> _servers = [];
    private readonly ClusterView _view;
    private readonly string[] _names;
    private readonly CommitterLimits _limits;
    private Func<IScriptEngine> _engine = static () => new NoScripts();

    public ProtocolCluster(CommitterLimits? limits = null, params string[] servers)
    {
        var names = servers.Length == 0 ? ["A", "B"] : servers;
        Shards = [.. names.Select(name => new EmbeddedShard(name))];
        _view = new ClusterView(
            View,
            [.. names.Select(name => new ShardDescription(name, $"label-{name}"))],
            [.. Enumerable.Range(0, names.Length).Select(i => new SlotRange(i * Slots.Count / names.Length, ((i + 1) * Slots.Count / names.Length) - 1, i, View))],
            []);
        foreach (var shard in Shards)
        {
            shard.Connect().OpenAsync($"label-{shard.Name}", CancellationToken.None).AsTask().GetAwaiter().GetResult();
        }

        _names = names;
        _limits = limits ?? new CommitterLimits { ForeignPatience = TimeSpan.FromSeconds(30) };
    }

    /// <summary>Handlers for the servers; none without it.</summary>
    public ProtocolCluster WithEngine(Func<IScriptEngine> engine)
    {
        _engine = engine;
        return this;
    }

    private void MakeServers()
    {
        foreach (var name in _names)
        {
            Connections[name] = [.. Shards.Select(shard => new ScriptedShard(shard.Connect()))];
            _servers.Add(new TransactionServer(name, new CommitterOptions
            {
                Views = new FixedViews(_view, Connections[name]),
                Epochs = new ScriptedLogs.Epochs(Logs, name),
                Feed = Feed,
                Store = new ScriptedLogs.Store(Logs),
                SealedLogs = new Dictionary<string, long>(),
                Engine = _engine(),
                Time = TimeProvider.System,
                Random = new Random(1),
                Predictor = Predictors[name] = new KeyPredictor(),
                Limits = _limits,
                Queries = Queries,
                Alarm = Alarms.Enqueue,
            }));
        }

        foreach (var server in _servers)
        {
            server.HandOverTo(Beside);
        }
    }

    public ScriptedLogs Logs { get; } = new();

    /// <summary>Answers what runs ask indexes; null: there are none.</summary>
    public IndexQueries? Queries { get; init; }

    /// <summary>What servers told of broken rules.</summary>
    public ConcurrentQueue<Violation> Alarms { get; } = new();

    public InProcessCommitFeed Feed { get; } = new();

    public IReadOnlyList<EmbeddedShard> Shards { get; }

    /// <summary>Per server what it has learned of calls.</summary>
    public Dictionary<string, KeyPredictor> Predictors { get; } = [];

    /// <summary>Per server its connections, in the order of the shards.</summary>
    public Dictionary<string, ScriptedShard[]> Connections { get; } = [];

    public TransactionServer A => _servers[0];

    public TransactionServer B => _servers[1];

    public static RowKey Key(string name)
    {
        Assert.True(RowKey.TryCreate("t", "r", name, out var key));
        return key;
    }

    /// <summary>A row name whose slot is on the given shard.</summary>
    public string NameOn(int shard, string prefix) =>
        Enumerable.Range(0, 1000).Select(i => prefix + i.ToString(CultureInfo.InvariantCulture)).First(name => ShardOf(Key(name)) == shard);

    public int ShardOf(RowKey key) => _view.Slots.First(range => Slots.Of(key) >= range.First && Slots.Of(key) <= range.Last).Shard;

    public TransactionServer Beside(RowKey key) => _servers[ShardOf(key)];

    public async Task<ProtocolCluster> StartAsync()
    {
        MakeServers();
        foreach (var server in _servers)
        {
            await server.StartAsync();
        }

        return this;
    }

    /// <summary>The connections of a server to the shard of a row.</summary>
    public ScriptedShard Connection(string server, string name) => Connections[server][ShardOf(Key(name))];

    /// <summary>Reads rows, then writes what the function makes of their numbers.</summary>
    public static Task<TransactionStatus> Run(TransactionServer server, string[] reads, Func<long?[], (string Name, long? Value)[]> writes) =>
        server.RunBuiltInAsync(
            (rows, output) =>
            {
                var values = new long?[reads.Length];
                for (var i = 0; i < reads.Length; i++)
                {
                    if (!rows.TryRead(Key(reads[i]), out var row))
                    {
                        return false;
                    }

                    values[i] = row is null ? null : long.Parse(row.ToString(), CultureInfo.InvariantCulture);
                }

                output.AddRange(writes(values).Select(write => new RowWrite(Key(write.Name), write.Value is { } value ? Number(value) : null)));
                return true;
            },
            CancellationToken.None).AsTask();

    public static Task<TransactionStatus> Set(TransactionServer server, string name, long? value) => Run(server, [name], _ => [(name, value)]);

    public static Task<TransactionStatus> Add(TransactionServer server, string name, long amount) => Run(server, [name], values => [(name, (values[0] ?? 0) + amount)]);

    public static async Task<long?> Read(TransactionServer server, string name)
    {
        var row = await server.ReadAsync(Key(name), CancellationToken.None);
        return row is null ? null : long.Parse(row.ToString(), CultureInfo.InvariantCulture);
    }

    /// <summary>What the shard holds under a row's key, by a connection of the test's own.</summary>
    public async Task<Envelope?> Peek(string name)
    {
        var get = new ShardOperation { Verb = ShardVerb.Get, CacheKey = $"{View}:{Key(name).Text}" };
        await Shards[ShardOf(Key(name))].Connect().RunAsync([get], CancellationToken.None);
        return get.Status == ShardStatus.Hit ? EnvelopeCodec.Decode(get.Value) : null;
    }

    /// <summary>Puts bytes under a row's key by hand, as a shard that comes back with old data has them.</summary>
    public async Task Put(string name, byte[] envelope)
    {
        var connection = Shards[ShardOf(Key(name))].Connect();
        var add = new ShardOperation { Verb = ShardVerb.Add, CacheKey = $"{View}:{Key(name).Text}", Value = envelope };
        await connection.RunAsync([add], CancellationToken.None);
        Assert.Equal(ShardStatus.Stored, add.Status);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
            if (server.Failed.IsCompleted)
            {
                throw await server.Failed;
            }
        }
    }

    private static Document Number(long value) => Document.FromText(value.ToString(CultureInfo.InvariantCulture));

    internal sealed class NoScripts : IScriptEngine
    {
        public RunResult Run(HandlerCall call, IRowSource rows) => throw new NotSupportedException();

        public RenderResult Render(Application application, Page page, string? user, TransactionSeed seed, IRowSource rows) => throw new NotSupportedException();

        public void Dispose()
        {
        }
    }
}
