namespace Mjolnir.Services;

/// <summary>The limits of a local Ceph.</summary>
internal static class CephLimits
{
    /// <summary>From start until S3 answers. Measured: 12 to 16 s for a new folder, 5 s for one in use, on two cores; much else may run beside it.</summary>
    public static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(180);

    /// <summary>Between two looks whether S3 answers: short beside the start, and no busy loop.</summary>
    public static readonly TimeSpan StartPoll = TimeSpan.FromMilliseconds(100);

    /// <summary>One look: a gateway that accepts but does not answer yet is asked again.</summary>
    public static readonly TimeSpan ProbePatience = TimeSpan.FromSeconds(2);

    /// <summary>For a program to end in order. The object store flushes its journal: a second, usually.</summary>
    public static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(20);

    /// <summary>Lines of output kept of each program, for the message when it ends unasked.</summary>
    public const int KeptLines = 12;

    /// <summary>Bytes of the sparse file that holds the objects: what it can hold, not what it takes.</summary>
    public const long DiskBytes = 64L << 30;

    /// <summary>Bytes of cache that the object daemon aims at: the smallest that it accepts.</summary>
    public const long MemoryTarget = 939_524_096;
}
