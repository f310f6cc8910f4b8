using Mjolnir.Storage.Cluster;

namespace Mjolnir.WriteBehind.Workers;

/// <summary>The times of a write-behind process's workers, each with its unit and reason.</summary>
public sealed record WorkerLimits
{
    /// <summary>How long a log of another V-stack is left to that stack's own worker before this process stands by for it: a process of ours is up within about a second.</summary>
    public TimeSpan HeadStart { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Time between two looks at the registry for logs that no beat told of. Beats tell within half a second; this is for what they missed.</summary>
    public TimeSpan RegistryLook { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>First wait after the broker or the store did not answer.</summary>
    public TimeSpan FirstBackOff { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Longest such wait: while a broker restarts (5 s), its logs wait no longer than it does.</summary>
    public TimeSpan LongestBackOff { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Time between two beats.</summary>
    public TimeSpan Beat { get; init; } = ClusterLimits.Beat;

    /// <summary>Shortest time between two beats: stores that come close together are told together.</summary>
    public TimeSpan BeatPause { get; init; } = TimeSpan.FromMilliseconds(10);

    internal TimeSpan Longer(TimeSpan wait) => TimeSpan.FromTicks(Math.Min(2 * wait.Ticks, LongestBackOff.Ticks));
}
