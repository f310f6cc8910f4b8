using Mjolnir.AppServer.Peers;
using Mjolnir.Core.Envelopes;

namespace Mjolnir.AppServer.Tests.Peers;

/// <summary>What servers tell each other of what they have answered.</summary>
public sealed class MarksTests
{
    [Fact]
    public async Task Every_other_server_tells_its_log_and_what_a_user_wrote_there()
    {
        await using var cluster = await PeerCluster.StartAsync();

        var ofAlice = Assert.Single(await cluster.A.Links.MarksAsync("alice", CancellationToken.None));
        var ofNobody = Assert.Single(await cluster.B.Links.MarksAsync(null, CancellationToken.None));

        Assert.Equal(("B", "B.3", 70), (ofAlice.Key, ofAlice.Value!.Log, ofAlice.Value.Durable));
        Assert.Equal([new Stamp("B.2", 5), new Stamp("B.3", 5)], ofAlice.Value.Written);
        Assert.Equal(("A", "A.3", 70), (ofNobody.Key, ofNobody.Value!.Log, ofNobody.Value.Durable));
        Assert.Empty(ofNobody.Value.Written);
    }

    [Fact]
    public async Task Many_are_asked_at_once_beside_calls()
    {
        await using var cluster = await PeerCluster.StartAsync();
        var users = Enumerable.Range(0, 200).Select(length => new string('u', length)).ToList();

        var calling = cluster.A.To(cluster.B).RunAsync(PeerCluster.Transfer("x", "y", 1), CancellationToken.None).AsTask();
        var marks = await Task.WhenAll(users.Select(user => cluster.A.Links.MarksAsync(user, CancellationToken.None).AsTask()));
        await calling;

        Assert.Equal(users.Select(user => (long)user.Length), marks.Select(told => told["B"]!.Written[1].Batch));
    }

    [Fact]
    public async Task A_server_that_has_gone_is_named_and_tells_nothing()
    {
        await using var cluster = await PeerCluster.StartAsync();
        await cluster.B.Listener.DisposeAsync();
        await PeerCluster.Until(() => cluster.A.Links.Connected == 0, "the link has ended");

        Assert.Equal([new KeyValuePair<string, PeerMarks?>("B", null)], await cluster.A.Links.MarksAsync("alice", CancellationToken.None));
    }
}
