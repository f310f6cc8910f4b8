namespace Mjolnir.Storage.Shards;

/// <summary>The limits of an embedded shard.</summary>
public sealed record EmbeddedShardLimits
{
    /// <summary>The usual limits.</summary>
    public static readonly EmbeddedShardLimits Default = new();

    /// <summary>
    /// Largest item, key and value together, in bytes: memcached's usual item size (<c>-I 1m</c>), so that what runs on a laptop runs on the
    /// classic stack.
    /// </summary>
    public int ItemBytes { get; init; } = 1 << 20;

    /// <summary>Memory for all items in bytes, as <see cref="EmbeddedShard"/> counts them. 1 GiB: some five million small rows, well within a laptop.</summary>
    public long MemoryBytes { get; init; } = 1L << 30;

    /// <summary>How long a load lease lasts if its taker never stores: the loader died, and the next reader may load. 30 s, as the classic stack asks of memcached (<c>mg … N30</c>).</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(30);
}
