namespace Mjolnir.WriteBehind.Auditing;

/// <summary>How much an auditor looks at, and how sure it is before it speaks: each with its unit and reason.</summary>
public sealed record AuditLimits
{
    /// <summary>Shortest time between two rounds. A minute: a round asks the store for some 5 lists and, under full load, 150 reads, so it costs about 0.1 $ a day on S3.</summary>
    public TimeSpan RoundPause { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>A round is followed by a pause this many times as long as it worked, if that is longer: the auditor works at most a hundredth of the time, whatever the machine and the store take. Some reads run side by side, so that is less than 2 % of a core.</summary>
    public int RestFactor { get; init; } = 99;

    /// <summary>Blocks of the store drawn in a round; one read each, and one for the index of an object not met lately.</summary>
    public int Blocks { get; init; } = 4;

    /// <summary>Lines taken from a block, of some 600: they cost nothing but a look into the shard, all in one pass.</summary>
    public int LinesPerBlock { get; init; } = 64;

    /// <summary>Rows that batches consumed here wrote, looked for in the store in a round: one or two reads each.</summary>
    public int LoggedRows { get; init; } = 24;

    /// <summary>Rows met in earlier rounds, looked for again: what was stored once must not be lost by a merge.</summary>
    public int RememberedRows { get; init; } = 8;

    /// <summary>Most rows of a round whose shard holds a newer version than was drawn, looked for in the store by their stamps.</summary>
    public int NewerRows { get; init; } = 32;

    /// <summary>Rows kept for later rounds.</summary>
    public int Memory { get; init; } = 2048;

    /// <summary>Reads of the store at the same time.</summary>
    public int ParallelReads { get; init; } = 8;

    /// <summary>Looks that must find the same, each with everything read anew, before a difference is told.</summary>
    public int Looks { get; init; } = 3;

    /// <summary>The same for a stamp above its log's end: what the owner tells of its log is heard with the delay of the bus, and a keeper calls a server dead that is not heard for 1.8 s.</summary>
    public int StampLooks { get; init; } = 8;

    /// <summary>Time between two looks: longer than a batch takes to commit or a shard that refused for memory to lose its label, even on a machine that is busy.</summary>
    public TimeSpan LookPause { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Wait for a shard's answer. A shard that stands still is given up; the next round connects anew.</summary>
    public TimeSpan ShardPatience { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Differences remembered, so that each is told once for as long as it is there.</summary>
    public int Accused { get; init; } = 4096;
}
