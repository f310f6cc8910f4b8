using System.Collections.Concurrent;
using Mjolnir.Cli.Roles;
using Mjolnir.Running;
using Mjolnir.Storage.Cluster;
using Mjolnir.Storage.Objects;
using Mjolnir.Storage.Registry;

namespace Mjolnir.Cli.Tests.Roles;

/// <summary>A keeper that begins knows nobody.</summary>
public sealed class Members_that_hear_a_keeper : IDisposable
{
    private readonly TestFolder _folder = new();

    [Fact]
    public async Task Tell_themselves_at_once_if_it_is_new_and_by_their_usual_beats_if_not()
    {
        var bus = new InProcessClusterBus();
        var beats = new ConcurrentQueue<ServerBeat>();
        using var listening = bus.Listen(notice =>
        {
            if (notice is ServerBeat beat)
            {
                beats.Enqueue(beat);
            }
        });
        using var former = FormerLogs.Take(_folder.At("app"));
        await using var views = new RegistryViews(new ClusterRegistry(new FolderObjectStore(_folder.At("store"))), bus, static _ => throw new InvalidOperationException(), static _ => { });
        await using var member = new ClusterMember(new MemberIdentity("s1", "run", "", "", ""), bus, views, new StoredMarks(), former, new StoppedClock());
        beats.Clear();

        bus.Tell(new KeeperBeat("first", 0, 0, []));
        Assert.Single(beats);
        bus.Tell(new KeeperBeat("first", 0, 0, []));
        Assert.Single(beats);
        bus.Tell(new KeeperBeat("second", 0, 0, []));
        Assert.Equal(2, beats.Count);
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>No usual beat comes between.</summary>
    private sealed class StoppedClock : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }
}
