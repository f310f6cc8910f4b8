using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Mjolnir.Storage.Shards;

/// <summary>What a shard holds and has done since it was made.</summary>
/// <param name="Items">items held, leases included</param>
/// <param name="Bytes">their size as the shard counts it</param>
/// <param name="Gets">reads</param>
/// <param name="Hits">reads that found a value</param>
/// <param name="Sets">values stored</param>
/// <param name="Conflicts">compares that failed</param>
public readonly record struct ShardStatistics(long Items, long Bytes, long Gets, long Hits, long Sets, long Conflicts);

/// <summary>
/// The cache shard of the embedded stack: a map in this process with memcached's semantics, so that the protocol cannot tell the two apart.
/// </summary>
/// <remarks>
/// As memcached 1.6 with <c>-M</c>: every store gives the item the next token of one 64-bit counter; envelopes never expire and nothing is evicted;
/// a lease is an item without a value, made by the missing get and bearing a token, that expires. An Add finds a lease item and answers
/// <see cref="ShardStatus.Exists"/> (as <c>ms ME</c> answers NS); a plain Get finds no value there and answers <see cref="ShardStatus.Miss"/> (what our memcached client makes
/// of an empty item flagged Z); CompareAndSet and CompareAndDelete with the lease's token are done. Kinder than memcached in two things, which the contract allows:
/// a value that is too large or does not fit leaves the old item alone, so a full shard answers <see cref="ShardStatus.NoRoom"/> and never <see cref="ShardStatus.Full"/>; and it is compared first, so that this is only said of a write that would have been done.
/// </remarks>
public sealed class EmbeddedShard
{
    // Measured as the heap's growth per item, less the key's characters and the value's bytes: entry of the map, headers of string and array.
    private const int ItemOverheadBytes = 112;

    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private Dictionary<string, Item> _items = new(StringComparer.Ordinal);
    private ulong _lastToken;
    private long _life = 1;
    private long _bytes;
    private long _gets;
    private long _hits;
    private long _sets;
    private long _conflicts;

    /// <summary>Makes an empty shard without a label.</summary>
    /// <param name="name">the name of its V-stack</param>
    /// <param name="limits">null: the usual ones</param>
    /// <param name="time">what leases expire by; null: the system's clock</param>
    public EmbeddedShard(string name, EmbeddedShardLimits? limits = null, TimeProvider? time = null)
    {
        Name = name;
        Limits = limits ?? EmbeddedShardLimits.Default;
        _time = time ?? TimeProvider.System;
    }

    /// <summary>The shard's name, that of its V-stack.</summary>
    public string Name { get; }

    /// <summary>Its limits.</summary>
    public EmbeddedShardLimits Limits { get; }

    /// <summary>What it holds and has done.</summary>
    public ShardStatistics Statistics
    {
        get
        {
            lock (_gate)
            {
                return new ShardStatistics(_items.Count, _bytes, _gets, _hits, _sets, _conflicts);
            }
        }
    }

    /// <summary>Opens a connection of its own, as each app server has one.</summary>
    public EmbeddedShardConnection Connect()
    {
        lock (_gate)
        {
            return new EmbeddedShardConnection(this, _life);
        }
    }

    /// <summary>Loses everything, the label included, as if flushed by hand (<c>flush_all</c>): connections stay, tokens go on rising.</summary>
    public void Flush()
    {
        lock (_gate)
        {
            Clear();
        }
    }

    /// <summary>
    /// Loses everything as a killed and restarted memcached does: no label, tokens start again at 1, every connection is lost. A connection
    /// notices at its next pass, which ends as <see cref="ShardStatus.Unknown"/> without effect.
    /// </summary>
    public void Restart()
    {
        lock (_gate)
        {
            Clear();
            _lastToken = 0;
            _life++;
        }
    }

    /// <summary>Runs a pass for a connection that was made in this <paramref name="life"/>; false, and nothing done, if that life has ended.</summary>
    internal bool TryRun(IReadOnlyList<ShardOperation> pass, ref long life)
    {
        lock (_gate)
        {
            if (life != _life)
            {
                life = _life;
                return false;
            }

            for (var i = 0; i < pass.Count; i++)
            {
                Run(pass[i]);
            }

            return true;
        }
    }

    /// <summary>Empties the shard and labels it; false if the connection was made in an earlier life: it is a new one now.</summary>
    internal bool Open(string label, ref long life)
    {
        lock (_gate)
        {
            Clear();
            Store(IShardConnection.LabelKey, Encoding.UTF8.GetBytes(label));
            var same = life == _life;
            life = _life;
            return same;
        }
    }

    private void Run(ShardOperation operation) => operation.Status = operation.Verb switch
    {
        ShardVerb.Get => Get(operation),
        ShardVerb.GetOrLease => GetOrLease(operation),
        ShardVerb.CompareAndSet => CompareAndSet(operation),
        ShardVerb.Add => Add(operation),
        ShardVerb.CompareAndDelete => CompareAndDelete(operation),
        _ => throw new ArgumentOutOfRangeException(nameof(operation), operation.Verb, "No such verb."),
    };

    private ShardStatus Get(ShardOperation operation)
    {
        _gets++;
        ref var item = ref Find(operation.CacheKey);
        return HasValue(ref item) ? Answer(operation, ref item) : Answer(operation, ShardStatus.Miss, 0);
    }

    private ShardStatus GetOrLease(ShardOperation operation)
    {
        _gets++;
        ref var item = ref Find(operation.CacheKey);
        if (HasValue(ref item))
        {
            return Answer(operation, ref item);
        }

        if (IsThere(ref item))
        {
            return Answer(operation, ShardStatus.LeaseHeld, item.Token);
        }

        return Grows(operation.CacheKey, 0, ref item)
            ? Answer(operation, ShardStatus.LeaseWon, Store(operation.CacheKey, new Lease(_time.GetTimestamp())))
            : Answer(operation, ShardStatus.NoRoom, 0);
    }

    private ShardStatus CompareAndSet(ShardOperation operation)
    {
        if (TooLarge(operation))
        {
            return ShardStatus.TooLarge;
        }

        ref var item = ref Find(operation.CacheKey);
        return Compare(operation, ref item) ?? StoreValue(operation, ref item);
    }

    private ShardStatus Add(ShardOperation operation)
    {
        if (TooLarge(operation))
        {
            return ShardStatus.TooLarge;
        }

        ref var item = ref Find(operation.CacheKey);
        return IsThere(ref item) ? ShardStatus.Exists : StoreValue(operation, ref item);
    }

    private ShardStatus CompareAndDelete(ShardOperation operation)
    {
        ref var item = ref Find(operation.CacheKey);
        if (Compare(operation, ref item) is { } refused)
        {
            return refused;
        }

        Remove(operation.CacheKey, ref item);
        return ShardStatus.Deleted;
    }

    private ShardStatus? Compare(ShardOperation operation, ref Item item)
    {
        if (!IsThere(ref item))
        {
            return ShardStatus.NotFound;
        }

        if (item.Token == operation.Token)
        {
            return null;
        }

        _conflicts++;
        return ShardStatus.Conflict;
    }

    private ShardStatus StoreValue(ShardOperation operation, ref Item item)
    {
        if (!Grows(operation.CacheKey, operation.Value.Length, ref item))
        {
            return ShardStatus.NoRoom;
        }

        _sets++;
        operation.Token = Store(operation.CacheKey, operation.Value.ToArray());
        return ShardStatus.Stored;
    }

    /// <summary>The item, or a null reference; a lease past its time is gone.</summary>
    private ref Item Find(string key)
    {
        ref var item = ref CollectionsMarshal.GetValueRefOrNullRef(_items, key);
        if (IsThere(ref item) && item.Content is Lease lease && _time.GetElapsedTime(lease.Taken) >= Limits.Lease)
        {
            Remove(key, ref item);
            return ref Unsafe.NullRef<Item>();
        }

        return ref item;
    }

    private static bool IsThere(ref Item item) => !Unsafe.IsNullRef(ref item);

    private static bool HasValue(ref Item item) => IsThere(ref item) && item.Content is not Lease;

    private ShardStatus Answer(ShardOperation operation, ref Item item)
    {
        _hits++;
        operation.Value = (byte[])item.Content;
        return Answer(operation, ShardStatus.Hit, item.Token);
    }

    private static ShardStatus Answer(ShardOperation operation, ShardStatus status, ulong token)
    {
        operation.Token = token;
        return status;
    }

    private bool TooLarge(ShardOperation operation) => operation.CacheKey.Length + operation.Value.Length > Limits.ItemBytes;

    /// <summary>Whether an item may take this value's room: always if it does not grow, else within the memory limit.</summary>
    private bool Grows(string key, int valueLength, ref Item item)
    {
        var growth = SizeOf(key, valueLength) - (IsThere(ref item) ? SizeOf(key, LengthOf(item.Content)) : 0);
        return growth <= 0 || _bytes + growth <= Limits.MemoryBytes;
    }

    private ulong Store(string key, object content)
    {
        ref var item = ref CollectionsMarshal.GetValueRefOrAddDefault(_items, key, out var existed);
        _bytes += SizeOf(key, LengthOf(content)) - (existed ? SizeOf(key, LengthOf(item.Content)) : 0);
        item.Content = content;
        item.Token = ++_lastToken;
        return item.Token;
    }

    private void Remove(string key, ref Item item)
    {
        _bytes -= SizeOf(key, LengthOf(item.Content));
        _items.Remove(key);
    }

    private void Clear()
    {
        _items = new Dictionary<string, Item>(StringComparer.Ordinal);
        _bytes = 0;
    }

    private static int LengthOf(object content) => content is Lease ? 0 : ((byte[])content).Length;

    private static long SizeOf(string key, int valueLength) => ItemOverheadBytes + (sizeof(char) * (long)key.Length) + valueLength;

    /// <summary>A struct, so that an item costs no object of its own: its value's array, or a <see cref="Lease"/>.</summary>
    private struct Item
    {
        public object Content;
        public ulong Token;
    }

    private sealed record Lease(long Taken);
}
