using Mjolnir.Memcached;

namespace Mjolnir.Storage.Shards;

/// <summary>A pass of shard operations on its way through memcached: verbs and answers of the one in terms of the other. Used again for later passes.</summary>
internal sealed class MemcachedPass(MemcachedFill fill, Action<MemcachedPass> ended) : IMemcachedPass
{
    private IReadOnlyList<ShardOperation> _operations = [];

    public int Count => _operations.Count;

    /// <summary>Takes the operations of a pass.</summary>
    /// <exception cref="ArgumentException">a key that memcached cannot hold</exception>
    public void Begin(IReadOnlyList<ShardOperation> operations)
    {
        for (var i = 0; i < operations.Count; i++)
        {
            var operation = operations[i];
            if (!MemcachedKey.IsValid(operation.CacheKey))
            {
                throw new ArgumentException($"'{operation.CacheKey}' is no key that memcached can hold.", nameof(operations));
            }

            operation.Status = ShardStatus.Pending;
        }

        _operations = operations;
    }

    public bool TryAsk(int index, out MemcachedRequest request)
    {
        var operation = _operations[index];
        var room = IsSet(operation.Verb) ? fill.For(MemcachedLimits.ItemSize(operation.CacheKey, operation.Value.Length), Grows(operation)) : Room.Ample;
        if (room == Room.Reserve && Grows(operation))
        {
            operation.Status = ShardStatus.NoRoom;
            request = default;
            return false;
        }

        request = new MemcachedRequest(VerbOf(operation.Verb, room), operation.CacheKey, IsSet(operation.Verb) ? operation.Value : default, operation.Token, SecondsOf(operation));
        return true;
    }

    public ReadOnlyMemory<byte> ValueOf(int index) => _operations[index].Value;

    public void Answer(int index, MemcachedAnswer answer)
    {
        var operation = _operations[index];
        operation.Status = StatusOf(answer.Status);
        if (operation.Verb is ShardVerb.Get or ShardVerb.GetOrLease)
        {
            operation.Value = operation.Status == ShardStatus.Hit ? answer.Value.ToArray() : operation.Value;
            operation.Token = answer.Token;
        }
        else if (answer.Status == MemcachedStatus.Stored)
        {
            operation.Token = answer.Token;
        }
    }

    public void End(long incarnation, bool complete)
    {
        for (var i = 0; !complete && i < _operations.Count; i++)
        {
            _operations[i].Status = ShardStatus.Unknown;
        }

        _operations = [];
        ended(this);
    }

    private static bool IsSet(ShardVerb verb) => verb is ShardVerb.CompareAndSet or ShardVerb.Add;

    private static bool Grows(ShardOperation operation) => operation.Grows || operation.Verb == ShardVerb.Add;

    /// <summary>Rounded up: memcached counts whole seconds.</summary>
    private static uint SecondsOf(ShardOperation operation) => operation.Verb == ShardVerb.Add ? (uint)Math.Ceiling(operation.Life.TotalSeconds) : 0;

    private static MemcachedVerb VerbOf(ShardVerb verb, Room room) => verb switch
    {
        ShardVerb.Get => MemcachedVerb.Get,
        ShardVerb.GetOrLease => MemcachedVerb.GetOrLease,
        ShardVerb.CompareAndSet => room == Room.Ample ? MemcachedVerb.CompareAndSet : MemcachedVerb.CompareAndSetKeeping,
        ShardVerb.Add => room == Room.Ample ? MemcachedVerb.Add : MemcachedVerb.AddKeeping,
        ShardVerb.CompareAndDelete => MemcachedVerb.CompareAndDelete,
        _ => throw new ArgumentOutOfRangeException(nameof(verb), verb, "No such verb."),
    };

    private static ShardStatus StatusOf(MemcachedStatus status) => status switch
    {
        MemcachedStatus.Hit => ShardStatus.Hit,
        MemcachedStatus.Miss => ShardStatus.Miss,
        MemcachedStatus.LeaseWon => ShardStatus.LeaseWon,
        MemcachedStatus.LeaseHeld => ShardStatus.LeaseHeld,
        MemcachedStatus.Stored => ShardStatus.Stored,
        MemcachedStatus.Done => ShardStatus.Deleted,
        MemcachedStatus.Conflict => ShardStatus.Conflict,
        MemcachedStatus.NotFound => ShardStatus.NotFound,
        MemcachedStatus.Exists => ShardStatus.Exists,
        MemcachedStatus.TooLarge => ShardStatus.TooLarge,
        MemcachedStatus.NoMemory => ShardStatus.NoRoom,
        MemcachedStatus.Lost => ShardStatus.Full,
        _ => ShardStatus.Unknown,
    };
}
