namespace Mjolnir.Storage.Indexes;

/// <summary>Waits of questions to indexes.</summary>
public static class AnswerLimits
{
    /// <summary>How long a question waits for what its own user wrote: a step of the indexer takes a tenth of it. Then it is answered, and says that it is behind.</summary>
    public static readonly TimeSpan OwnWrites = TimeSpan.FromSeconds(1);

    /// <summary>How long a question waits for everything durable, where that is asked for, or for indexes that are being built; then it is refused.</summary>
    public static readonly TimeSpan Fresh = TimeSpan.FromSeconds(3);

    /// <summary>How long what is wanted may be missing before the store is looked at for it: beyond what a busy indexer takes for a step, and the feed may have lost it.</summary>
    public static readonly TimeSpan Late = TimeSpan.FromMilliseconds(400);

    /// <summary>Heads that one question begins at: pages that a step replaced are taken away when no reader has begun before it, so the second one is luck enough.</summary>
    public const int Heads = 5;

    /// <summary>Bytes of memory that a search may leave for the next ones, for each processor: 20,000 rows with three words take 4 MB, and questions of sixteen common words are rare.</summary>
    public const long SearchSpaceBytes = 16 << 20;
}
