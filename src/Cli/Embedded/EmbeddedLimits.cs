namespace Mjolnir.Cli.Embedded;

/// <summary>The sizes and waits of the embedded stack, each with its reason.</summary>
internal static class EmbeddedLimits
{
    /// <summary>Rows that the warmer adds in one pass: one short lock of the shard, some 100 us.</summary>
    public const int WarmingPass = 256;

    /// <summary>Between two looks at rows that somebody is loading: about what a load takes.</summary>
    public static readonly TimeSpan LeasePause = TimeSpan.FromMilliseconds(5);

    /// <summary>Longer than any lease lasts (30 s, see <c>EmbeddedShardLimits.Lease</c>): after that a row still leased is a broken rule.</summary>
    public static readonly TimeSpan LeasesEnd = TimeSpan.FromSeconds(90);

    /// <summary>How long outcomes found in the store at the start are kept: as long as new ones, because nobody knows when they were made.</summary>
    public static readonly TimeSpan OutcomeLife = TimeSpan.FromMinutes(10);
}
