using Mjolnir.Storage.Cluster;

namespace Mjolnir.WriteBehind.Views;

/// <summary>The times of the keeper of the view, each with its unit and reason. Healing has 5 s in all.</summary>
public sealed record KeeperLimits
{
    /// <summary>Time between two beats of the keeper, and between two probes of a shard.</summary>
    public TimeSpan Beat { get; init; } = ClusterLimits.Beat;

    /// <summary>A log that no beat has claimed for this long is sealed.</summary>
    public TimeSpan BeatPatience { get; init; } = ClusterLimits.BeatPatience;

    /// <summary>Time that a live server has to cross to the latest view before its log is sealed: a few batches, or the undoing of one.</summary>
    public TimeSpan CrossPatience { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Longest wait for the answer to a probe; a local memcached takes a millisecond.</summary>
    public TimeSpan ProbePatience { get; init; } = TimeSpan.FromMilliseconds(700);

    /// <summary>Time between two probes of a shard that did not answer: its return is worth a second of service.</summary>
    public TimeSpan ProbeAgain { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>A shard that was not reached for this long is taken out of the view: long enough for a restart (then it is only changed), short enough to heal within 5 s.</summary>
    public TimeSpan GoneAfter { get; init; } = TimeSpan.FromMilliseconds(1500);

    /// <summary>Wait for more shards after the first one wants to join: V-stacks are started together, and each view costs every server a crossing.</summary>
    public TimeSpan JoinGather { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>Time between two looks at the manifests while something waits for them; a worker's beat makes the keeper look at once.</summary>
    public TimeSpan StoreLook { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Time between two looks at the registry when nothing is under way: for what no beat told of. Each costs some lists of the store.</summary>
    public TimeSpan RegistryLook { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Time between two looks whether the live logs still have their queues.</summary>
    public TimeSpan QueueLook { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Looks in a row that must miss a queue before it counts as lost: taking a slow broker for a lost queue would throw acknowledged transactions away.</summary>
    public int QueueLossLooks { get; init; } = 3;

    /// <summary>Time after which the queue that a server declared ahead is taken for left behind: the server was not heard, none of its logs is live and its shard is in no view. One that comes back sooner finds it and need not wait for a new one.</summary>
    public TimeSpan SpareAfter { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Names behind a server's last log that are looked for: a name that failed to be declared is never tried again, so the next one may be taken.</summary>
    public int SpareNames { get; init; } = 4;

    /// <summary>Time after which a log that is being sealed and has no seal yet gets another marker: the broker may have lost the first with a node.</summary>
    public TimeSpan SealAgain { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest time for claiming a view, emptying and labelling its shards and marking it active. Milliseconds as a rule, but a memcached collects what was flushed for up to 5 s; then a higher view is made (V8).</summary>
    public TimeSpan OpenPatience { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>Time for which a shard that could not be opened is left out of views, unless it is the only one.</summary>
    public TimeSpan OpenAgain { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Time between two tries to become the keeper: a dead one is replaced within about this.</summary>
    public TimeSpan LeadRetry { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>Wait after the store or the broker did not answer.</summary>
    public TimeSpan BackOff { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>Time after which an outage that goes on is told again.</summary>
    public TimeSpan OutageToldAgain { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Wait after a broken rule or damage was told, before it is tried again: it does not pass by itself, but an operator may repair it.</summary>
    public TimeSpan FaultPause { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Time until shards that could not be filled (full, or not reached) are tried again: each try streams the whole store.</summary>
    public TimeSpan WarmAgain { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Older views that are looked through for items that shards still hold of lost slots; what is older has most probably been cleaned by an earlier keeper.</summary>
    public int OlderViews { get; init; } = 32;
}
