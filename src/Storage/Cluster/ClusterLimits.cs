namespace Mjolnir.Storage.Cluster;

/// <summary>The times by which the processes of a cluster judge each other.</summary>
public static class ClusterLimits
{
    /// <summary>Time between two beats of a process.</summary>
    public static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(500);

    /// <summary>A server whose last beat is older than this is taken for dead: three beats and some. Healing has 5 s in all, of which sealing takes 2.</summary>
    public static readonly TimeSpan BeatPatience = TimeSpan.FromMilliseconds(1800);
}
