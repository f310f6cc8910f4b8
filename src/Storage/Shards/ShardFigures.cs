namespace Mjolnir.Storage.Shards;

/// <summary>How full a shard in memcached is, as it says itself.</summary>
/// <param name="Items">items held, leases included</param>
/// <param name="Bytes">their bytes</param>
/// <param name="LimitBytes">memory that it may use for items</param>
/// <param name="PageBytes">memory given out to slab classes; at the limit, a class grows only within its own pages</param>
/// <param name="Evictions">items thrown out for others; anything but 0 is a fault in how it is run</param>
/// <param name="Gets">reads since its start</param>
/// <param name="Hits">those that found an item</param>
/// <param name="Sets">writes since its start</param>
/// <param name="Conflicts">compares that failed since its start</param>
/// <param name="RefusedForMemory">writes that it refused for memory since its start</param>
/// <param name="IsTight">at least one slab class in use has less than twice its reserve free: writes that grow there are refused, or soon will be</param>
public sealed record ShardFigures(
    long Items,
    long Bytes,
    long LimitBytes,
    long PageBytes,
    long Evictions,
    long Gets,
    long Hits,
    long Sets,
    long Conflicts,
    long RefusedForMemory,
    bool IsTight);
