namespace Mjolnir.Cli;

/// <summary>The sizes and waits of the command line, each with its reason.</summary>
internal static class CliLimits
{
    /// <summary>Characters of an application's name. It stands in every row's key, which has 220 bytes.</summary>
    public const int ApplicationNameLength = 40;

    /// <summary>Characters of a cluster's or a V-stack's name: they stand in the names of queues, which have 255 bytes, and of logs.</summary>
    public const int ProcessNameLength = 40;

    /// <summary>V-stacks in one process. Each costs a lane thread and a log; more than the cores there are gains nothing.</summary>
    public const int MaxStacks = 64;

    /// <summary>How long a clean stop may take before the process ends all the same. What is confirmed is in the log by then: the drain only shortens the next start.</summary>
    public static readonly TimeSpan StopPatience = TimeSpan.FromMilliseconds(1800);

    /// <summary>Work that is done sooner shows no progress bar: a bar that flashes tells nothing.</summary>
    public static readonly TimeSpan QuietWork = TimeSpan.FromSeconds(1);

    /// <summary>Files of an application are read again when nothing has changed for this long: editors write a file in several steps, some milliseconds apart.</summary>
    public static readonly TimeSpan ChangesSettle = TimeSpan.FromMilliseconds(60);

    /// <summary>How often a progress bar or the status table is drawn.</summary>
    public static readonly TimeSpan Redraw = TimeSpan.FromMilliseconds(250);

    /// <summary>How long <c>status</c> waits for an answer; a healthy server answers in milliseconds.</summary>
    public static readonly TimeSpan StatusPatience = TimeSpan.FromSeconds(5);

    /// <summary>Looks in vain after which <c>recover</c> gives up: servers that start take some seconds.</summary>
    public const int SilentLooks = 30;

    /// <summary>How often <c>status --watch</c> asks.</summary>
    public static readonly TimeSpan WatchInterval = TimeSpan.FromSeconds(1);

    /// <summary>Rows per seeding transaction: it runs again for each row that it meets for the first time, so few; batches hold many transactions anyway.</summary>
    public const int SeedRowsPerTransaction = 64;

    /// <summary>Seeding transactions under way at once: enough to fill a batch while the one before is being written.</summary>
    public const int SeedTransactionsInFlight = 64;

    /// <summary>How long a seeding transaction is tried again: longer than a log takes to be sealed and replaced (a few seconds).</summary>
    public static readonly TimeSpan SeedPatience = TimeSpan.FromSeconds(60);

    /// <summary>Rows of a table that one question names when a unique index is made: some pages of the index.</summary>
    public const int UniqueRowsPerQuestion = 1_000;

    /// <summary>How long a value that looks wrong is looked at again before it is told: what was under way is stored a second later, a dead server's log is sealed within seconds.</summary>
    public static readonly TimeSpan UniqueDoubt = TimeSpan.FromSeconds(10);

    /// <summary>Values that look wrong and are looked at again together: each costs some reads of the store, twenty times at most.</summary>
    public const int UniqueSuspicions = 1_000;

    /// <summary>Between two such looks: each takes a snapshot of the store.</summary>
    public static readonly TimeSpan UniqueLookAgain = TimeSpan.FromMilliseconds(500);

    /// <summary>How long an indexer that verifies may tell nothing: it tells how far it is four times a second.</summary>
    public static readonly TimeSpan VerifySilence = TimeSpan.FromSeconds(30);

    /// <summary>How long a unique index waits for the list of its rows: a million rows are listed within a minute, on a machine that has other work too.</summary>
    public static readonly TimeSpan UniquePatience = TimeSpan.FromMinutes(10);

    /// <summary>Duplicates of unique indexes that are named one by one; the others are counted.</summary>
    public const int DuplicatesShown = 10;

    /// <summary>Between two tries of a seeding transaction.</summary>
    public static readonly TimeSpan SeedPause = TimeSpan.FromMilliseconds(50);
}
