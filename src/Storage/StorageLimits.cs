namespace Mjolnir.Storage;

/// <summary>The limits of the reading side: each with its unit, its reason and where it comes from.</summary>
internal static class StorageLimits
{
    /// <summary>Tries to learn the outcome of one creation whose answers are lost. A store that loses five answers in a row is unavailable, and the caller says so.</summary>
    public const int CreateTries = 5;

    /// <summary>Snapshots begun anew because an object was collected under it. Collection leaves objects for minutes, so a second try already sees the newer chain.</summary>
    public const int SnapshotTries = 5;

    /// <summary>Small objects read at the same time. At 60 ms for a GET (components.md, S3), 16 read a log's 64 entries in a quarter of a second.</summary>
    public const int ParallelReads = 16;

    /// <summary>Bytes read from a segment's end at once: the footer, and the whole index of a segment of up to about 10,000 rows, in one GET.</summary>
    public const int TailBytes = 16 * 1024;

    /// <summary>Bytes of one read while streaming a segment: few GETs, and with 64 segments still only 16 MB.</summary>
    public const int StreamBytes = 256 * 1024;
}
