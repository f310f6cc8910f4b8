namespace Mjolnir.AppServer.Committing;

/// <summary>Sizes and waits of the committer.</summary>
public sealed record CommitterLimits
{
    /// <summary>Transactions in one batch. More only lengthens the wait of the first; measured: no gain above 256.</summary>
    public int BatchTransactions { get; init; } = 512;

    /// <summary>Calls waiting for the lane before new ones are refused: two seconds of work at 10,000/s.</summary>
    public int WaitingCalls { get; init; } = 20_000;

    /// <summary>
    /// Rows remembered with their tokens, so that a hot row is not fetched again: about 0.7 KB each, decoded. Few on purpose where the shard is in this process:
    /// rows that are rarely touched again must die young, or the garbage collector ages with them (measured at 100,000 rows: a third of the CPU).
    /// </summary>
    public int RememberedRows { get; init; } = 1_024;

    /// <summary>How long a transaction may wait in all before its caller is told 503 or 504.</summary>
    public TimeSpan TransactionPatience { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long a reader waits for another log's provisional version before it seals that log: several times the 2 s of the lease.</summary>
    public TimeSpan ForeignPatience { get; init; } = TimeSpan.FromSeconds(6);

    /// <summary>A confirm later than this after sending counts as unknown, and no answer leaves later than this after the newest confirmed message was sent (V9, V10).</summary>
    public TimeSpan LogLease { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long installs and undos may stay unsettled before the server seals itself (V6u).</summary>
    public TimeSpan SettlePatience { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Between two looks at a row that somebody else is loading: about what a load takes.</summary>
    public TimeSpan LeasePause { get; init; } = TimeSpan.FromMilliseconds(2);

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
