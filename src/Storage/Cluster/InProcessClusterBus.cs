using System.Collections.Immutable;
using Mjolnir.Storage.Feeds;

namespace Mjolnir.Storage.Cluster;

/// <summary>The bus of processes that are one process: tests of cluster life.</summary>
public sealed class InProcessClusterBus : IClusterBus
{
    private readonly InProcessCommitFeed _feed = new();
    private ImmutableList<Action<ClusterNotice>> _listeners = [];

    /// <inheritdoc/>
    public long Incarnation => 1;

    /// <inheritdoc/>
    public void Announce(CommitNotice notice) => _feed.Announce(notice);

    /// <inheritdoc/>
    public IDisposable Subscribe(Action<CommitNotice> receive) => _feed.Subscribe(receive);

    /// <inheritdoc/>
    public void Tell(ClusterNotice notice)
    {
        foreach (var receive in Volatile.Read(ref _listeners))
        {
            receive(notice);
        }
    }

    /// <inheritdoc/>
    public IDisposable Listen(Action<ClusterNotice> receive)
    {
        ImmutableInterlocked.Update(ref _listeners, static (all, one) => all.Add(one), receive);
        return new Listening(this, receive);
    }

    private sealed class Listening(InProcessClusterBus bus, Action<ClusterNotice> receive) : IDisposable
    {
        public void Dispose() => ImmutableInterlocked.Update(ref bus._listeners, static (all, one) => all.Remove(one), receive);
    }
}
