namespace Mjolnir.Cli.Roles;

/// <summary>The waits of the cluster's processes, each with its reason.</summary>
internal static class RoleLimits
{
    /// <summary>While a first view is waited for: between two looks at the registry when the keeper's beats are not heard.</summary>
    public static readonly TimeSpan RegistryLook = TimeSpan.FromSeconds(1);

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

    /// <summary>Rows remembered with their tokens: each one not remembered costs a round trip to its shard before a handler can run, about 0.7 KB each.</summary>
    public const int RememberedRows = 20_000;

    /// <summary>Names tried for a server's next log: each failure means that a run died between declaring one and registering it.</summary>
    public const int LogNameTries = 16;

    public static TimeSpan Longer(TimeSpan wait) => TimeSpan.FromTicks(Math.Min(2 * wait.Ticks, LongestBackOff.Ticks));
}
