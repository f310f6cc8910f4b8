using System.Globalization;
using System.Text;
using System.Text.Json;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Routing;
using Mjolnir.Scripting.Engine;
using Mjolnir.Storage.Shards;
using static Mjolnir.AppServer.Tests.Committing.ProtocolCluster;

namespace Mjolnir.AppServer.Tests.Committing;

/// <summary>Rows that a call will read are asked for together, before its handler runs; what is foreseen wrongly harms nobody.</summary>
public sealed class ForesightTests
{
    private const int Lessons = 40;

    [Fact]
    public async Task A_handler_whose_rows_are_foreseen_runs_once()
    {
        var engine = new Pairs();
        await using var cluster = await StartAsync(engine);
        Assert.Equal(3, await RunsOfAsync(engine, cluster, "first", "second"));
        await TeachAsync(cluster);

        Assert.Equal(1, await RunsOfAsync(engine, cluster, "third", "fourth"));
    }

    [Fact]
    public async Task Foreseen_rows_of_one_shard_are_asked_for_in_one_pass()
    {
        var engine = new Pairs();
        await using var cluster = await StartAsync(engine);
        await TeachAsync(cluster);
        string[] rows = [cluster.NameOn("B", "x"), cluster.NameOn("B", "y")];
        await SeedAsync(cluster, rows);
        var shard = cluster.Connection("A", "B");
        var (passes, seen) = (shard.Passes, shard.Seen.Count);

        await CallAsync(cluster, rows);

        // One to load, one to install.
        Assert.Equal(2, shard.Passes - passes);
        Assert.Equal(2, shard.Seen.Skip(seen).Count(operation => operation.Verb == ShardVerb.GetOrLease));
    }

    [Fact]
    public async Task A_foreseen_row_that_cannot_be_had_is_no_reason_to_refuse_a_call_that_does_not_need_it()
    {
        await using var cluster = await StartAsync(new Pairs());
        await TeachAsync(cluster);
        var (good, bad) = (cluster.NameOn("A", "good"), cluster.NameOn("B", "bad"));
        await SeedAsync(cluster, good);
        cluster.Connection("A", "B").Instead = operation => operation.Verb == ShardVerb.GetOrLease && operation.CacheKey.EndsWith(bad, StringComparison.Ordinal) ? ShardStatus.NoRoom : null;

        Assert.Equal(TransactionStatus.Committed, (await CallAsync(cluster, good, bad, Pairs.OnlyTheFirst)).Status);
        Assert.Equal(TransactionStatus.Unavailable, (await CallAsync(cluster, good, bad)).Status);
    }

    [Fact]
    public async Task A_foreseen_row_whose_shard_is_not_open_is_not_waited_for()
    {
        await using var cluster = await StartAsync(new Pairs());
        await TeachAsync(cluster);
        var (here, moved) = (cluster.NameOn("A", "here"), cluster.NameOn("B", "moved"));
        await SeedAsync(cluster, here, moved);
        var view = cluster.Relabel("B");
        await Task.WhenAll(cluster.A.CrossAsync(view), cluster.B.CrossAsync(view));

        Assert.Equal(TransactionStatus.Committed, (await CallAsync(cluster, here, moved, Pairs.OnlyTheFirst)).Status);
        var needed = CallAsync(cluster, here, moved);
        await cluster.OpenAsync(view);
        cluster.Activate(view);
        Assert.Equal(TransactionStatus.Committed, (await needed).Status);
    }

    private static async Task<ViewCluster> StartAsync(Pairs engine)
    {
        var cluster = new ViewCluster(engine: () => engine) { Foresight = new RowForesight() };
        await cluster.OpenAsync(cluster.Make(slot => slot < Core.Keys.Slots.Count / 2 ? "A" : "B"));
        await cluster.AddServerAsync("A");
        await cluster.AddServerAsync("B");
        return cluster;
    }

    private static async Task TeachAsync(ViewCluster cluster)
    {
        for (var i = 0; i < Lessons; i++)
        {
            Assert.Equal(TransactionStatus.Committed, (await CallAsync(cluster, $"from{i}", $"to{i}")).Status);
        }
    }

    /// <summary>Rows that are in the shards, and that server A has never seen.</summary>
    private static async Task SeedAsync(ViewCluster cluster, params string[] rows) =>
        Assert.Equal(TransactionStatus.Committed, await Run(cluster.B, [], _ => [.. rows.Select(row => (row, (long?)1))]));

    private static async Task<int> RunsOfAsync(Pairs engine, ViewCluster cluster, string from, string to)
    {
        await SeedAsync(cluster, from, to);
        var runs = engine.Runs;
        Assert.Equal(TransactionStatus.Committed, (await CallAsync(cluster, from, to)).Status);
        return engine.Runs - runs;
    }

    private static async Task<TransactionAnswer> CallAsync(ViewCluster cluster, params string[] args) => await cluster.A.RunAsync(
        new TransactionCall(
            new HandlerCall
            {
                Application = ExactlyOnceTests.Adder.Application,
                Handler = ExactlyOnceTests.Adder.Handler("pair"),
                User = "teller",
                Args = JsonSerializer.SerializeToUtf8Bytes(args),
                Seed = new TransactionSeed(1, 1),
            },
            null),
        CancellationToken.None);

    /// <summary>An engine with one handler: adds one to the row that its first argument names and, unless the third says not to, takes one from that of the second.</summary>
    private sealed class Pairs : IScriptEngine
    {
        public const string OnlyTheFirst = "-";

        public int Runs { get; private set; }

        public RunResult Run(HandlerCall call, IRowSource rows)
        {
            Runs++;
            var args = JsonSerializer.Deserialize<string[]>(call.Args.Span)!;
            var writes = new List<RowWrite>();
            foreach (var (i, name) in args[..(args.Length > 2 ? 1 : 2)].Index())
            {
                if (!rows.TryRead(Key(name), out var row))
                {
                    return new RunResult { Status = RunStatus.RowMissing };
                }

                var before = row is null ? 0 : long.Parse(row.ToString(), CultureInfo.InvariantCulture);
                writes.Add(new RowWrite(Key(name), Document.FromText((before + 1 - (2 * i)).ToString(CultureInfo.InvariantCulture))));
            }

            return new RunResult { Status = RunStatus.Completed, Result = Encoding.UTF8.GetBytes("1"), Writes = writes };
        }

        public RenderResult Render(Scripting.Applications.Application application, Scripting.Pages.Page page, string? user, TransactionSeed seed, IRowSource rows) => throw new NotSupportedException();

        public void Dispose()
        {
        }
    }
}
