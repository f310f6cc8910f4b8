using System.Text;
using Mjolnir.Simulation.Tests.Scheduling;
using Mjolnir.Storage.Shards;

namespace Mjolnir.Simulation.Tests.Shards;

/// <summary>
/// A memcached as it behaves on the wire (docs/design/memcached.md): one counter of tokens that starts again at 1 with each life, leases that expire, nothing evicted, a refused set that takes
/// away what was there. It knows nothing of rows.
/// </summary>
internal sealed class SimulatedShard(SimulationLoop loop, string name)
{
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);

    private readonly SimulationDice _dice = new(loop.Seed, $"shard {name}");
    private readonly List<ShardLine> _lines = [];
    private Dictionary<string, Item> _items = new(StringComparer.Ordinal);
    private ulong _token;
    private long _pausedUntil;

    public string Name => name;

    public SimulationLoop Loop => loop;

    /// <summary>Rises with each restart; 0 while it is down.</summary>
    public long Life { get; private set; } = 1;

    public bool IsDown { get; private set; }

    /// <summary>Largest item, key and value together, in bytes.</summary>
    public int ItemBytes { get; init; } = 1 << 20;

    /// <summary>How often a store that grows is refused before it is sent.</summary>
    public double NoRoom { get; set; }

    /// <summary>How often a set is refused for memory, and takes the item that was there with it (V9m).</summary>
    public double Losing { get; set; }

    /// <summary>A refusal without warning may take an item away now.</summary>
    public required Func<bool> MayLose { get; init; }

    /// <summary>A set that took away what was there is told like one that did no harm (V9m switched off).</summary>
    public bool HidesLoss { get; init; }

    /// <summary>Items are kept under their rows' names alone, whatever view gave the shard their slots (V6 switched off).</summary>
    public bool ForgetsViews { get; init; }

    public int Items => _items.Count;

    /// <summary>The name under which an item is kept.</summary>
    public string NameOf(string cacheKey) => ForgetsViews ? cacheKey[(cacheKey.IndexOf(':', StringComparison.Ordinal) + 1)..] : cacheKey;

    /// <summary>When it answers again, if it stands still.</summary>
    public long AnswersAt => Math.Max(loop.Now, _pausedUntil);

    public void Pause(TimeSpan time)
    {
        loop.Trace.Line(name, $"shard stands still for {time.TotalMilliseconds:F0} ms");
        _pausedUntil = loop.Now + time.Ticks;
    }

    public void Flush()
    {
        loop.Trace.Line(name, "shard flushed by hand");
        Clear();
    }

    /// <summary>Killed and started again, empty: its lines end.</summary>
    public void Restart(TimeSpan down)
    {
        Kill();
        loop.After(down, Start);
    }

    public void Kill()
    {
        loop.Trace.Line(name, "shard killed");
        IsDown = true;
        Clear();
        _token = 0;
        foreach (var line in _lines.ToArray())
        {
            line.Cut();
        }
    }

    public void Start()
    {
        if (IsDown)
        {
            loop.Trace.Line(name, "shard started");
            IsDown = false;
            Life++;
        }
    }

    /// <summary>A connection of one process.</summary>
    public SimulatedShardConnection Connect(SimulatedProcess process) => new(this, process);

    /// <summary>What it holds, as nobody else can see it.</summary>
    public IEnumerable<(string Key, ReadOnlyMemory<byte> Value)> Values =>
        _items.Where(item => item.Value.Value is not null).Select(item => (item.Key, (ReadOnlyMemory<byte>)item.Value.Value!));

    internal void Attach(ShardLine line) => _lines.Add(line);

    internal void Detach(ShardLine line) => _lines.Remove(line);

    internal void CutSomeLine()
    {
        if (_lines.Count > 0)
        {
            _dice.Pick(_lines).Cut();
        }
    }

    internal void Clear() => _items = new Dictionary<string, Item>(StringComparer.Ordinal);

    internal void SetLabel(string label) => Put(IShardConnection.LabelKey, Encoding.UTF8.GetBytes(label));

    /// <summary>Executes one operation; the answer is in the copy.</summary>
    internal void Execute(ShardOperation operation)
    {
        operation.Status = operation.Verb switch
        {
            ShardVerb.Get => Get(operation, false),
            ShardVerb.GetOrLease => Get(operation, true),
            ShardVerb.CompareAndSet => CompareAndSet(operation),
            ShardVerb.Add => Add(operation),
            ShardVerb.CompareAndDelete => CompareAndDelete(operation),
            _ => throw new ArgumentOutOfRangeException(nameof(operation)),
        };
    }

    private Item? Find(string key)
    {
        if (_items.TryGetValue(key, out var item) && item.Ends <= loop.Now)
        {
            _items.Remove(key);
            return null;
        }

        return item;
    }

    private ShardStatus Get(ShardOperation operation, bool leases)
    {
        var item = Find(operation.CacheKey);
        if (item?.Value is { } value)
        {
            operation.Value = value;
            operation.Token = item.Token;
            return ShardStatus.Hit;
        }

        if (!leases)
        {
            operation.Token = 0;
            return ShardStatus.Miss;
        }

        if (item is not null)
        {
            operation.Token = item.Token;
            return ShardStatus.LeaseHeld;
        }

        if (_dice.Chance(NoRoom))
        {
            return ShardStatus.NoRoom;
        }

        operation.Token = Put(operation.CacheKey, null);
        return ShardStatus.LeaseWon;
    }

    private ShardStatus CompareAndSet(ShardOperation operation)
    {
        if (operation.CacheKey.Length + operation.Value.Length > ItemBytes)
        {
            return ShardStatus.TooLarge;
        }

        if (operation.Grows && _dice.Chance(NoRoom))
        {
            return ShardStatus.NoRoom;
        }

        var item = Find(operation.CacheKey);
        if (_dice.Chance(Losing) && MayLose())
        {
            // Real memcached looks for memory before it compares.
            _items.Remove(operation.CacheKey);
            return HidesLoss ? ShardStatus.NoRoom : ShardStatus.Full;
        }

        if (Compare(item, operation.Token) is { } refused)
        {
            return refused;
        }

        operation.Token = Put(operation.CacheKey, operation.Value.ToArray());
        return ShardStatus.Stored;
    }

    private ShardStatus Add(ShardOperation operation)
    {
        if (operation.CacheKey.Length + operation.Value.Length > ItemBytes)
        {
            return ShardStatus.TooLarge;
        }

        if (_dice.Chance(NoRoom))
        {
            return ShardStatus.NoRoom;
        }

        if (Find(operation.CacheKey) is not null)
        {
            return ShardStatus.Exists;
        }

        operation.Token = Put(operation.CacheKey, operation.Value.ToArray(), operation.Life);
        return ShardStatus.Stored;
    }

    private ShardStatus CompareAndDelete(ShardOperation operation)
    {
        if (Compare(Find(operation.CacheKey), operation.Token) is { } refused)
        {
            return refused;
        }

        _items.Remove(operation.CacheKey);
        return ShardStatus.Deleted;
    }

    private static ShardStatus? Compare(Item? item, ulong token) =>
        item is null ? ShardStatus.NotFound : item.Token == token ? null : ShardStatus.Conflict;

    private ulong Put(string key, byte[]? value, TimeSpan life = default)
    {
        var ends = value is null ? loop.Now + Lease.Ticks : life > TimeSpan.Zero ? loop.Now + life.Ticks : long.MaxValue;
        _items[key] = new Item(value, ++_token, ends);
        return _token;
    }

    /// <summary>An item; a lease has no value.</summary>
    private sealed record Item(byte[]? Value, ulong Token, long Ends);
}
