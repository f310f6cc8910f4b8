namespace Mjolnir.Memcached;

/// <summary>What is asked of memcached in one operation. Meta commands, but where the classic ones leave more alone.</summary>
public enum MemcachedVerb : byte
{
    /// <summary>Value and token of an item (<c>mg v c</c>).</summary>
    Get = 1,

    /// <summary>The same; on a miss an empty item is made that expires, and the asker holds its token: the lease (<c>mg v c N</c>).</summary>
    GetOrLease,

    /// <summary>Stores whatever there is (<c>ms</c>).</summary>
    Set,

    /// <summary>Stores if there is no item (<c>ms ME</c>). Refused for memory, it deletes the item that was there.</summary>
    Add,

    /// <summary>Stores if the item bears the token (<c>ms C</c>). Refused for memory, it deletes the item that was there.</summary>
    CompareAndSet,

    /// <summary>As <see cref="Add"/>, by the classic <c>add</c>: refused for memory, it leaves everything as it was. Costs a read of the item, for its token.</summary>
    AddKeeping,

    /// <summary>As <see cref="CompareAndSet"/>, by the classic <c>cas</c>: refused for memory, it leaves the item alone. Costs a read of the item, for its token; an item that bears another value by then leaves the outcome unknown.</summary>
    CompareAndSetKeeping,

    /// <summary>Deletes the item if it bears the token (<c>md C</c>).</summary>
    CompareAndDelete,

    /// <summary>Makes all items that are there invalid (<c>flush_all</c>).</summary>
    FlushAll,

    /// <summary>Has what is invalid or expired collected now (<c>lru_crawler crawl all</c>).</summary>
    Collect,

    /// <summary>Figures (<c>stats</c> with the key as its argument); the value of the answer is its lines. An empty key asks for the general ones.</summary>
    Statistics,
}
