namespace Mjolnir.WriteBehind.Warming;

/// <summary>The sizes and waits of warming, each with its reason.</summary>
internal static class WarmingLimits
{
    /// <summary>Rows added in one pass: some 100 us of an embedded shard's lock, or one write of about 64 KB to a memcached.</summary>
    public const int Pass = 256;

    /// <summary>Between two looks at rows that somebody is loading: about what a load takes.</summary>
    public static readonly TimeSpan LeasePause = TimeSpan.FromMilliseconds(5);

    /// <summary>Longer than any lease lasts (30 s, see <c>EmbeddedShardLimits.Lease</c>): after that a row still leased is one whose loaders fail one after another.</summary>
    public static readonly TimeSpan LeasesEnd = TimeSpan.FromSeconds(90);

    /// <summary>How long outcomes of transaction ids found in the store are kept: as long as new ones, because nobody knows when they were answered last.</summary>
    public static readonly TimeSpan OutcomeLife = TimeSpan.FromMinutes(10);

    /// <summary>Tries for one pass whose connection ends; the shard is then left not warm, and rows go on being loaded from the store.</summary>
    public const int PassTries = 5;

    /// <summary>Wait before such a pass is tried again: a lost connection is made anew within that time.</summary>
    public static readonly TimeSpan PassPause = TimeSpan.FromMilliseconds(200);
}
