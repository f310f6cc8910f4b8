namespace Mjolnir.Cli.Bench;

/// <summary>The bench's sizes and waits, each with its reason.</summary>
internal static class BenchLimits
{
    /// <summary>Not measured: until the hot paths are compiled for good and the rows are in the cache.</summary>
    public static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(3);

    /// <summary>One point of the throughput curve.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    /// <summary>How often the live table is drawn; drawing costs CPU that the server needs.</summary>
    public static readonly TimeSpan Redraw = TimeSpan.FromMilliseconds(500);

    /// <summary>How often a slow step says how far it is.</summary>
    public static readonly TimeSpan SayAgain = TimeSpan.FromSeconds(3);

    /// <summary>Answers still missing this long after the last request are failures: ten times the slowest answer that a healthy server gives.</summary>
    public static readonly TimeSpan LastAnswers = TimeSpan.FromSeconds(10);

    /// <summary>For the child to answer its health question: seeding a million accounts on a slow disk included.</summary>
    public static readonly TimeSpan ServerStart = TimeSpan.FromMinutes(3);

    /// <summary>Of how many answers one Server-Timing is read.</summary>
    public const int TimingSample = 16;

    /// <summary>Bytes of an answer, head included. A transfer's is below 1 KB.</summary>
    public const int AnswerBytes = 16 * 1024;

    /// <summary>Accounts added up in one transaction by the check at the end: well below the engine's limit of statements.</summary>
    public const int AccountsPerCount = 500;

    /// <summary>The longest Retry-After that is obeyed; a server that asks for more is not well.</summary>
    public static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);
}
