namespace Mjolnir.Cli.Transfer;

/// <summary>The sizes and waits of export and import, each with its reason.</summary>
internal static class TransferLimits
{
    /// <summary>Exports begun anew because an object was collected under them: collection leaves objects for ten minutes, so only a very long export meets one, and a second try is as long.</summary>
    public const int ExportTries = 3;

    /// <summary>Bytes gathered before a file is written: few calls, little memory.</summary>
    public const int FileBuffer = 1024 * 1024;

    /// <summary>Bytes of rows in one request of an import; one row may be larger, up to what a request's body may have (1 MiB).</summary>
    public const int ChunkBytes = 128 * 1024;

    /// <summary>Bytes of one row's line: the largest body that a server takes.</summary>
    public const int LineBytes = 1024 * 1024;

    /// <summary>Requests of an import under way at once: enough to fill batches, and a fraction of what a server admits.</summary>
    public const int ChunksInFlight = 8;

    /// <summary>Time for which a chunk is tried again while servers are busy or healing: longer than a log takes to be sealed and replaced.</summary>
    public static readonly TimeSpan ChunkPatience = TimeSpan.FromSeconds(120);

    /// <summary>Pause before a chunk is tried again when the server does not say how long.</summary>
    public static readonly TimeSpan ChunkPause = TimeSpan.FromSeconds(1);

    /// <summary>Time for one answer: a chunk is a hundred milliseconds' work.</summary>
    public static readonly TimeSpan RequestPatience = TimeSpan.FromSeconds(60);

    /// <summary>Mistakes of a file shown: who has more has one mistake many times.</summary>
    public const int MistakesShown = 20;
}
