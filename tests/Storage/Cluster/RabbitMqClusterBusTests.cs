using System.Threading.Channels;
using Mjolnir.Core.Keys;
using Mjolnir.Running;
using Mjolnir.Servers;
using Mjolnir.Storage.Cluster;
using Mjolnir.Storage.Feeds;
using Mjolnir.Storage.Logs.RabbitMq;

namespace Mjolnir.Storage.Tests.Cluster;

public sealed class RabbitMqClusterBusTests : IAsyncLifetime
{
    private readonly string _cluster = Guid.NewGuid().ToString("N");
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(30));
    private readonly List<Member> _members = [];
    private string _url = "";

    public async Task InitializeAsync() => _url = (await RabbitMqServer.SharedAsync()).Url;

    public async Task DisposeAsync()
    {
        foreach (var member in _members)
        {
            await member.DisposeAsync();
        }

        _patience.Dispose();
    }

    [Fact]
    public async Task Everybody_hears_everything_once()
    {
        var (first, second, third) = (await JoinAsync(), await JoinAsync(), await JoinAsync());
        first.Bus.Announce(Commit(7));
        first.Bus.Tell(Trouble("a"));
        foreach (var member in new[] { first, second, third })
        {
            Assert.Equal(7, (await member.Commits.ReadAsync(_patience.Token)).DurableBatch);
            Assert.Equal(Trouble("a"), await member.Notices.ReadAsync(_patience.Token));
        }

        // The last word of another shows that nothing more was under way.
        second.Bus.Tell(Trouble("b"));
        foreach (var member in new[] { first, second, third })
        {
            Assert.Equal(Trouble("b"), await member.Notices.ReadAsync(_patience.Token));
            Assert.False(member.Commits.TryRead(out _));
        }
    }

    [Fact]
    public async Task Who_runs_no_transactions_hears_the_ends_of_logs_and_no_other_commits()
    {
        var (server, peer, worker) = (await JoinAsync(), await JoinAsync(), await JoinAsync(hearsCommits: false));
        server.Bus.Announce(Commit(7));
        server.Bus.Announce(Commit(8) with { Sealed = true });
        server.Bus.Announce(Commit(9));
        worker.Bus.Announce(Commit(10));
        server.Bus.Tell(Trouble("last"));
        await worker.Notices.ReadAsync(_patience.Token);
        Assert.Equal([10, 8], await HeardAsync(worker, 2));
        Assert.Equal([7, 8, 9], (await HeardAsync(peer, 4)).Where(batch => batch != 10));
        Assert.True(worker.Bus.IsConnected);
    }

    [Fact]
    public async Task An_own_commit_notice_is_heard_before_announcing_returns()
    {
        var member = await JoinAsync();
        member.Bus.Announce(Commit(7));
        Assert.True(member.Commits.TryRead(out _));
    }

    [Fact]
    public async Task Clusters_do_not_hear_each_other()
    {
        var (member, stranger) = (await JoinAsync(), await JoinAsync("another-" + _cluster));
        var peer = await JoinAsync();
        stranger.Bus.Tell(Trouble("strange"));
        member.Bus.Tell(Trouble("ours"));
        Assert.Equal(Trouble("ours"), await peer.Notices.ReadAsync(_patience.Token));
        Assert.Equal(Trouble("strange"), await stranger.Notices.ReadAsync(_patience.Token));
        Assert.False(stranger.Notices.TryRead(out _));
    }

    [Fact]
    public async Task Notices_of_one_come_in_their_order()
    {
        var (teller, hearer) = (await JoinAsync(), await JoinAsync());
        for (var batch = 1; batch <= 500; batch++)
        {
            teller.Bus.Announce(Commit(batch));
        }

        for (var batch = 1; batch <= 500; batch++)
        {
            Assert.Equal(batch, (await hearer.Commits.ReadAsync(_patience.Token)).DurableBatch);
        }
    }

    [Fact]
    public async Task What_is_told_before_the_bus_is_joined_is_heard_when_it_is()
    {
        var first = await JoinAsync();
        await using var connections = new RabbitMqConnections(RabbitMqAddress.Parse(_url), "early", TimeProvider.System);
        await using var early = new RabbitMqClusterBus(connections, _cluster, hearsCommits: true);
        early.Tell(Trouble("early"));
        Assert.Equal(Trouble("early"), await first.Notices.ReadAsync(_patience.Token));
    }

    [Fact]
    public async Task Who_stops_listening_hears_no_more()
    {
        var member = await JoinAsync();
        var heard = new List<ClusterNotice>();
        var listening = member.Bus.Listen(heard.Add);
        listening.Dispose();
        member.Bus.Tell(Trouble("a"));
        await member.Notices.ReadAsync(_patience.Token);
        Assert.Empty(heard);
    }

    [Fact]
    public async Task A_listener_that_throws_is_reported_and_the_others_hear()
    {
        var member = await JoinAsync();
        using var bad = member.Bus.Listen(_ => throw new InvalidOperationException("bad listener"));
        var (later, heard) = (Channel.CreateUnbounded<ClusterNotice>(), member.Faults);
        using var good = member.Bus.Listen(notice => later.Writer.TryWrite(notice));
        member.Bus.Tell(Trouble("a"));
        Assert.Equal(Trouble("a"), await later.Reader.ReadAsync(_patience.Token));
        Assert.Equal("bad listener", (await heard.ReadAsync(_patience.Token)).Message);
    }

    [Fact]
    public async Task A_cut_connection_is_replaced_and_the_incarnation_rises()
    {
        var (member, peer) = (await JoinAsync(), await JoinAsync());
        var before = member.Bus.Incarnation;
        (await member.Connections.Bus.OpenAsync(_patience.Token)).Abandon("cut by the test");
        while (member.Bus.Incarnation == before || !member.Bus.IsConnected)
        {
            await Task.Delay(10, _patience.Token);
        }

        Assert.Equal(before + 1, member.Bus.Incarnation);
        peer.Bus.Tell(Trouble("again"));
        Assert.Equal(Trouble("again"), await member.Notices.ReadAsync(_patience.Token));
        member.Bus.Tell(Trouble("heard"));
        await peer.Notices.ReadAsync(_patience.Token);
        Assert.Equal(Trouble("heard"), await peer.Notices.ReadAsync(_patience.Token));
    }

    [Fact]
    public async Task Telling_without_a_broker_returns_at_once_and_is_heard_here()
    {
        var port = Services.Programs.FreePorts(1)[0];
        await using var member = new Member($"amqp://127.0.0.1:{port}", _cluster);
        var limit = TimeSpan.FromSeconds(2);
        var took = await Quickest.OfAsync(
            limit,
            () =>
            {
                for (var batch = 0; batch < 10_000; batch++)
                {
                    member.Bus.Announce(Commit(batch));
                }

                return Task.CompletedTask;
            });

        Assert.InRange(took, TimeSpan.Zero, limit);
        member.Bus.Tell(Trouble("alone"));
        Assert.Equal(Trouble("alone"), await member.Notices.ReadAsync(_patience.Token));
        Assert.False(member.Bus.IsConnected);
        Assert.Equal(0, member.Bus.Incarnation);
        Assert.Contains("not reachable", (await member.Faults.ReadAsync(_patience.Token)).Message, StringComparison.Ordinal);
    }

    private async Task<List<long>> HeardAsync(Member member, int count)
    {
        var heard = new List<long>();
        while (heard.Count < count)
        {
            heard.Add((await member.Commits.ReadAsync(_patience.Token)).DurableBatch);
        }

        Assert.False(member.Commits.TryRead(out _));
        return heard;
    }

    private static CommitNotice Commit(long batch) => new("s1.1", batch, [RowKey.FromText("bank/users/alice")]);

    private static ShardTrouble Trouble(string shard) => new(shard, "label", "reason");

    private async Task<Member> JoinAsync(string? cluster = null, bool hearsCommits = true)
    {
        var member = new Member(_url, cluster ?? _cluster, hearsCommits);
        _members.Add(member);
        await member.Bus.ReadyAsync(_patience.Token);
        return member;
    }

    private sealed class Member : IAsyncDisposable
    {
        private readonly Channel<CommitNotice> _commits = Channel.CreateUnbounded<CommitNotice>();
        private readonly Channel<ClusterNotice> _notices = Channel.CreateUnbounded<ClusterNotice>();
        private readonly Channel<Exception> _faults = Channel.CreateUnbounded<Exception>();

        public Member(string url, string cluster, bool hearsCommits = true)
        {
            Connections = new(RabbitMqAddress.Parse(url), "tests", TimeProvider.System);
            Bus = new(Connections, cluster, hearsCommits, fault => _faults.Writer.TryWrite(fault));
            Bus.Subscribe(notice => _commits.Writer.TryWrite(notice));
            Bus.Listen(notice => _notices.Writer.TryWrite(notice));
        }

        public RabbitMqConnections Connections { get; }

        public RabbitMqClusterBus Bus { get; }

        public ChannelReader<CommitNotice> Commits => _commits.Reader;

        public ChannelReader<ClusterNotice> Notices => _notices.Reader;

        public ChannelReader<Exception> Faults => _faults.Reader;

        public async ValueTask DisposeAsync()
        {
            await Bus.DisposeAsync();
            await Connections.DisposeAsync();
        }
    }
}
