using Mjolnir.Storage.Feeds;

namespace Mjolnir.Storage.Cluster;

/// <summary>
/// How the processes of a cluster hear of each other: batches by the feed, all else by notices. Everybody hears everything, the teller included. What is told while
/// the way is broken is lost: beats repeat it. Implementations: in-process (tests), RabbitMQ (classic stack).
/// </summary>
public interface IClusterBus : ICommitFeed
{
    /// <summary>Rises with each reconnect: what was told in between was not heard, so nobody is judged by his silence until beats had time to come again.</summary>
    long Incarnation { get; }

    /// <summary>
    /// This process hears itself by the way that the others take. While it does not, the silence of others says nothing: nobody is judged by it.
    /// </summary>
    bool IsConnected => true;

    /// <summary>The longest time, since this was asked last, that a notice of this process took until it was heard here by the way that the others take; zero where there is no way.</summary>
    TimeSpan TakeLongestWay() => TimeSpan.Zero;

    /// <summary>Tells everybody. Returns at once.</summary>
    void Tell(ClusterNotice notice);

    /// <summary>Calls <paramref name="receive"/> for each notice, one after another: it must be quick and must not throw. Ends when disposed.</summary>
    IDisposable Listen(Action<ClusterNotice> receive);
}
