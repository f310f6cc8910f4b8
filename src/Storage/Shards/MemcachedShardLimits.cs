using Mjolnir.Memcached;

namespace Mjolnir.Storage.Shards;

/// <summary>The limits of a shard in memcached.</summary>
public sealed record MemcachedShardLimits
{
    /// <summary>The usual limits.</summary>
    public static readonly MemcachedShardLimits Default = new();

    /// <summary>Those of the connection: time-outs, the lease's time, the item size.</summary>
    public MemcachedLimits Connection { get; init; } = MemcachedLimits.Default;

    /// <summary>Between two looks at the shard's figures: 1 s; a look costs the server some 50 µs.</summary>
    public TimeSpan Look { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The same while the shard is near its limit. 250 ms: what is freed there is soon used again.</summary>
    public TimeSpan LookWhenTight { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// One part in this many of a slab class's chunks, pages not yet given out included, is kept for writes that replace: growth is refused when no more are free.
    /// A tenth: replacing needs one free chunk per thread of the server, leases (30 s, small) some thousands at most, and the slots of a shard that fails must find room elsewhere.
    /// </summary>
    internal const int GrowthReservePart = 10;

    /// <summary>Chunks of a class that are kept in any case: each thread of the server (2) may hold one while it replaces, twice over.</summary>
    internal const int GrowthReserveChunks = 4;

    /// <summary>
    /// With less than one part in this many of the shard's memory free for a class, writes go by the verbs that leave the old item alone. A sixteenth: between two
    /// looks, at 100,000 writes of 300 bytes per second, all servers together write 30 MB, a sixteenth of 480 MB; a smaller shard's class is tight the sooner.
    /// </summary>
    internal const int TightPart = 16;

    /// <summary>Own growth since the last look that asks for a look at once, as a part of the shard's memory: a quarter of what <see cref="TightPart"/> leaves, so that four servers may do it at the same time.</summary>
    internal const int GrowthPart = 64;

    /// <summary>Older figures are worth nothing: five looks were missed, and writes go by the verbs that cannot do harm.</summary>
    internal static readonly TimeSpan FiguresLast = TimeSpan.FromSeconds(5);

    /// <summary>Tries to flush. The second already finds a server whose clock has moved on.</summary>
    internal const int FlushTries = 3;

    /// <summary>For the collection of what was flushed: memcached walks a million items in 0.1 s. Longer, and the shard opens with room still to come.</summary>
    internal static readonly TimeSpan CollectPatience = TimeSpan.FromSeconds(5);

    /// <summary>Between two looks whether the collection has ended.</summary>
    internal static readonly TimeSpan CollectPause = TimeSpan.FromMilliseconds(20);

    /// <summary>Passes whose objects are kept for the next.</summary>
    internal const int KeptPasses = 64;
}
