namespace Mjolnir.AppServer.Committing;

/// <summary>Sizes and waits of the committer.</summary>
public sealed record CommitterLimits
{
    /// <summary>Transactions in one batch. More only lengthens the wait of the first; measured: no gain above 256.</summary>
    public int BatchTransactions { get; init; } = 512;

    /// <summary>
    /// Bytes of rows in one batch, after which it takes no more calls: thousands of small ones, two of the largest. One call may write more by itself. RabbitMQ refuses messages above a limit of its own (16 MiB as RabbitMQ 4 comes), and what
    /// a worker takes from a queue before it is stored is counted in messages.
    /// </summary>
    public long BatchBytes { get; init; } = 1024 * 1024;

    /// <summary>Callers that a batch must have answered for the next one to wait for them.</summary>
    public int GatherCallers { get; init; } = 4;

    /// <summary>Longest wait for callers just answered; never longer than what a batch takes. They come back over a proxy, on processors that are busy: with 3 ms and half a batch most did not make it (docs/bench.md).</summary>
    public TimeSpan LongestGather { get; init; } = TimeSpan.FromMilliseconds(6);

    /// <summary>Below this no wait is begun: timers here count in milliseconds.</summary>
    public TimeSpan ShortestGather { get; init; } = TimeSpan.FromMilliseconds(1);

    /// <summary>Share of the callers answered that must come back within the wait for it to be worth it.</summary>
    public double GatherGain { get; init; } = 0.25;

    /// <summary>Where it is not worth it, one batch in so many tries again.</summary>
    public int GatherProbe { get; init; } = 64;

    /// <summary>Calls waiting for the lane before new ones are refused: two seconds of work at 10,000/s.</summary>
    public int WaitingCalls { get; init; } = 20_000;

    /// <summary>
    /// Rows remembered with their tokens, so that a hot row is not fetched again: about 0.7 KB each, decoded. Few on purpose where the shard is in this process:
    /// rows that are rarely touched again must die young, or the garbage collector ages with them (measured at 100,000 rows: a third of the CPU).
    /// </summary>
    public int RememberedRows { get; init; } = 1_024;

    /// <summary>Rows remembered while rows seldom come back (<see cref="RowRecurrence"/>); as many as <see cref="RememberedRows"/> or more: always the same.</summary>
    public int FewRememberedRows { get; init; } = int.MaxValue;

    /// <summary>How long a transaction may wait in all before its caller is told 503 or 504.</summary>
    public TimeSpan TransactionPatience { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long a reader waits for another log's provisional version before it seals that log: several times the 2 s of the lease.</summary>
    public TimeSpan ForeignPatience { get; init; } = TimeSpan.FromSeconds(6);

    /// <summary>First pause between two looks at a row whose version's log has not told that it is durable: longer than a batch usually takes. Doubles up to <see cref="LongestRetry"/>.</summary>
    public TimeSpan ForeignLook { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>A confirm later than this after sending counts as unknown, and no answer leaves later than this after the newest confirmed message was sent (V9, V10).</summary>
    public TimeSpan LogLease { get; init; } = Mjolnir.Storage.Logs.LogLease.Held;

    /// <summary>A rule switched off by a test that must notice.</summary>
    internal SuspendedRule Suspended { get; init; }

    /// <summary>
    /// How long installs and undos may stay unsettled, counted from the question that was not answered, before the server seals itself (V6u). A broken connection is back within some tens of milliseconds;
    /// while a shard stays away longer nothing of this server can commit, and a new log is had in less time than this. A shard that fell silent has used it up when that is noticed.
    /// </summary>
    public TimeSpan SettlePatience { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>Between two looks at a row whose shard does not answer, while settling: some fifteen looks within the patience.</summary>
    public TimeSpan SettlePause { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>Between two looks at a row that somebody else is loading: about what a load takes. Doubles with each look.</summary>
    public TimeSpan LeasePause { get; init; } = TimeSpan.FromMilliseconds(2);

    /// <summary>Times that <see cref="LeasePause"/> doubles: to 64 ms, so that a loader which died costs no crowd of looks until its lease expires.</summary>
    public const int LeasePauseDoublings = 5;

    /// <summary>
    /// Looks after which a row whose load somebody else began is loaded all the same, half a second after the first: its loader died, or lost its lease with its connection. Two loads
    /// at once cost a store read and nothing else.
    /// </summary>
    public int LooksBeforeTakeOver { get; init; } = 12;

    /// <summary>First pause before a shard, the store or the log broker is asked again that did not answer. Doubles with each try.</summary>
    public TimeSpan FirstRetry { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>Longest pause between two tries: healing is noticed within it, and nothing is asked more often while it lasts.</summary>
    public TimeSpan LongestRetry { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a stopping server waits for the batch under way; longer than the lease of the log, which tells by then.</summary>
    public TimeSpan StopPatience { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>An install whose values pass a multiple of this many bytes takes more of the shard's memory: about a size class of small items, so that growth by single digits does not count and growth bit by bit does.</summary>
    public const int GrowthStep = 64;

    /// <summary>
    /// Bytes of the own log published and not yet stored from which batches are delayed: more than the 0.9 GB that half an hour without a store leaves behind at 4,000
    /// transfers/s of 120 bytes on one server.
    /// </summary>
    public long BacklogSoftBytes { get; init; } = 1L << 30;

    /// <summary>Bytes from which calls that write are refused: an hour of the same leaves 1.7 GB, with room for the records of larger rows, and a broker's disk has to hold it for every server.</summary>
    public long BacklogHardBytes { get; init; } = 4L << 30;

    /// <summary>Batches of the own log published and not yet stored from which batches are delayed, to make them fewer and larger: a broker keeps some 100 bytes of memory for each.</summary>
    public long BacklogSoftBatches { get; init; } = 250_000;

    /// <summary>Batches from which calls that write are refused: some 200 MB of the broker's memory. An hour of batches every 10 ms makes 360,000.</summary>
    public long BacklogHardBatches { get; init; } = 2_000_000;

    /// <summary>Longest delay of a batch, reached at the hard limit; at the soft limit it begins at <see cref="ShortestDelay"/>.</summary>
    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Delay of a batch from the soft limit on: 64 callers in flight still commit 6,000 transactions a second.</summary>
    public TimeSpan ShortestDelay { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>Longest pause of a transaction after repeated conflicts; the pause is random so that two servers part ways (W10).</summary>
    public TimeSpan ConflictPause { get; init; } = TimeSpan.FromMilliseconds(8);

    /// <summary>Conflicts after which a transaction goes to the owner of its lowest contended key, and there is installed in key order.</summary>
    public int ConflictsBeforeOrder { get; init; } = 2;

    /// <summary>How long the outcome of an id is kept (contract: ten minutes).</summary>
    public TimeSpan OutcomeLife { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a row that does not exist is remembered in the shard as absent, so that reading random keys cannot fill it.</summary>
    public TimeSpan AbsentLife { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>When a row that is due to leave the shard is in use, or not stored yet: look again after this.</summary>
    public TimeSpan ExpiryRetry { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Result and changes kept for an id, together, in bytes: a handler's answer that is larger aborts.</summary>
    public int OutcomeBytes { get; init; } = 256 * 1024;
}
