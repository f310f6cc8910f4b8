using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using Mjolnir.AppServer.Committing;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Core.Documents;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Engine;
using Mjolnir.Scripting.Pages;

namespace Mjolnir.AppServer.Tests.Committing;

/// <summary>V15: an id never commits twice, whichever server it reaches, whatever became of the first answer.</summary>
public sealed class ExactlyOnceTests
{
    [Fact]
    public async Task A_retry_gets_the_first_outcome_from_any_server()
    {
        await using var cluster = await Start();

        var first = await Add(cluster.A, "alice", "id-1", 5);
        var again = await Add(cluster.B, "alice", "id-1", 5);

        Assert.Equal(("committed 5", "committed 5"), (Text(first), Text(again)));
        Assert.Equal(5, await Total(cluster));
    }

    [Fact]
    public async Task A_hundred_retries_at_once_at_two_servers_commit_once()
    {
        await using var cluster = await Start();

        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => Add(i % 2 == 0 ? cluster.A : cluster.B, "alice", "id-1", 5).AsTask()));

        Assert.All(answers, answer => Assert.Equal("committed 5", Text(answer)));
        Assert.Equal(5, await Total(cluster));
    }

    [Fact]
    public async Task The_same_id_of_another_user_is_another_transaction()
    {
        await using var cluster = await Start();

        await Add(cluster.A, "alice", "id-1", 5);
        await Add(cluster.A, "bob", "id-1", 5);
        await Add(cluster.A, null, "id-1", 5);

        Assert.Equal(15, await Total(cluster));
    }

    [Fact]
    public async Task A_refusal_is_an_outcome_too()
    {
        await using var cluster = await Start();

        var refused = await Add(cluster.A, "alice", "id-1", -1);
        await Add(cluster.A, "alice", "id-2", 100);
        var again = await Add(cluster.B, "alice", "id-1", -1);

        Assert.Equal(("Aborted: not below zero, total 0", "Aborted: not below zero, total 0"), (Text(refused), Text(again)));
    }

    [Fact]
    public async Task A_refusal_by_the_log_is_no_outcome()
    {
        await using var cluster = await Start();
        cluster.Logs.Decide = static _ => Task.FromResult(PublishFate.Refuse);
        Assert.Equal(TransactionStatus.Unavailable, (await Add(cluster.A, "alice", "id-1", 5)).Status);
        cluster.Logs.Decide = static _ => Task.FromResult(PublishFate.Confirm);

        Assert.Equal("committed 5", Text(await Add(cluster.B, "alice", "id-1", 5)));
        Assert.Equal(5, await Total(cluster));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_retry_while_the_first_is_in_a_log_of_unknown_fate_waits_for_the_seal(bool isIn)
    {
        await using var cluster = await Start();
        var once = true;
        cluster.Logs.Decide = _ =>
        {
            var fate = once ? isIn ? PublishFate.UnknownButIn : PublishFate.UnknownAndOut : PublishFate.Confirm;
            once = false;
            return Task.FromResult(fate);
        };
        var sealing = new TaskCompletionSource();
        var sealBegan = new TaskCompletionSource();
        cluster.Logs.Sealing = _ =>
        {
            sealBegan.TrySetResult();
            return sealing.Task;
        };

        var first = Add(cluster.A, "alice", "id-1", 5).AsTask();
        await sealBegan.Task;
        var retry = Add(cluster.B, "alice", "id-1", 5).AsTask();
        sealing.SetResult();

        Assert.Equal(("committed 5", "committed 5"), (Text(await first), Text(await retry)));
        Assert.Equal(5, await Total(cluster));
    }

    [Fact]
    public async Task An_id_that_another_handler_used_is_refused()
    {
        await using var cluster = await Start();
        await Add(cluster.A, "alice", "id-1", 5);

        var other = await Add(cluster.A, "alice", "id-1", 5, "subtract");

        Assert.Equal(TransactionStatus.Aborted, other.Status);
        Assert.Contains("'add'", other.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_outcome_leaves_the_shard_after_its_time_and_leaves_no_tombstone()
    {
        await using var cluster = await Start(new CommitterLimits { OutcomeLife = TimeSpan.FromMilliseconds(50), ForeignPatience = TimeSpan.FromSeconds(30) });
        await Add(cluster.A, "alice", "id-1", 5);
        Assert.True(Outcomes.TryKey("t", "alice", "id-1", out var key));
        var deadline = DateTime.UtcNow.AddSeconds(20);
        while (cluster.Shards.Sum(shard => shard.Statistics.Items) > cluster.Shards.Count + 1)
        {
            Assert.True(DateTime.UtcNow < deadline, $"the outcome {key} stays");
            await Task.Yield();
        }
    }

    private static async Task<ProtocolCluster> Start(CommitterLimits? limits = null) =>
        await new ProtocolCluster(limits).WithEngine(static () => new Adder()).StartAsync();

    private static async Task<long?> Total(ProtocolCluster cluster) => await ProtocolCluster.Read(cluster.B, "total");

    internal static string Text(TransactionAnswer answer) =>
        answer.Status == TransactionStatus.Committed ? $"committed {Encoding.UTF8.GetString(answer.Result.Span)}" : $"{answer.Status}: {answer.Reason}";

    internal static ValueTask<TransactionAnswer> Add(TransactionServer server, string? user, string id, long amount, string handler = "add") =>
        server.RunAsync(
            new TransactionCall(
                new HandlerCall
                {
                    Application = Adder.Application,
                    Handler = Adder.Handler(handler),
                    User = user,
                    Args = Encoding.UTF8.GetBytes(amount.ToString(CultureInfo.InvariantCulture)),
                    Seed = new TransactionSeed(0, 0),
                },
                id),
            CancellationToken.None);

    /// <summary>An engine with one handler: adds its argument to the row "total", refuses to go below zero.</summary>
    internal sealed class Adder : IScriptEngine
    {
        public static readonly Application Application = new()
        {
            Name = "t",
            Version = "1",
            Tables = FrozenDictionary<string, TableSchema>.Empty,
            Handlers = FrozenDictionary<string, Handler>.Empty,
            Pages = FrozenDictionary<string, Page>.Empty,
            Assets = FrozenDictionary<string, Asset>.Empty,
            Roles = FrozenDictionary<string, FrozenSet<string>>.Empty,
            Seeds = FrozenDictionary<string, IReadOnlyList<SeedRow>>.Empty,
        };

        private static readonly Page Page = new() { Path = "/", Literals = [], Slots = [], Templates = [], Scripts = [], Elements = [] };

        public static Handler Handler(string name) => new()
        {
            Name = name,
            Allow = new Allow(true, false, FrozenSet<string>.Empty, FrozenSet<string>.Empty),
            Page = Page,
            Pages = [Page],
            Position = new SourcePosition("a.js", 1, 1),
            Globals = [],
        };

        public RunResult Run(HandlerCall call, IRowSource rows)
        {
            var key = ProtocolCluster.Key("total");
            if (!rows.TryRead(key, out var row))
            {
                return new RunResult { Status = RunStatus.RowMissing };
            }

            var total = row is null ? 0 : long.Parse(row.ToString(), CultureInfo.InvariantCulture);
            var sum = total + long.Parse(Encoding.UTF8.GetString(call.Args.Span), CultureInfo.InvariantCulture);
            var text = sum.ToString(CultureInfo.InvariantCulture);
            return sum < 0
                ? new RunResult { Status = RunStatus.Aborted, AbortKind = AbortKind.Refused, Reason = $"not below zero, total {total}" }
                : new RunResult { Status = RunStatus.Completed, Result = Encoding.UTF8.GetBytes(text), Writes = [new RowWrite(key, Document.FromText(text))] };
        }

        public RenderResult Render(Application application, Page page, string? user, TransactionSeed seed, IRowSource rows) => throw new NotSupportedException();

        public void Dispose()
        {
        }
    }
}
