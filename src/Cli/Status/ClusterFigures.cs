namespace Mjolnir.Cli.Status;

/// <summary>What an app server knows of its cluster: part of its <c>/_mjolnir/status</c>.</summary>
internal sealed record ClusterFigures
{
    /// <summary>The server that tells.</summary>
    public required string Server { get; init; }

    /// <summary>The newest view that it has crossed to.</summary>
    public required long View { get; init; }

    /// <summary>The newest view that is open: slots that a newer one moves wait.</summary>
    public required long ActiveView { get; init; }

    /// <summary>A keeper of the view was heard lately.</summary>
    public required bool HasKeeper { get; init; }

    public required IReadOnlyList<ServerFigures> Servers { get; init; }

    public required IReadOnlyList<ShardFigures> Shards { get; init; }

    public required IReadOnlyList<WorkerFigures> Workers { get; init; }

    /// <summary>The unique indexes that are kept, or going to be.</summary>
    public IReadOnlyList<UniqueFigures> Unique { get; init; } = [];

    /// <summary>The indexers heard, each with its tables.</summary>
    public IReadOnlyList<IndexerFigures> Indexers { get; init; } = [];

    /// <summary>The memcached beside this server.</summary>
    public required CacheFigures Cache { get; init; }

    /// <summary>What the store holds, and what this process asked of it.</summary>
    public required StoreFigures Store { get; init; }
}

/// <summary>An app server as another one hears of it.</summary>
/// <param name="Name">its name</param>
/// <param name="Url">where it serves HTTP</param>
/// <param name="Ready">it takes calls</param>
/// <param name="Leaving">it waits for its shard to be out of the view</param>
/// <param name="View">the newest view that it has crossed to</param>
internal sealed record ServerFigures(string Name, string Url, bool Ready, bool Leaving, long View);

/// <summary>A shard in the view.</summary>
/// <param name="Name">its name</param>
/// <param name="Slots">how many slots it holds</param>
/// <param name="Warm">all that the store had for them is in it: a miss there needs no look at the store</param>
internal sealed record ShardFigures(string Name, int Slots, bool Warm);

/// <summary>A write-behind process.</summary>
/// <param name="Name">its name</param>
/// <param name="Logs">the logs that it works on</param>
/// <param name="Backlog">batches consumed and not stored yet</param>
/// <param name="Audited">rows that its auditor compared</param>
/// <param name="Rounds">rounds of its auditor</param>
/// <param name="Differences">differences that its auditor found: must be 0</param>
/// <param name="Violations">broken rules of all kinds that it found, differences included: must be 0</param>
internal sealed record WorkerFigures(string Name, IReadOnlyList<string> Logs, long Backlog, long Audited, long Rounds, long Differences, long Violations);

/// <summary>A unique index of a table.</summary>
/// <param name="Table">the table</param>
/// <param name="Index">the index</param>
/// <param name="Phase">"announced", "building", "ready" or "ending"</param>
/// <param name="Duplicates">rows whose values other rows had before it was declared</param>
/// <param name="Told">the first of them, for people</param>
internal sealed record UniqueFigures(string Table, string Index, string Phase, int Duplicates, IReadOnlyList<string> Told);

/// <summary>The indexes of one table at one indexer.</summary>
/// <param name="Name">the indexer</param>
/// <param name="Table">the table</param>
/// <param name="State">"building", "following" the logs, "catchingup" from the store after batches were missed, or "waiting" after a fault</param>
/// <param name="Percent">of the rows read, while they are built</param>
/// <param name="Rows">rows in them</param>
/// <param name="LagMilliseconds">from the closing of a batch to its being seen by readers</param>
/// <param name="Url">where the indexer serves HTTP</param>
internal sealed record IndexerFigures(string Name, string Table, string State, int Percent, long Rows, long LagMilliseconds, string Url);

/// <summary>How full a memcached is.</summary>
/// <param name="Bytes">bytes of items</param>
/// <param name="Limit">bytes that it may hold; growth is refused well below</param>
/// <param name="Items">items</param>
internal sealed record CacheFigures(long Bytes, long Limit, long Items);

/// <summary>The store: what it holds, and the requests of one process.</summary>
/// <param name="Bytes">bytes of all segments and runs that are in use; 0: not known</param>
/// <param name="Puts">objects written</param>
/// <param name="Gets">reads of objects or parts</param>
/// <param name="Lists">pages of names</param>
/// <param name="Deletes">deletions, which are free</param>
/// <param name="BytesOut">bytes sent</param>
/// <param name="BytesIn">bytes received</param>
/// <param name="Failures">requests without an answer, or with one that says "later" or "no"</param>
/// <param name="DollarsPerDay">what a day costs at the present rate, by the public list prices; the traffic is not in it</param>
internal sealed record StoreFigures(long Bytes, long Puts, long Gets, long Lists, long Deletes, long BytesOut, long BytesIn, long Failures, double DollarsPerDay);

/// <summary>What an indexer tells at <c>/_mjolnir/status</c>.</summary>
internal sealed record IndexerStatus
{
    /// <summary><c>indexer</c>.</summary>
    public required string Mode { get; init; }

    public required string Name { get; init; }

    public required double UptimeSeconds { get; init; }

    public required IReadOnlyList<IndexFigures> Indexes { get; init; }

    /// <summary>Questions of app servers that came here.</summary>
    public required long Questions { get; init; }

    public required ProcessFigures Process { get; init; }

    public required StoreFigures Store { get; init; }

    /// <summary>Broken rules that this process found, by kind: must be empty.</summary>
    public IReadOnlyList<ViolationFigures> Violations { get; init; } = [];
}

/// <summary>What a write-behind process tells at <c>/_mjolnir/status</c>, if it serves one.</summary>
internal sealed record WorkerStatus
{
    /// <summary><c>write-behind</c>.</summary>
    public required string Mode { get; init; }

    public required string Name { get; init; }

    public required double UptimeSeconds { get; init; }

    /// <summary>This process keeps the view.</summary>
    public required bool IsKeeper { get; init; }

    public required IReadOnlyList<string> Logs { get; init; }

    /// <summary>Batches consumed and not stored yet.</summary>
    public required long Backlog { get; init; }

    public required ProcessFigures Process { get; init; }

    public required StoreFigures Store { get; init; }

    /// <summary>Broken rules that this process found, by kind: must be empty.</summary>
    public IReadOnlyList<ViolationFigures> Violations { get; init; } = [];

    /// <summary>What its auditor has done.</summary>
    public AuditStatus? Audit { get; init; }

    /// <summary>Warming of shards: rows put so far and rows in all; both 0 while nothing is being warmed.</summary>
    public long WarmedRows { get; init; }

    public long RowsToWarm { get; init; }
}
