using System.Diagnostics;
using System.Globalization;
using Mjolnir.AppServer.Committing;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Views;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Engine;
using Mjolnir.Scripting.Pages;
using Mjolnir.Storage.Feeds;
using Mjolnir.Storage.Logs;
using Mjolnir.Storage.Shards;

namespace Mjolnir.Benchmarks;

/// <summary>Transfers through the committer, an embedded shard and a file log, without HTTP and without scripts: what the protocol itself costs.</summary>
internal static class CommitterBenchmark
{
    private const int Accounts = 100_000;
    private const int Clients = 64;

    public static async Task<int> RunAsync(TimeSpan duration)
    {
        var folder = Directory.CreateTempSubdirectory("mjolnir-bench-").FullName;
        try
        {
            var shard = new EmbeddedShard("s1");
            await shard.Connect().OpenAsync("label", CancellationToken.None);
            var broker = new FileLogBroker(folder);
            await using var server = new TransactionServer("s1", new CommitterOptions
            {
                Views = new FixedViews(new ClusterView(1, [new ShardDescription("s1", "label")], [new SlotRange(0, Slots.Count - 1, 0, 1)], []), [shard.Connect()]),
                Epochs = new OneLog(broker),
                Feed = new InProcessCommitFeed(),
                Store = new Empty(),
                SealedLogs = new Dictionary<string, long>(),
                Engine = new NoScripts(),
                Time = TimeProvider.System,
                Random = new Random(1),
            });
            await server.StartAsync();
            var keys = Enumerable.Range(0, Accounts).Select(Key).ToArray();
            foreach (var chunk in keys.Chunk(1000))
            {
                await server.RunBuiltInAsync((rows, writes) => Seed(chunk, rows, writes), CancellationToken.None);
            }

            await MeasureAsync(server, keys, duration / 2, print: false);
            await MeasureAsync(server, keys, duration, print: true);
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task MeasureAsync(TransactionServer server, RowKey[] keys, TimeSpan duration, bool print)
    {
        var process = Process.GetCurrentProcess();
        var cpu = process.TotalProcessorTime;
        var allocated = GC.GetTotalAllocatedBytes();
        var (batches, bytes) = (server.Counters.Batches, server.Counters.LogBytes);
        var watch = Stopwatch.StartNew();
        var done = (await Task.WhenAll(Enumerable.Range(0, Clients).Select(seed => ClientAsync(server, keys, seed, watch, duration)))).Sum();
        process.Refresh();
        if (print)
        {
            var spent = process.TotalProcessorTime - cpu;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{done / watch.Elapsed.TotalSeconds:F0} transfers/s, {spent.TotalMicroseconds / done:F1} µs CPU, {(GC.GetTotalAllocatedBytes() - allocated) / done} bytes allocated, {(double)done / (server.Counters.Batches - batches):F1} per batch, {(server.Counters.LogBytes - bytes) / done} log bytes each"));
        }
    }

    private static async Task<long> ClientAsync(TransactionServer server, RowKey[] keys, int seed, Stopwatch watch, TimeSpan duration)
    {
        var random = new Random(seed);
        long done = 0;
        await Task.Yield();
        for (; watch.Elapsed < duration; done++)
        {
            var (from, to) = (keys[random.Next(keys.Length)], keys[random.Next(keys.Length)]);
            await server.RunBuiltInAsync((rows, writes) => Transfer(from, to, rows, writes), CancellationToken.None);
        }

        return done;
    }

    private static bool Seed(RowKey[] keys, IRowSource rows, List<RowWrite> writes)
    {
        var all = true;
        foreach (var key in keys)
        {
            all &= rows.TryRead(key, out _);
            writes.Add(new RowWrite(key, Balance(1000)));
        }

        return all;
    }

    private static bool Transfer(RowKey from, RowKey to, IRowSource rows, List<RowWrite> writes)
    {
        if (!rows.TryRead(from, out var one) | !rows.TryRead(to, out var other))
        {
            return false;
        }

        if (from != to)
        {
            writes.Add(new RowWrite(from, Balance(Read(one!) - 1)));
            writes.Add(new RowWrite(to, Balance(Read(other!) + 1)));
        }

        return true;
    }

    private static Document Balance(long balance) => Document.FromText($"{{\"balance\":{balance}}}");

    private static long Read(Document row) => long.Parse(row.Utf8.Span[11..^1], CultureInfo.InvariantCulture);

    private static RowKey Key(int account)
    {
        RowKey.TryCreate("bank", "users", $"user{account}", out var key);
        return key;
    }

    private sealed class OneLog(FileLogBroker broker) : ILogEpochs
    {
        public async ValueTask<ILogPublisher> OpenAsync(CancellationToken cancellationToken)
        {
            await broker.DeclareAsync("s1.1", cancellationToken);
            return await broker.OpenPublisherAsync("s1.1", cancellationToken);
        }

        public ValueTask<long> SealAsync(string log, CancellationToken cancellationToken) => throw new NotSupportedException("The bench never loses its log.");

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

    private sealed class NoScripts : IScriptEngine
    {
        public RunResult Run(HandlerCall call, IRowSource rows) => throw new NotSupportedException();

        public RenderResult Render(Application application, Page page, string? user, TransactionSeed seed, IRowSource rows) => throw new NotSupportedException();

        public void Dispose()
        {
        }
    }
}
