using System.Globalization;

namespace Mjolnir.Faults.Tests;

/// <summary>How much is tried, and how long is waited.</summary>
internal static class FaultLimits
{
    /// <summary>Seconds between two rounds of an auditor, which compares cache, logs and store on random rows while faults happen: a minute in real life.</summary>
    public const int AuditorPause = 1;

    /// <summary>Accounts of the ledger: few, so that transfers meet on the same rows all the time. As many as accounts.json has.</summary>
    public const int Accounts = 24;

    public const long FirstBalance = 1_000_000;

    /// <summary>Clients, one transfer under way each.</summary>
    public const int Clients = 24;

    /// <summary>Steps of one transaction that is no transfer, at most.</summary>
    public const int StepsOfACall = 4;

    /// <summary>Lists in use at a time, and appends to all of them until others are used: a list is read whole, and would grow without end.</summary>
    public const int Lists = 4;

    /// <inheritdoc cref="Lists"/>
    public const int AppendsUntilOtherLists = 300;

    /// <summary>Counters and items that all clients use: few, so that they are contended.</summary>
    public const int Counters = 3;

    /// <inheritdoc cref="Counters"/>
    public const int Items = 4;

    /// <summary>Of the transactions that are no transfers, those that are sent once and given up whatever comes: their outcome may stay unknown.</summary>
    public const double GivenUp = 0.03;

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

    /// <summary>Too short for a shard to be replaced: it is only waited for.</summary>
    public static readonly TimeSpan AMoment = TimeSpan.FromMilliseconds(800);

    /// <summary>Long enough for the keeper to take a shard that does not answer out of the view (1.5 s) and to open the next one.</summary>
    public static readonly TimeSpan LongerThanAShardMayBeAway = TimeSpan.FromSeconds(6);

    /// <summary>Rows of a shard that goes away, or whose server dies, are served again within this time; what others notice of it is less.</summary>
    public static readonly TimeSpan Healing = TimeSpan.FromSeconds(5);

    /// <summary>How long the calls for other rows are watched after a shard went away.</summary>
    public static readonly TimeSpan Watched = TimeSpan.FromSeconds(8);

    /// <summary>Accounts of the cold recovery: a million in the long form.</summary>
    public static int ManyAccounts => IsLong ? 1_000_000 : 20_000;

    /// <summary>Accounts looked at in one call.</summary>
    public const int AccountsPerCall = 200;

    /// <summary>Such calls under way at a time.</summary>
    public const int LooksInFlight = 8;

    /// <summary>For a cluster that was killed to answer right again, from when its roles' processes run; judged by the long form on a quiet machine, which CI's is not.</summary>
    public static readonly TimeSpan FirstAnswer = TimeSpan.FromSeconds(3);

    /// <summary>The same where others use the processors too.</summary>
    public static readonly TimeSpan FirstAnswerBesideOthers = TimeSpan.FromSeconds(30);

    /// <summary>For every row to be in memory again.</summary>
    public static readonly TimeSpan AllWarm = TimeSpan.FromSeconds(60);

    /// <summary>For a million rows to be brought: half a minute on a quiet machine.</summary>
    public static readonly TimeSpan Importing = TimeSpan.FromMinutes(5);

    /// <summary>Times that a steady state is looked for.</summary>
    public const int SteadyTries = 4;

    /// <summary>Transfers before and after the cold recovery.</summary>
    public const int AroundARecovery = 2_000;

    /// <summary>An outage of S3 that transfers do not notice.</summary>
    public static readonly TimeSpan StoreOutage = TimeSpan.FromSeconds(5);

    /// <summary>For a kill -9 of everything to have taken effect: an answer may still come meanwhile.</summary>
    public static readonly TimeSpan KillsLast = TimeSpan.FromSeconds(2);

    /// <summary>Between two looks of the auditor.</summary>
    public static readonly TimeSpan AuditPause = TimeSpan.FromMilliseconds(500);

    /// <summary>Acknowledged before and after each fault of a cluster.</summary>
    public const int AroundAFault = 150;

    /// <summary>Rounds of each fault of a cluster.</summary>
    public static int Rounds => IsLong ? 5 : 1;

    /// <summary>kills: a dozen in the short form, a hundred with <c>./test --long</c>.</summary>
    public static int Kills => IsLong ? 100 : 12;

    /// <summary>How long a cluster is tortured: with its start and end a good minute, or as <c>./test --torture --minutes N</c> says.</summary>
    public static TimeSpan Torture => double.TryParse(Environment.GetEnvironmentVariable("MJOLNIR_TORTURE_MINUTES"), CultureInfo.InvariantCulture, out var minutes) ? TimeSpan.FromMinutes(minutes) : TimeSpan.FromSeconds(40);

    /// <summary>For a call to be answered while a cluster is tortured: one outage may follow another.</summary>
    public static readonly TimeSpan TorturePatience = TimeSpan.FromMinutes(5);

    /// <summary>Between two faults of a torture, at most.</summary>
    public static readonly TimeSpan TorturePause = TimeSpan.FromSeconds(3);

    /// <summary>Faults under one load: its history has some ten thousands of operations, and is checked in a second.</summary>
    public const int FaultsOfAPart = 12;

    /// <summary>Items of a memcached, or objects, damaged at a time.</summary>
    public const int DamagedAtOnce = 4;

    /// <summary>Calls acknowledged after a fault that show that it is over.</summary>
    public const int ServesAgain = 24;

    /// <summary>Between two looks at the throughput.</summary>
    public static readonly TimeSpan Sample = TimeSpan.FromMilliseconds(500);

    /// <summary>The long form was asked for.</summary>
    public static bool IsLong => Environment.GetEnvironmentVariable("MJOLNIR_LONG_TESTS") == "1";

    /// <summary>Random unless given, and printed.</summary>
    public static int Seed => int.TryParse(Environment.GetEnvironmentVariable("MJOLNIR_SEED"), out var seed) ? seed : Random.Shared.Next();
}
