namespace Mjolnir.Storage.Shards;

/// <summary>What is asked of a shard for one key.</summary>
public enum ShardVerb : byte
{
    /// <summary>Read value and token.</summary>
    Get,

    /// <summary>Read; on a miss take the load lease, if nobody holds it (protocol: reading a key, step 2).</summary>
    GetOrLease,

    /// <summary>Replace the value if the item still bears <see cref="ShardOperation.Token"/>. A won lease's token counts.</summary>
    CompareAndSet,

    /// <summary>Store the value if there is no item.</summary>
    Add,

    /// <summary>Delete the item if it still bears <see cref="ShardOperation.Token"/>.</summary>
    CompareAndDelete,
}

/// <summary>What a shard answered.</summary>
public enum ShardStatus : byte
{
    /// <summary>Not asked yet.</summary>
    Pending,

    /// <summary>Get: there is an item; <see cref="ShardOperation.Value"/> and <see cref="ShardOperation.Token"/> are set.</summary>
    Hit,

    /// <summary>Get: no item.</summary>
    Miss,

    /// <summary>GetOrLease: no item, and the caller now holds the lease whose token is in <see cref="ShardOperation.Token"/>.</summary>
    LeaseWon,

    /// <summary>GetOrLease: no item, and somebody else is loading it; <see cref="ShardOperation.Token"/> is that lease's token.</summary>
    LeaseHeld,

    /// <summary>A write was done; <see cref="ShardOperation.Token"/> is the item's new token.</summary>
    Stored,

    /// <summary>CompareAndDelete was done.</summary>
    Deleted,

    /// <summary>A compare failed: the item bears another token. Nothing was done.</summary>
    Conflict,

    /// <summary>CompareAndSet, CompareAndDelete: there is no item. Nothing was done.</summary>
    NotFound,

    /// <summary>Add: there is an item already. Nothing was done.</summary>
    Exists,

    /// <summary>The value is over the shard's item limit. Nothing was done.</summary>
    TooLarge,

    /// <summary>The shard refused for memory: its content can no longer be trusted (V9m).</summary>
    Full,

    /// <summary>The shard is so full that growth is refused before it is asked. Nothing was done.</summary>
    NoRoom,

    /// <summary>The connection ended before the answer came: it may have been done, or be done later.</summary>
    Unknown,
}

/// <summary>One question to a shard and its answer; made by the caller, filled in by the connection.</summary>
public sealed class ShardOperation
{
    /// <summary>What is asked.</summary>
    public required ShardVerb Verb { get; set; }

    /// <summary>The item's name: the view that gave the slot to this shard, a colon, the row key's text (V6).</summary>
    public required string CacheKey { get; set; }

    /// <summary>In: the value to store. Out: the value found.</summary>
    public ReadOnlyMemory<byte> Value { get; set; }

    /// <summary>In: the token to compare with. Out: the item's token. Good only on the connection it came over (V5).</summary>
    public ulong Token { get; set; }

    /// <summary>In: the write takes more of the shard's memory than what it replaces; near the shard's limit such writes are refused first.</summary>
    public bool Grows { get; set; }

    /// <summary>
    /// Add: the item leaves by itself about this long after it was stored; zero: it stays. Only for what may be missed at any time (the outcome of an old transaction id), so a shard
    /// that cannot do it may keep the item.
    /// </summary>
    public TimeSpan Life { get; set; }

    /// <summary>The answer.</summary>
    public ShardStatus Status { get; set; }
}

/// <summary>
/// One connection to one shard. A pass of operations is sent as one pipelined write and answered in order. Implementations: in-process
/// (embedded stack), memcached (classic stack), chaos (tests).
/// </summary>
public interface IShardConnection : IAsyncDisposable
{
    /// <summary>The key of the item that holds the shard's label.</summary>
    const string LabelKey = "!label";

    /// <summary>The shard's name, that of its V-stack.</summary>
    string Shard { get; }

    /// <summary>True if a pass ends before <see cref="RunAsync"/> returns: a shard in this process. A row can then be had while a handler runs, instead of ending the run.</summary>
    bool AnswersAtOnce => false;

    /// <summary>False while there is no connection: a pass would wait for one. For callers who have something better to do than to wait.</summary>
    bool IsConnected => true;

    /// <summary>Rises with each reconnect. A token is worth nothing under another incarnation than it was read under (V5).</summary>
    long Incarnation { get; }

    /// <summary>
    /// Runs the operations in order in one pass and fills in their answers. Does not throw for a lost connection: operations without an
    /// answer end as <see cref="ShardStatus.Unknown"/>, and <see cref="Incarnation"/> rises.
    /// </summary>
    ValueTask RunAsync(IReadOnlyList<ShardOperation> pass, CancellationToken cancellationToken);

    /// <summary>Empties the shard and gives it a fresh label. Only for the one who claimed the opening of a view (V8).</summary>
    ValueTask OpenAsync(string label, CancellationToken cancellationToken);
}
