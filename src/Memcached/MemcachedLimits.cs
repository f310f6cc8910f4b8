namespace Mjolnir.Memcached;

/// <summary>The limits of a connection.</summary>
public sealed record MemcachedLimits
{
    /// <summary>The usual limits.</summary>
    public static readonly MemcachedLimits Default = new();

    /// <summary>Longest key in bytes: memcached's own limit.</summary>
    public const int KeyBytes = 250;

    /// <summary>What memcached 1.6 adds to key and value in an item: header, token, the end of the key and of the value. Its source: <c>sizeof(item)</c> + 8 + 1 + 2.</summary>
    public const int ItemOverheadBytes = 59;

    /// <summary>Between asking and the last answer, the waiting for a connection included. 2 s: the longest passes (thousands of rows being brought) take some hundred milliseconds, and a shard must be replaced within 5 s.</summary>
    public TimeSpan Pass { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Without a byte from a server that owes an answer and has been sent all of the question. 500 ms: an answer takes less than a millisecond, and what this server keeps waiting waits with it: a batch that
    /// is being installed holds up everybody. A machine whose processors are all busy keeps a process from running for some hundred milliseconds; one that did no more than that is found again by reconnecting.
    /// </summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>For one try to connect. 1 s: a connection within a data centre takes less than a millisecond, and one lost packet is sent again after 1 s.</summary>
    public TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Before the second try to connect; doubled up to <see cref="LongestPause"/>. 10 ms: memcached is up within that time of being started.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>Between tries to connect to a server that is gone: two tries a second cost nothing and find it soon.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a load lease lasts, in whole seconds (memcached counts nothing finer): longer than any load from the store, short enough that a loader that died is soon replaced.</summary>
    public int LeaseSeconds { get; init; } = 30;

    /// <summary>Largest item in bytes as memcached counts it, <see cref="ItemOverheadBytes"/> included: its <c>-I</c>, 1 MiB. A longer answer is a protocol error.</summary>
    public int ItemBytes { get; init; } = 1 << 20;

    /// <summary>Bytes of an item as memcached counts them.</summary>
    public static int ItemSize(string key, int valueBytes) => ItemOverheadBytes + System.Text.Encoding.UTF8.GetByteCount(key) + valueBytes;

    /// <summary>True if such an item is within <see cref="ItemBytes"/>.</summary>
    public bool Holds(string key, int valueBytes) => valueBytes < ItemBytes / 2 || ItemSize(key, valueBytes) <= ItemBytes;

    /// <summary>Operations are gathered up to this size before they are sent, in bytes. 64 KiB: some 500 small writes, and half of what a socket's buffers take at once.</summary>
    internal const int SendBytes = 64 * 1024;

    /// <summary>Room of the receive buffer in bytes when it is not full of a larger value: some 500 small answers in one read.</summary>
    internal const int ReceiveBytes = 64 * 1024;

    /// <summary>Longest first line of an answer in bytes: memcached's are below 350 (key, flags); one line of figures is shorter.</summary>
    internal const int LineBytes = 2048;

    /// <summary>Longest answer to a question for figures in bytes: 63 slab classes of some 400 bytes are 26 KB.</summary>
    internal const int StatisticsBytes = 256 * 1024;

    /// <summary>How often the reader looks at the clock while nothing comes: the time by which a time-out may be late.</summary>
    internal static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(100);

    /// <summary>Ended passes kept for the next: as many as callers use one connection at the same time (a lane, a warmer, a keeper), with room.</summary>
    internal const int KeptTickets = 64;

    /// <summary>Operations of a pass whose bookkeeping is kept for the next; a longer one's is given back.</summary>
    internal const int KeptOperations = 4096;
}
