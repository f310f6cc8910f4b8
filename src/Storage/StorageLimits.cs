namespace Mjolnir.Storage;

/// <summary>The limits of the reading side: each with its unit, its reason and where it comes from.</summary>
internal static class StorageLimits
{
    /// <summary>Tries to learn the outcome of one creation whose answers are lost. A store that loses five answers in a row is unavailable, and the caller says so.</summary>
    public const int CreateTries = 5;

    /// <summary>Snapshots begun anew because an object was collected under it. Collection leaves objects for minutes, so a second try already sees the newer chain.</summary>
    public const int SnapshotTries = 5;

    /// <summary>Reads at the same time by one caller: manifest entries, logs, indexes. At 60 ms for a GET on the real S3, 32 read 192 segments' indexes in 0.4 s; the S3 client allows as many.</summary>
    public const int ParallelReads = 32;

    /// <summary>Bytes read from the end of a manifest entry's object: 0.3 KB and some 20 bytes for each other log that it depends on.</summary>
    public const int EntryTailBytes = 2 * 1024;

    /// <summary>Bytes read from a segment's end at once: the footer, and the whole index of a small segment.</summary>
    public const int TailBytes = 16 * 1024;

    /// <summary>Bytes more of it for each row: its bits in the filter are 1.25, and the rest is room.</summary>
    public const double TailBytesPerRow = 1.5;

    /// <summary>And one more for so many bytes of the segment: what the index says of its blocks, also where rows are large.</summary>
    public const int BytesPerTailByte = 200;

    /// <summary>Bytes read ahead by one stream over all its segments together: each holds one part being walked and one being read.</summary>
    public const int StreamBudget = 64 * 1024 * 1024;

    /// <summary>Most bytes of one read while streaming a segment. A megabyte takes a GET of 60 ms to well over 10 MB a second, and most segments are smaller.</summary>
    public const int MostStreamBytes = 1024 * 1024;

    /// <summary>Fewest bytes of one read while streaming: about two packed blocks. With a thousand segments that is the budget.</summary>
    public const int LeastStreamBytes = 32 * 1024;

    /// <summary>Indexes that an auditor keeps: one of a full run is about 0.6 MB, one of a segment some KB.</summary>
    public const int SampledIndexes = 64;
}
