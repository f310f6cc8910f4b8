namespace Mjolnir.Faults.Tests;

/// <summary>How much is tried, and how long is waited.</summary>
internal static class FaultLimits
{
    /// <summary>Accounts of the ledger: few, so that transfers meet on the same rows all the time. As many as accounts.json has.</summary>
    public const int Accounts = 24;

    public const long FirstBalance = 1_000_000;

    /// <summary>Clients, one transfer under way each.</summary>
    public const int Clients = 24;

    /// <summary>The server is killed when this many more transfers than before are acknowledged, at most: from the first moment of load to well into it.</summary>
    public const int AcknowledgedBeforeKill = 600;

    /// <summary>A start is killed within this time: before, while or after it recovers.</summary>
    public static readonly TimeSpan StartKill = TimeSpan.FromMilliseconds(900);

    /// <summary>For a transfer to be answered, restarts included: far more than any takes.</summary>
    public static readonly TimeSpan AnswerPatience = TimeSpan.FromSeconds(90);

    /// <summary>For one attempt, after which the transfer is sent elsewhere: longer than any server makes a call wait before it says so.</summary>
    public static readonly TimeSpan AttemptPatience = TimeSpan.FromSeconds(15);

    /// <summary>Before a transfer is sent again where nobody listened.</summary>
    public static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(20);

    /// <summary>For a whole cluster with its services to start: half a minute on a quiet machine.</summary>
    public static readonly TimeSpan ClusterStart = TimeSpan.FromMinutes(4);

    /// <summary>Longer than a silent server's log takes to be sealed (1.8 s of silence and 2 s of waiting).</summary>
    public static readonly TimeSpan LongerThanTheSeal = TimeSpan.FromSeconds(6);

    /// <summary>An outage of S3 that transfers do not notice.</summary>
    public static readonly TimeSpan StoreOutage = TimeSpan.FromSeconds(5);

    /// <summary>What was acknowledged this long before is in the store, and outlives the queue: usually a second is enough.</summary>
    public static readonly TimeSpan StoredWithin = TimeSpan.FromSeconds(10);

    /// <summary>Between two looks of the auditor.</summary>
    public static readonly TimeSpan AuditPause = TimeSpan.FromMilliseconds(500);

    /// <summary>Acknowledged before and after each fault of a cluster.</summary>
    public const int AroundAFault = 150;

    /// <summary>Rounds of each fault of a cluster.</summary>
    public static int Rounds => IsLong ? 5 : 1;

    /// <summary>kills: a dozen in the short form, a hundred with <c>./test --long</c>.</summary>
    public static int Kills => IsLong ? 100 : 12;

    /// <summary>The long form was asked for.</summary>
    public static bool IsLong => Environment.GetEnvironmentVariable("MJOLNIR_LONG_TESTS") == "1";

    /// <summary>Random unless given, and printed.</summary>
    public static int Seed => int.TryParse(Environment.GetEnvironmentVariable("MJOLNIR_SEED"), out var seed) ? seed : Random.Shared.Next();
}
