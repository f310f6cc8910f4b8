namespace Mjolnir.Indexer;

/// <summary>Limits of the indexer.</summary>
internal static class IndexerLimits
{
    /// <summary>Shortest pause between two steps: changes that come meanwhile share the copies of pages, and nobody notices a twentieth of a second.</summary>
    public static readonly TimeSpan StepPause = TimeSpan.FromMilliseconds(50);

    /// <summary>Of so many steps what one usually takes is found, by which the pause is measured: a second or less.</summary>
    public const int StepsOfUsualWork = 8;

    /// <summary>Pause before the store is asked again for batches that the worker has consumed and not stored: it stores a second after the first.</summary>
    public static readonly TimeSpan GapPause = TimeSpan.FromMilliseconds(250);

    /// <summary>How long a verification waits for the store to have what the indexes have, or the other way round: a store that is away for a moment, or an indexer that is busy.</summary>
    public static readonly TimeSpan VerifiedPatience = TimeSpan.FromSeconds(30);

    /// <summary>Pause before a writer that failed starts over: a store that is away or damaged is not mended sooner, and reading all rows is no small thing.</summary>
    public static readonly TimeSpan StartOverPause = TimeSpan.FromSeconds(5);

    /// <summary>Rows read between two notes of progress: some milliseconds.</summary>
    public const int RowsBetweenProgress = 4_096;
}
