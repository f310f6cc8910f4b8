using System.Text;
using Mjolnir.AppServer.Committing;
using Mjolnir.AppServer.Routing;
using Mjolnir.AppServer.Tests.Committing;
using Mjolnir.AppServer.Tests.Http;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Routing;
using Mjolnir.Scripting.Engine;
using Mjolnir.Storage.Shards;

namespace Mjolnir.AppServer.Tests.Peers;

/// <summary>Calls that one server passes to another over a real link.</summary>
public sealed class PassingTests
{
    [Fact]
    public async Task A_passed_call_runs_beside_its_row_and_its_whole_answer_comes_back()
    {
        await using var cluster = await PeerCluster.StartAsync();
        var (from, to) = (cluster.Protocol.NameOn(1, "f"), cluster.Protocol.NameOn(1, "t"));

        var answer = await cluster.A.To(cluster.B).RunAsync(PeerCluster.Transfer(from, to, 30) with { WantsKeys = true }, CancellationToken.None);

        Assert.Equal(TransactionStatus.Committed, answer.Status);
        Assert.Equal("70", Encoding.UTF8.GetString(answer.Result.Span));
        Assert.Equal("""{"message":{"text":"sent"}}""", Encoding.UTF8.GetString(answer.Changes.Span));
        Assert.True(answer.Routed);
        Assert.Equal([from, to], answer.Touched);
        Assert.Equal((0, 1), (cluster.A.Server.Counters.Committed, cluster.B.Server.Counters.Committed));
        Assert.Equal((1, 1), (cluster.A.Links.Counters.CallsPassed, cluster.B.Links.Counters.CallsTaken));
        Assert.Equal((70, 130), (await cluster.BalanceAsync(from), await cluster.BalanceAsync(to)));
    }

    [Fact]
    public async Task A_refusal_comes_back_with_its_reason_and_place()
    {
        await using var cluster = await PeerCluster.StartAsync();

        var answer = await cluster.A.To(cluster.B).RunAsync(PeerCluster.Transfer("x", "y", 101), CancellationToken.None);

        Assert.Equal((TransactionStatus.Aborted, AbortKind.Refused, "not enough"), (answer.Status, answer.AbortKind, answer.Reason));
        Assert.Equal("bank.js:3:7", answer.Position!.ToString());
    }

    [Fact]
    public async Task A_call_that_came_over_a_link_is_run_where_it_came_to()
    {
        await using var cluster = await PeerCluster.StartAsync();
        var (from, to) = (cluster.Protocol.NameOn(0, "f"), cluster.Protocol.NameOn(0, "t"));

        var answer = await cluster.A.To(cluster.B).RunAsync(PeerCluster.Transfer(from, to, 1), CancellationToken.None);

        Assert.Equal(TransactionStatus.Committed, answer.Status);
        Assert.False(answer.Routed);
        Assert.Equal((0, 1), (cluster.A.Server.Counters.Committed, cluster.B.Server.Counters.Committed));
    }

    [Fact]
    public async Task Another_version_of_the_application_gives_the_call_back_and_it_runs_where_it_arrived()
    {
        await using var cluster = await PeerCluster.StartAsync();
        cluster.B.Applications.Replace(TestApplication.Make(version: "2"));

        var answer = await cluster.A.To(cluster.B).RunAsync(PeerCluster.Transfer("x", "y", 1), CancellationToken.None);

        Assert.Equal(TransactionStatus.Committed, answer.Status);
        Assert.Equal((1, 0), (cluster.A.Server.Counters.Committed, cluster.B.Server.Counters.Committed));
        Assert.Equal((1, 1), (cluster.A.Links.Counters.CallsRunHereInstead, cluster.B.Links.Counters.CallsNotTaken));
    }

    [Theory]
    [InlineData("send", null)]
    [InlineData("vip", "bob")]
    [InlineData("till", "alice")]
    public async Task The_receiver_checks_again_who_may_call(string handler, string? user)
    {
        await using var cluster = await PeerCluster.StartAsync();
        var allowed = PeerCluster.Transfer("x", "y", 1, user: user);
        var call = allowed with
        {
            Run = new HandlerCall { Application = allowed.Run.Application, Handler = allowed.Run.Application.Handlers[handler], User = user, Args = allowed.Run.Args, Seed = allowed.Run.Seed },
        };

        await cluster.A.To(cluster.B).RunAsync(call, CancellationToken.None);

        Assert.Equal(1, cluster.B.Links.Counters.CallsNotTaken);
        Assert.Equal(0, cluster.B.Server.Counters.Attempts);
    }

    [Fact]
    public async Task An_id_that_is_asked_for_at_both_servers_commits_once()
    {
        await using var cluster = await PeerCluster.StartAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(async i =>
            await (i % 2 == 0 ? cluster.A.To(cluster.B) : cluster.A.Server).RunAsync(PeerCluster.Transfer("x", "y", 5, id: "once", user: "u"), CancellationToken.None)));

        Assert.All(answers, answer => Assert.Equal((TransactionStatus.Committed, "95"), (answer.Status, Encoding.UTF8.GetString(answer.Result.Span))));
        Assert.Equal((95, 105), (await cluster.BalanceAsync("x"), await cluster.BalanceAsync("y")));
    }

    [Fact]
    public async Task Hot_rows_are_passed_to_their_owner_and_cold_ones_run_where_they_arrived()
    {
        await using var cluster = await PeerCluster.StartAsync();
        cluster.A.Predictor.Learn("open", Parts(PeerCluster.Transfer("x", "y", 0)), ["x"]);
        var (hot, cold) = (cluster.Protocol.NameOn(1, "hot"), cluster.Protocol.NameOn(1, "cold"));

        var coldRoute = cluster.A.Router.Route(PeerCluster.Transfer(cold, "y", 0));
        ITransactions hotRoute = cluster.A.Server;
        for (var i = 0; i < ClusterRoutingLimits.HotTouches; i++)
        {
            hotRoute = cluster.A.Router.Route(PeerCluster.Transfer(hot, "y", 0));
        }

        Assert.Same(cluster.A.Server, coldRoute);
        Assert.Same(cluster.A.To(cluster.B), hotRoute);
        Assert.Same(cluster.A.Server, cluster.A.Router.Route(PeerCluster.Transfer(cluster.Protocol.NameOn(0, "own"), "y", 0)));
    }

    [Fact]
    public async Task A_server_that_is_not_ready_passes_its_calls_and_is_not_passed_any()
    {
        await using var cluster = await PeerCluster.StartAsync();
        cluster.A.IsReady = false;
        Assert.Same(cluster.A.To(cluster.B), cluster.A.Router.Route(PeerCluster.Transfer("x", "y", 1)));

        cluster.Beat(cluster.B, ready: false);

        Assert.Same(cluster.A.Server, cluster.A.Router.Route(PeerCluster.Transfer("x", "y", 1)));
    }

    [Fact]
    public async Task A_transaction_that_conflicts_is_handed_to_the_owner_of_its_row()
    {
        await using var cluster = await PeerCluster.StartAsync(settings => settings.Limits = new CommitterLimits { ConflictsBeforeOrder = 1, ForeignPatience = TimeSpan.FromSeconds(30) });
        var (row, other) = (cluster.Protocol.NameOn(1, "row"), cluster.Protocol.NameOn(1, "other"));
        await ProtocolCluster.Set(cluster.A.Server, row, 100);
        var answer = await ConflictedAsync(cluster, row, other);

        Assert.Equal((TransactionStatus.Committed, "150"), (answer.Status, Encoding.UTF8.GetString(answer.Result.Span)));
        Assert.Equal(1, cluster.A.Server.Counters.HandedOver);
        Assert.Equal((1, true), (cluster.B.Links.Counters.CallsTaken, answer.Routed));
    }

    [Fact]
    public async Task What_was_handed_over_and_given_back_runs_where_it_came_from()
    {
        await using var cluster = await PeerCluster.StartAsync(settings => settings.Limits = new CommitterLimits { ConflictsBeforeOrder = 1, ForeignPatience = TimeSpan.FromSeconds(30) });
        cluster.B.Applications.Replace(TestApplication.Make(version: "2"));
        var (row, other) = (cluster.Protocol.NameOn(1, "row"), cluster.Protocol.NameOn(1, "other"));
        await ProtocolCluster.Set(cluster.A.Server, row, 100);
        var answer = await ConflictedAsync(cluster, row, other);

        Assert.Equal((TransactionStatus.Committed, "150"), (answer.Status, Encoding.UTF8.GetString(answer.Result.Span)));
        Assert.Equal((1, 1), (cluster.A.Server.Counters.HandedOver, cluster.B.Links.Counters.CallsNotTaken));
    }

    /// <summary>A transfer at A that ran over the row before B set it to 200: its compare-and-set must fail.</summary>
    private static async Task<TransactionAnswer> ConflictedAsync(PeerCluster cluster, string row, string other)
    {
        var install = cluster.Protocol.Connection("A", row).HoldNext(operation => operation.Verb == ShardVerb.CompareAndSet && operation.CacheKey.EndsWith(row, StringComparison.Ordinal));
        var running = cluster.A.Server.RunAsync(PeerCluster.Transfer(row, other, 50), CancellationToken.None).AsTask();
        await install.Reached.Task;
        await ProtocolCluster.Set(cluster.B.Server, row, 200);
        install.Release();
        return await running;
    }

    [Fact]
    public async Task Many_calls_share_a_link_and_each_gets_its_own_answer()
    {
        await using var cluster = await PeerCluster.StartAsync();
        const int Calls = 500;

        var answers = await Task.WhenAll(Enumerable.Range(0, Calls).Select(async i =>
            Encoding.UTF8.GetString((await cluster.A.To(cluster.B).RunAsync(PeerCluster.Transfer($"from{i}", "to", i % 100), CancellationToken.None)).Result.Span)));

        Assert.Equal(Enumerable.Range(0, Calls).Select(i => $"{100 - (i % 100)}"), answers);
    }

    [Fact]
    public async Task What_one_server_commits_the_live_pages_of_the_other_hear()
    {
        await using var cluster = await PeerCluster.StartAsync();
        var heard = new TaskCompletionSource<IReadOnlyList<RowKey>>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var listening = cluster.A.Router.Any.OnChanged(rows => heard.TrySetResult(rows));

        await cluster.B.Server.RunAsync(PeerCluster.Transfer("x", "y", 1), CancellationToken.None);

        Assert.Equal([ProtocolCluster.Key("x"), ProtocolCluster.Key("y")], (await heard.Task).Order());
    }

    [Fact]
    public async Task What_a_server_refuses_because_it_stops_may_be_tried_elsewhere()
    {
        await using var cluster = await PeerCluster.StartAsync();
        var publishing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var confirm = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.Protocol.Logs.Decide = async _ =>
        {
            publishing.TrySetResult();
            await confirm.Task;
            return PublishFate.Confirm;
        };
        var first = cluster.B.Server.RunAsync(PeerCluster.Transfer("a", "b", 1), CancellationToken.None).AsTask();
        await publishing.Task;
        var waiting = cluster.B.Server.RunAsync(PeerCluster.Transfer("c", "d", 1), CancellationToken.None).AsTask();
        var stopping = cluster.B.Server.DisposeAsync().AsTask();
        confirm.SetResult();
        await stopping;
        var late = await cluster.B.Server.RunAsync(PeerCluster.Transfer("e", "f", 1), CancellationToken.None);

        Assert.Equal(TransactionStatus.Committed, (await first).Status);
        Assert.All([await waiting, late], answer => Assert.Equal((TransactionStatus.Unavailable, true), (answer.Status, answer.RetryElsewhere)));
    }

    private static CallParts Parts(TransactionCall call) => new(call.Run.User, call.Run.Args, call.Run.Inputs);
}
