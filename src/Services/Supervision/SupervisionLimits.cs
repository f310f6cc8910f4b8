namespace Mjolnir.Services.Supervision;

/// <summary>How a service that ends is started again.</summary>
public static class SupervisionLimits
{
    /// <summary>A service that lived this long and then ended is started again at once: it was killed, or met something rare. One that ended sooner waits.</summary>
    public static readonly TimeSpan Steady = TimeSpan.FromSeconds(10);

    /// <summary>The first wait; it doubles with each quick end. A cluster heals within 5 s, so the first tries must come within that.</summary>
    public static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);

    /// <summary>The longest wait: what has failed for minutes may be repaired at any moment, and a try costs a second of one core.</summary>
    public static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);

    /// <summary>Quick ends, one after another, after which a service is shown as failing: once is chance, five times is a fault that an operator should look at.</summary>
    public const int FailuresToTell = 5;

    /// <summary>From start until a service says that it is ready: a cold start with a long log to drain takes minutes.</summary>
    public static readonly TimeSpan ReadyPatience = TimeSpan.FromMinutes(10);

    /// <summary>Lines of output that are kept to explain an end.</summary>
    public const int KeptLines = 12;

    /// <summary>The wait before the next start after so many quick ends one after another.</summary>
    public static TimeSpan PauseAfter(int quickEnds) =>
        quickEnds == 0 ? TimeSpan.Zero
        : quickEnds > 16 ? LongestPause
        : TimeSpan.FromTicks(Math.Min(LongestPause.Ticks, FirstPause.Ticks << (quickEnds - 1)));
}
