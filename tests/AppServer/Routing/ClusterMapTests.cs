using Mjolnir.AppServer.Routing;
using Mjolnir.AppServer.Tests.Http;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Views;
using Mjolnir.Storage.Cluster;
using Mjolnir.Storage.Feeds;

namespace Mjolnir.AppServer.Tests.Routing;

/// <summary>Who is alive, as far as one server hears.</summary>
public sealed class ClusterMapTests
{
    private static readonly ClusterView View = new(1, [new ShardDescription("s1", "a")], [new SlotRange(0, Slots.Count - 1, 0, 1)], []);

    private readonly ManualTime _time = new();
    private readonly Bus _bus = new();

    [Fact]
    public void A_beat_that_says_nothing_new_makes_no_new_picture()
    {
        using var map = new ClusterMap("r", View, _bus, _time);
        _bus.Tell(Beat("s1") with { Durable = 1 });
        var picture = map.Picture;

        _bus.Tell(Beat("s1") with { Durable = 2 });

        Assert.Same(picture, map.Picture);
        Assert.False(picture.Superseded.IsCompleted);
    }

    [Fact]
    public void A_server_that_falls_silent_while_others_are_heard_is_not_ready()
    {
        using var map = new ClusterMap("r", View, _bus, _time);
        _bus.Tell(Beat("s1"));
        _bus.Tell(Beat("s2"));
        var before = map.Picture;

        _time.Advance(ClusterLimits.BeatPatience + TimeSpan.FromMilliseconds(1));
        _bus.Tell(Beat("s1"));

        Assert.Equal([("s1", true), ("s2", false)], map.Picture.Servers.Select(server => (server.Name, server.IsReady)));
        Assert.True(before.Superseded.IsCompleted);
    }

    [Fact]
    public void Nobody_is_judged_by_silence_while_the_bus_was_broken()
    {
        using var map = new ClusterMap("r", View, _bus, _time);
        _bus.Tell(Beat("s1"));
        _bus.Tell(Beat("s2"));

        _time.Advance(TimeSpan.FromMinutes(5));
        _bus.Incarnation++;
        _bus.Tell(Beat("s1"));

        Assert.All(map.Picture.Servers, server => Assert.True(server.IsReady, server.Name));
    }

    [Fact]
    public void A_restarted_server_replaces_its_former_self()
    {
        using var map = new ClusterMap("r", View, _bus, _time);
        _bus.Tell(Beat("s1"));
        _bus.Tell(Beat("s1") with { Run = "second", Peer = "127.0.0.1:2" });

        Assert.Equal("127.0.0.1:2", Assert.Single(map.Picture.Servers).Peer);
    }

    private static ServerBeat Beat(string name) => new(name, "run", "http://h", "127.0.0.1:1", "", "", 0, 1, true, false, []);

    private sealed class Bus : IClusterBus
    {
        private readonly InProcessClusterBus _bus = new();

        public long Incarnation { get; set; } = 1;

        public void Tell(ClusterNotice notice) => _bus.Tell(notice);

        public IDisposable Listen(Action<ClusterNotice> receive) => _bus.Listen(receive);

        public void Announce(CommitNotice notice) => _bus.Announce(notice);

        public IDisposable Subscribe(Action<CommitNotice> receive) => _bus.Subscribe(receive);
    }
}
