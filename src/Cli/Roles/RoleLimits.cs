namespace Mjolnir.Cli.Roles;

/// <summary>The waits of the cluster's processes, each with its reason.</summary>
internal static class RoleLimits
{
    /// <summary>While a first view is waited for: between two looks at the registry when the keeper's beats are not heard.</summary>
    public static readonly TimeSpan RegistryLook = TimeSpan.FromSeconds(1);

    /// <summary>A shard that holds no slots for so long is told: joining and healing take five seconds at most.</summary>
    public static readonly TimeSpan ShardPatience = TimeSpan.FromSeconds(10);

    /// <summary>First wait after a service did not answer.</summary>
    public static readonly TimeSpan FirstBackOff = TimeSpan.FromMilliseconds(100);

    /// <summary>Longest wait between two tries: healing is to be seen within 5 s of the service's return.</summary>
    public static readonly TimeSpan LongestBackOff = TimeSpan.FromSeconds(2);

    /// <summary>How long a process that starts waits for RabbitMQ and the store: both are up within half a minute of their machine (measured: 6 s and 16 s).</summary>
    public static readonly TimeSpan ServicePatience = TimeSpan.FromSeconds(60);

    /// <summary>Between two looks at a service that is not up yet.</summary>
    public static readonly TimeSpan ServiceLook = TimeSpan.FromMilliseconds(500);

    /// <summary>For a write-behind process that stops to store what it has consumed: a segment takes well under a second where the store answers.</summary>
    public static readonly TimeSpan StorePatience = TimeSpan.FromSeconds(10);

    /// <summary>Between two looks whether another server has seeded the application.</summary>
    public static readonly TimeSpan SeedLook = TimeSpan.FromMilliseconds(250);

    /// <summary>Between two tries to lead the making of unique indexes: a leader that died is missed for as long.</summary>
    public static readonly TimeSpan UniqueLeadRetry = TimeSpan.FromSeconds(2);

    /// <summary>Between two looks at the logs while an index waits for servers that do not know of it to end: a list of the store each.</summary>
    public static readonly TimeSpan UniqueLook = TimeSpan.FromSeconds(1);

    /// <summary>The same while nothing is to be done: beats tell of new logs at once, so this is for a beat and a notice that were lost.</summary>
    public static readonly TimeSpan UniqueSettledLook = TimeSpan.FromMinutes(5);

    /// <summary>Between the removal of a unique index and the deletion of its holders: what was under way is stored within seconds, and nobody is in the way of what is left.</summary>
    public static readonly TimeSpan SweepWait = TimeSpan.FromSeconds(30);

    /// <summary>Time to connect to an indexer: beyond it another one is asked.</summary>
    public static readonly TimeSpan IndexerConnect = TimeSpan.FromSeconds(1);

    /// <summary>Time for an indexer's answer: it waits three seconds at most for what the answer shall hold. Then another one is asked.</summary>
    public static readonly TimeSpan IndexerAnswer = TimeSpan.FromSeconds(5);

    /// <summary>Questions of a server under way to one indexer; more wait here. Each has a connection, and takes a millisecond.</summary>
    public const int QuestionsAtOnce = 256;

    /// <summary>Bytes of a question at most: a call's body, which may be one long cursor, with stamps.</summary>
    public const int QuestionBytes = 2 * 1024 * 1024;

    /// <summary>How long an indexer that is not heard is told batches all the same, and how long it tells of logs that stand still: many beats, so that hardly anything is read from the store because a beat was lost.</summary>
    public static readonly TimeSpan IndexerMemory = TimeSpan.FromSeconds(30);

    /// <summary>First pause before the servers are asked again what is durable; doubled each time. Sealing a log whose server is known dead takes a tenth of a second.</summary>
    public static readonly TimeSpan MarksPause = TimeSpan.FromMilliseconds(100);

    /// <summary>Rows remembered with their tokens where rows come back: each one not remembered costs a round trip to its shard before a handler can run, about 0.7 KB each.</summary>
    public const int RememberedRows = 20_000;

    /// <summary>The same where they seldom do: what is remembered then only ages (<c>RowRecurrence</c>).</summary>
    public const int FewRememberedRows = 2_000;

    /// <summary>Names tried for a server's next log: each failure means that a run died between declaring one and registering it.</summary>
    public const int LogNameTries = 16;

    public static TimeSpan Longer(TimeSpan wait) => TimeSpan.FromTicks(Math.Min(2 * wait.Ticks, LongestBackOff.Ticks));
}
