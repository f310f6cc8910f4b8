using Mjolnir.Storage.Logs;

namespace Mjolnir.WriteBehind;

/// <summary>The limits of the write-behind worker, the compactor and recovery: each with its unit, its reason and where it comes from.</summary>
public sealed record WriteBehindLimits
{
    /// <summary>Time that a batch may wait for company before its segment is stored. One second: long beside a request to a real object store (about 60 ms, docs/design/s3.md), and a lost queue costs about this much.</summary>
    public TimeSpan FlushInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Time between two looks for messages while they come one after another: a fortieth of <see cref="FlushInterval"/>, and under load some ten of them together.</summary>
    public TimeSpan Gathering { get; init; } = TimeSpan.FromMilliseconds(25);

    /// <summary>Time that empty batches may wait: nothing depends on them, and an idle server sends about one a second.</summary>
    public TimeSpan IdleFlushInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Bytes of messages held before a segment is stored at once: 16 MB packs to about 4 MB, one comfortable PUT.</summary>
    public long PendingBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Batches held before an entry is stored at once: bounds memory when batches are tiny.</summary>
    public int PendingBatches { get; init; } = 4096;

    /// <summary>Keys of a log whose listed versions its worker remembers, to notice a version that is left out or used twice: about 150 bytes each, 5 MB at most.</summary>
    public int RememberedVersions { get; init; } = 32_768;

    /// <summary>First wait after the store did not answer.</summary>
    public TimeSpan FirstBackOff { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Longest wait between two tries while the store does not answer. The queue grows meanwhile; nothing is lost and nothing is given up.</summary>
    public TimeSpan LongestBackOff { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Wait between unbinding a log and its seal marker (V9, V10): a confirm that comes later than this after sending does not count.</summary>
    public TimeSpan SealWait { get; init; } = LogLease.Waited;

    /// <summary>Time between two looks for a seal that another process writes.</summary>
    public TimeSpan SealPoll { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Time after which a log that is not sealed by its worker is reported: the worker may have gigabytes to store first.</summary>
    public TimeSpan SealPatience { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Tries for a number (view, chain entry) that others take first; each loss means that somebody else got ahead.</summary>
    public int NumberTries { get; init; } = 16;

    /// <summary>Time between two looks of the compactor.</summary>
    public TimeSpan CompactionInterval { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Time between two searches of the compactor for garbage: each lists every segment and run, and what is found is left for minutes anyway.</summary>
    public TimeSpan CollectionInterval { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Manifest entries of one log behind the runs that start a merge: what a cold start has to open at most, about.</summary>
    public int EntriesPerLog { get; init; } = 64;

    /// <summary>Manifest entries of all logs behind the runs that start a merge: many short-lived logs, each with few entries, cost a cold start the same.</summary>
    public int EntriesOfAll { get; init; } = 192;

    /// <summary>Merges of one level that are merged together into the next: each row is rewritten once per factor of eight in size.</summary>
    public int RunsPerLevel { get; init; } = 8;

    /// <summary>Packed bytes aimed at for one run object; also about what a merge holds in memory.</summary>
    public long RunBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Most slot ranges of one merge: 64 objects of 16 MB are 1 GB packed; beyond that objects grow.</summary>
    public int MostRanges { get; init; } = 64;

    /// <summary>Time for which an object that nothing names any more is left in the store: longer than any reader holds a snapshot without looking again, and any fence is awaited.</summary>
    public TimeSpan CollectionDelay { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>For the simulation's tests of itself.</summary>
    internal SuspendedStoreRule Suspended { get; init; }
}
