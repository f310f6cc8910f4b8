using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Mjolnir.AppServer.Peers;
using Mjolnir.AppServer.Tests.Committing;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Scripting.Engine;

namespace Mjolnir.AppServer.Tests.Peers;

/// <summary>Links that break, at every moment.</summary>
public sealed class BrokenLinkTests
{
    /// <summary>More than all that a hello and one call take in either direction.</summary>
    private const int MostBytes = 400;

    private const int Step = 9;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Wherever_a_link_is_cut_a_call_with_an_id_is_done_once_and_what_is_said_of_it_is_true(bool forward)
    {
        await using var cluster = await PeerCluster.StartAsync();
        var done = 0;
        for (var bytes = 0; bytes <= MostBytes; bytes += Step)
        {
            await using var wire = new FrailWire(cluster.B.Listener.EndPoint, forward ? bytes : long.MaxValue, forward ? long.MaxValue : bytes);
            await using var link = await LinkAsync(wire);
            var before = cluster.B.Server.Counters.Committed;
            var outcome = (await link.CallAsync(PeerCluster.Transfer("x", "y", 1, id: $"{bytes}"), CallPassage.Passed, wantsKeys: false)).Outcome;
            if (outcome != PeerOutcome.Unknown)
            {
                Assert.Equal(outcome == PeerOutcome.Answered ? 1 : 0, cluster.B.Server.Counters.Committed - before);
            }

            // Asked again at the other server, as a client does that got no answer.
            var again = await cluster.A.Server.RunAsync(PeerCluster.Transfer("x", "y", 1, id: $"{bytes}"), CancellationToken.None);
            Assert.Equal(TransactionStatus.Committed, again.Status);
            Assert.Equal(100 + ++done, await cluster.BalanceAsync("y"));
        }
    }

    [Fact]
    public async Task A_link_that_breaks_under_a_call_leaves_it_unknown_unless_its_id_tells()
    {
        await using var cluster = await PeerCluster.StartAsync();
        await using var wire = new FrailWire(cluster.B.Listener.EndPoint);
        cluster.Beat(cluster.B, peer: wire.Address, run: "behind the wire");
        await PeerCluster.Until(() => cluster.A.Links.Connected == 1, "A is linked through the wire");
        var peer = cluster.A.To(cluster.B);

        // The calls get there and are done; their answers do not come back.
        wire.Hold();
        var withoutId = peer.RunAsync(PeerCluster.Transfer("a", "b", 1), CancellationToken.None).AsTask();
        var withId = peer.RunAsync(PeerCluster.Transfer("c", "d", 1, id: "7"), CancellationToken.None).AsTask();
        await Task.WhenAny(Task.WhenAll(withoutId, withId), Task.Delay(200));
        Assert.False(withoutId.IsCompleted || withId.IsCompleted);
        wire.Cut();

        Assert.Equal(TransactionStatus.Unknown, (await withoutId).Status);
        Assert.Equal((TransactionStatus.Committed, "99"), ((await withId).Status, Encoding.UTF8.GetString((await withId).Result.Span)));
        Assert.Equal((99, 101), (await cluster.BalanceAsync("c"), await cluster.BalanceAsync("d")));
        Assert.Equal(2, cluster.A.Links.Counters.CallsUnknown);
    }

    [Fact]
    public async Task What_was_never_handed_to_the_network_runs_where_it_arrived()
    {
        await using var cluster = await PeerCluster.StartAsync();
        await using var wire = new FrailWire(cluster.B.Listener.EndPoint);
        cluster.Beat(cluster.B, peer: wire.Address, run: "behind the wire");
        await PeerCluster.Until(() => cluster.A.Links.Connected == 1, "A is linked through the wire");
        var peer = cluster.A.To(cluster.B);
        wire.Hold();

        // More than the network's buffers take: the later ones wait in the outbox.
        const int Calls = 30;
        var calls = Enumerable.Range(0, Calls).Select(_ => peer.RunAsync(Large("x", "y"), CancellationToken.None).AsTask()).ToList();
        await PeerCluster.Until(() => calls.Exists(static call => call.IsCompleted), "the outbox is full, and one runs here");
        wire.Cut();
        var answers = await Task.WhenAll(calls);

        var here = answers.Count(answer => answer.Status == TransactionStatus.Committed);
        Assert.InRange(here, 2, Calls - 1);
        Assert.Equal(Calls - here, answers.Count(answer => answer.Status == TransactionStatus.Unknown));
        Assert.Equal(0, cluster.B.Server.Counters.Attempts);
        Assert.Equal(100 + here, await cluster.BalanceAsync("y"));
    }

    [Fact]
    public async Task A_server_that_is_frozen_is_given_up_in_seconds_and_calls_run_here_meanwhile()
    {
        await using var cluster = await PeerCluster.StartAsync();
        await using var wire = new FrailWire(cluster.B.Listener.EndPoint);
        cluster.Beat(cluster.B, peer: wire.Address, run: "behind the wire");
        await PeerCluster.Until(() => cluster.A.Links.Connected == 1, "A is linked through the wire");
        var peer = cluster.A.To(cluster.B);
        var began = Stopwatch.StartNew();
        wire.Hold();

        var answer = await peer.RunAsync(PeerCluster.Transfer("x", "y", 1), CancellationToken.None);
        var after = await peer.RunAsync(PeerCluster.Transfer("x", "y", 1), CancellationToken.None);

        Assert.Equal((TransactionStatus.Unknown, TransactionStatus.Committed), (answer.Status, after.Status));
        Assert.InRange(began.Elapsed, PeerLimits.Silence - PeerLimits.Ping, PeerLimits.Silence * 10);
    }

    [Fact]
    public async Task A_link_comes_back_when_the_server_does()
    {
        await using var cluster = await PeerCluster.StartAsync();
        await using var first = new FrailWire(cluster.B.Listener.EndPoint);
        cluster.Beat(cluster.B, peer: first.Address, run: "first");
        await PeerCluster.Until(() => cluster.A.Links.Connected == 1, "A is linked through the first wire");
        first.Cut();
        await PeerCluster.Until(() => cluster.A.Links.Connected == 0, "A has noticed");
        await using var second = new FrailWire(cluster.B.Listener.EndPoint);

        cluster.Beat(cluster.B, peer: second.Address, run: "second");
        await PeerCluster.Until(() => cluster.A.Links.Connected == 1, "A is linked again");

        Assert.Equal(TransactionStatus.Committed, (await cluster.A.To(cluster.B).RunAsync(PeerCluster.Transfer("x", "y", 1), CancellationToken.None)).Status);
        Assert.Equal(1, cluster.B.Server.Counters.Committed);
    }

    [Fact]
    public async Task A_server_that_stops_answers_what_it_took_and_gives_back_the_rest()
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
        var peer = cluster.A.To(cluster.B);
        var taken = peer.RunAsync(PeerCluster.Transfer("a", "b", 1), CancellationToken.None).AsTask();
        await publishing.Task;

        var stopping = cluster.B.Listener.StopAsync();
        var late = peer.RunAsync(PeerCluster.Transfer("c", "d", 1), CancellationToken.None).AsTask();
        await PeerCluster.Until(() => cluster.A.Links.Counters.CallsRunHereInstead == 1, "the late call was given back");
        confirm.SetResult();

        Assert.Equal(TransactionStatus.Committed, (await taken).Status);
        Assert.Equal(TransactionStatus.Committed, (await late).Status);
        await stopping;
        Assert.Equal((1, 1), (cluster.A.Server.Counters.Committed, cluster.B.Server.Counters.Committed));
    }

    /// <summary>A link through the wire, connected if the wire lets it.</summary>
    private static async Task<PeerLink> LinkAsync(FrailWire wire)
    {
        var link = new PeerLink(new PeerHello("A", PeerCluster.Token), "B", wire.Address, TimeProvider.System, NullLogger.Instance);
        await PeerCluster.Until(() => link.IsConnected || wire.WasCut.IsCompleted, "the link is up or cut");
        return link;
    }

    private static TransactionCall Large(string from, string to)
    {
        var call = PeerCluster.Transfer(from, to, 1);
        return call with
        {
            Run = new HandlerCall
            {
                Application = call.Run.Application,
                Handler = call.Run.Handler,
                Args = call.Run.Args,
                Globals = Encoding.UTF8.GetBytes($$"""{"text":"{{new string('x', 1_000_000)}}"}"""),
                Seed = call.Run.Seed,
            },
        };
    }
}
