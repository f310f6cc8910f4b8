using System.Collections.Frozen;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Mjolnir.AppServer.Committing;
using Mjolnir.AppServer.Http;
using Mjolnir.AppServer.Peers;
using Mjolnir.AppServer.Routing;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Routing;
using Mjolnir.Core.Views;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Engine;
using Mjolnir.Scripting.Pages;
using Mjolnir.Storage.Cluster;
using Mjolnir.Storage.Logs;
using Mjolnir.Storage.Shards;

namespace Mjolnir.Benchmarks;

/// <summary>
/// Transfers that reach either of two servers at random, over embedded shards, file logs and real links: what passing calls to the owners of their rows costs and gains
/// (docs/design/peers.md). Each of never, hot only, always; accounts chosen evenly and by Zipf's law.
/// </summary>
internal static class PassingBenchmark
{
    private const int Accounts = 100_000;
    private const int Clients = 64;
    private const string Token = "a token for one process only, no secret";

    private static readonly string[] Names = ["s1", "s2"];

    private static readonly ClusterView View = new(
        1,
        [.. Names.Select(name => new ShardDescription(name, name))],
        [new SlotRange(0, (Slots.Count / 2) - 1, 0, 1), new SlotRange(Slots.Count / 2, Slots.Count - 1, 1, 1)],
        []);

    public static async Task<int> RunAsync(TimeSpan duration)
    {
        // The first run pays for compiling.
        Console.Write("(not counted)                  ");
        await RunAsync(0, 0, duration / 2);
        foreach (var skew in new[] { 0, 1.5 })
        {
            foreach (var (rule, touches) in new[] { ("never", int.MaxValue), ("hot", ClusterRoutingLimits.HotTouches), ("always", 0) })
            {
                Console.Write(string.Create(CultureInfo.InvariantCulture, $"skew {skew,3}, passing {rule,6}: "));
                await RunAsync(skew, touches, duration);
            }
        }

        return 0;
    }

    private static async Task RunAsync(double skew, int touches, TimeSpan duration)
    {
        var folder = Directory.CreateTempSubdirectory("mjolnir-bench-").FullName;
        var servers = new List<Server>();
        try
        {
            var shards = Names.Select(name => new EmbeddedShard(name)).ToList();
            foreach (var shard in shards)
            {
                await shard.Connect().OpenAsync(shard.Name, CancellationToken.None);
            }

            var bus = new InProcessClusterBus();
            var broker = new FileLogBroker(folder);
            foreach (var name in Names)
            {
                servers.Add(await Server.StartAsync(name, shards, bus, broker, touches));
            }

            servers.ForEach(server => server.Beat(bus));
            while (servers.Exists(static server => server.Links.Connected == 0))
            {
                await Task.Delay(5);
            }

            var picker = Cumulated(skew);
            await MeasureAsync(servers, picker, duration / 2, print: false);
            await MeasureAsync(servers, picker, duration, print: true);
        }
        finally
        {
            foreach (var server in servers)
            {
                await server.DisposeAsync();
            }

            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task MeasureAsync(List<Server> servers, double[] picker, TimeSpan duration, bool print)
    {
        var process = Process.GetCurrentProcess();
        var cpu = process.TotalProcessorTime;
        long Sum(Func<Server, long> figure) => servers.Sum(figure);
        var (conflicts, passed) = (Sum(server => server.Transactions.Counters.Conflicts), Sum(server => server.Links.Counters.CallsPassed));
        var watch = Stopwatch.StartNew();
        var times = (await Task.WhenAll(Enumerable.Range(0, Clients).Select(seed => ClientAsync(servers, picker, seed, watch, duration)))).SelectMany(static each => each).Order().ToList();
        process.Refresh();
        if (print)
        {
            var spent = process.TotalProcessorTime - cpu;
            (conflicts, passed) = (Sum(server => server.Transactions.Counters.Conflicts) - conflicts, Sum(server => server.Links.Counters.CallsPassed) - passed);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{times.Count / watch.Elapsed.TotalSeconds,7:F0}/s, {spent.TotalMicroseconds / times.Count,5:F0} µs CPU, p50 {times[times.Count / 2],5:F1} ms, p99 {times[times.Count * 99 / 100],6:F1} ms, {1000.0 * conflicts / times.Count,6:F1} conflicts and {1000.0 * passed / times.Count,5:F0} passed per 1000"));
        }
    }

    private static async Task<List<double>> ClientAsync(List<Server> servers, double[] picker, int seed, Stopwatch watch, TimeSpan duration)
    {
        var random = new Random(seed);
        var times = new List<double>();
        await Task.Yield();
        while (watch.Elapsed < duration)
        {
            var call = Call(Pick(picker, random), Pick(picker, random));
            var began = watch.Elapsed;
            var answer = await servers[random.Next(servers.Count)].Router.Route(call).RunAsync(call, CancellationToken.None);
            if (answer.Status != TransactionStatus.Committed)
            {
                throw new InvalidOperationException($"{answer.Status}: {answer.Reason}");
            }

            times.Add((watch.Elapsed - began).TotalMilliseconds);
        }

        return times;
    }

    private static TransactionCall Call(int from, int to) => new(
        new HandlerCall { Application = Bank.Application, Handler = Bank.Transfer, Args = Encoding.UTF8.GetBytes($"[\"user{from}\",\"user{to}\"]"), Seed = default },
        null);

    private static double[] Cumulated(double skew)
    {
        var sums = new double[Accounts];
        var sum = 0.0;
        for (var i = 0; i < Accounts; i++)
        {
            sums[i] = sum += Math.Pow(i + 1, -skew);
        }

        return sums;
    }

    private static int Pick(double[] sums, Random random)
    {
        var at = Array.BinarySearch(sums, random.NextDouble() * sums[^1]);
        return Math.Min(at < 0 ? ~at : at, Accounts - 1);
    }

    private sealed record Server(TransactionServer Transactions, ClusterMap Map, PeerLinks Links, PeerListener Listener, ClusterRouter Router) : IAsyncDisposable
    {
        public static async Task<Server> StartAsync(string name, IReadOnlyList<EmbeddedShard> shards, InProcessClusterBus bus, FileLogBroker broker, int touches)
        {
            var predictor = new KeyPredictor();
            var transactions = new TransactionServer(name, new CommitterOptions
            {
                Views = new FixedViews(View, [.. shards.Select(shard => shard.Connect())]),
                Epochs = new OneLog(broker, name),
                Feed = bus,
                Store = new Empty(),
                SealedLogs = new Dictionary<string, long>(),
                Engine = new Bank(),
                Time = TimeProvider.System,
                Random = new Random(1),
                Predictor = predictor,
            });
            await transactions.StartAsync();
            var map = new ClusterMap(name, View, bus, TimeProvider.System);
            var links = new PeerLinks(transactions, map, Token, predictor, TimeProvider.System, NullLoggerFactory.Instance);
            var listener = new PeerListener(new PeerListenerOptions
            {
                EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
                ClusterToken = Token,
                Applications = new ApplicationSlot(Bank.Application),
                Transactions = transactions,
                Time = TimeProvider.System,
                Logs = NullLoggerFactory.Instance,
            });
            listener.Start();
            return new Server(transactions, map, links, listener, new ClusterRouter(transactions, map, links, predictor, static () => true, touches));
        }

        public void Beat(InProcessClusterBus bus) => bus.Tell(new ServerBeat(Transactions.Name, "run", "", Listener.EndPoint.ToString(), "", "", 0, 1, true, false, []));

        public async ValueTask DisposeAsync()
        {
            await Links.DisposeAsync();
            await Listener.DisposeAsync();
            await Transactions.DisposeAsync();
            Map.Dispose();
        }
    }

    /// <summary>One handler, without a script engine's cost: what is measured is the way.</summary>
    private sealed class Bank : IScriptEngine
    {
        public static readonly Handler Transfer = new()
        {
            Name = "transfer",
            Allow = new Allow(true, false, FrozenSet<string>.Empty, FrozenSet<string>.Empty),
            Page = new Page { Path = "/index.html", Literals = [], Slots = [], Templates = [], Scripts = [], Elements = [] },
            Pages = [],
            Function = "transfer",
            Position = new SourcePosition("bank.js", 1, 1),
            Globals = [],
        };

        public static readonly Application Application = new()
        {
            Name = "bank",
            Version = "1",
            Tables = FrozenDictionary<string, TableSchema>.Empty,
            Handlers = new Dictionary<string, Handler> { [Transfer.Name] = Transfer }.ToFrozenDictionary(),
            Pages = FrozenDictionary<string, Page>.Empty,
            Assets = FrozenDictionary<string, Asset>.Empty,
            Roles = FrozenDictionary<string, FrozenSet<string>>.Empty,
            Seeds = FrozenDictionary<string, IReadOnlyList<SeedRow>>.Empty,
        };

        public RunResult Run(HandlerCall call, IRowSource rows)
        {
            using var args = JsonDocument.Parse(call.Args);
            var (from, to) = (Key(args.RootElement[0].GetString()!), Key(args.RootElement[1].GetString()!));
            if (!rows.TryRead(from, out var one) | !rows.TryRead(to, out var other))
            {
                return new RunResult { Status = RunStatus.RowMissing };
            }

            return new RunResult
            {
                Status = RunStatus.Completed,
                Result = "1"u8.ToArray(),
                Writes = from == to ? [] : [new(from, Balance(Read(one) - 1)), new(to, Balance(Read(other) + 1))],
            };
        }

        public RenderResult Render(Application application, Page page, string? user, TransactionSeed seed, IRowSource rows) => throw new NotSupportedException();

        public void Dispose()
        {
        }

        private static RowKey Key(string name) => RowKey.TryCreate("bank", "users", name, out var key) ? key : throw new ArgumentException(name);

        private static Document Balance(long balance) => Document.FromText(balance.ToString(CultureInfo.InvariantCulture));

        private static long Read(Document? row) => row is null ? 0 : long.Parse(row.ToString(), CultureInfo.InvariantCulture);
    }

    private sealed class OneLog(FileLogBroker broker, string server) : ILogEpochs
    {
        public async ValueTask<ILogPublisher> OpenAsync(CancellationToken cancellationToken)
        {
            await broker.DeclareAsync($"{server}.1", cancellationToken);
            return await broker.OpenPublisherAsync($"{server}.1", cancellationToken);
        }

        public ValueTask<long> SealAsync(string log, CancellationToken cancellationToken) => throw new NotSupportedException($"The bench never loses a log, but {log} was to be sealed.");

        public ValueTask<long> SealOwnAsync(string log, CancellationToken cancellationToken) => SealAsync(log, cancellationToken);

        public long StoredBatch(string log) => long.MaxValue;
    }

    private sealed class Empty : IStoredRows
    {
        public ValueTask RefreshAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public ValueTask<RowVersion?> FindAsync(RowKey key, CancellationToken cancellationToken) => ValueTask.FromResult<RowVersion?>(null);

        public ValueTask<RowVersion?> FindFreshAsync(RowKey key, CancellationToken cancellationToken) => ValueTask.FromResult<RowVersion?>(null);

        public bool IsWarm(string label, long since) => true;
    }
}
