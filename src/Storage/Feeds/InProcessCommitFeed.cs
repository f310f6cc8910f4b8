namespace Mjolnir.Storage.Feeds;

/// <summary>
/// The feed of the embedded stack: every server lives in this process. Announcing takes no lock: the list of subscribers is replaced as a
/// whole when one comes or goes, which is rare, and read as it stands when a batch is announced, which is not.
/// </summary>
public sealed class InProcessCommitFeed : ICommitFeed
{
    private Subscription[] _subscriptions = [];

    /// <inheritdoc/>
    public void Announce(CommitNotice notice)
    {
        foreach (var subscription in Volatile.Read(ref _subscriptions))
        {
            subscription.Receive(notice);
        }
    }

    /// <inheritdoc/>
    public IDisposable Subscribe(Action<CommitNotice> receive)
    {
        var subscription = new Subscription(this, receive);
        Replace(all => [.. all, subscription]);
        return subscription;
    }

    private void Replace(Func<Subscription[], Subscription[]> change)
    {
        while (true)
        {
            // Each failed round means that another thread's change went in: somebody always gets on.
            var before = Volatile.Read(ref _subscriptions);
            if (Interlocked.CompareExchange(ref _subscriptions, change(before), before) == before)
            {
                return;
            }
        }
    }

    private sealed class Subscription(InProcessCommitFeed feed, Action<CommitNotice> receive) : IDisposable
    {
        public Action<CommitNotice> Receive { get; } = receive;

        public void Dispose() => feed.Replace(all => Array.FindAll(all, one => one != this));
    }
}
