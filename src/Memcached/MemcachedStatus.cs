namespace Mjolnir.Memcached;

/// <summary>How an operation ended.</summary>
public enum MemcachedStatus : byte
{
    /// <summary>Not answered yet.</summary>
    Pending,

    /// <summary>There is an item: value and token are given. Also the answer of figures.</summary>
    Hit,

    /// <summary>No item, or (of a plain get) only somebody's lease.</summary>
    Miss,

    /// <summary>The lease was taken; its token is given.</summary>
    LeaseWon,

    /// <summary>Somebody else holds the lease.</summary>
    LeaseHeld,

    /// <summary>Stored; the item's new token is given.</summary>
    Stored,

    /// <summary>Deleted, flushed, or set going.</summary>
    Done,

    /// <summary>The item bears another token, or the token is of an earlier connection. Nothing was done.</summary>
    Conflict,

    /// <summary>There is no item. Nothing was done.</summary>
    NotFound,

    /// <summary>There is an item already, perhaps only a lease. Nothing was done.</summary>
    Exists,

    /// <summary>The item would be over the size limit; it was not sent. Nothing was done.</summary>
    TooLarge,

    /// <summary>The key is empty, too long, or holds a space or control character; it was not sent. Nothing was done.</summary>
    BadKey,

    /// <summary>Refused for memory. Nothing was done: a keeping verb.</summary>
    NoMemory,

    /// <summary>Refused for memory or size. The item that was there, if any, is gone.</summary>
    Lost,

    /// <summary>The server does not do this now (a collection is running), or not at all (flushing is switched off). Nothing was done.</summary>
    Refused,

    /// <summary>The connection ended before the answer came: it may have been done, or be done later.</summary>
    Unknown,
}
