namespace Mjolnir.Storage.Objects;

/// <summary>How a create-if-absent ended.</summary>
public enum CreateOutcome
{
    /// <summary>The object is durable, and it is ours.</summary>
    Created,

    /// <summary>Somebody (perhaps an earlier try of ours) has made an object of this name.</summary>
    Taken,

    /// <summary>No answer came: read the object to learn whose it is, or try again.</summary>
    Unknown,
}

/// <summary>The store does not answer, or refuses. Nothing is lost: the caller waits and tries again within its limits.</summary>
public sealed class StoreUnavailableException(string message, Exception? inner = null) : IOException(message, inner);

/// <summary>
/// Named, immutable objects: nothing is ever overwritten. Names are <c>/</c>-separated, of letters, digits, <c>.-_{}%</c>. Implementations: a folder
/// (embedded stack), S3 (classic stack), chaos (tests).
/// </summary>
public interface IObjectStore
{
    /// <summary>Reads at the same time that are worth it for one caller. 1: they come one after another, on the caller's own synchronization context.</summary>
    int ReadsAtOnce => StorageLimits.ParallelReads;

    /// <summary>Creates the object unless one of this name exists; durable when it returns <see cref="CreateOutcome.Created"/>.</summary>
    ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    /// <summary>The whole object, or null if there is none.</summary>
    ValueTask<ReadOnlyMemory<byte>?> GetAsync(string name, CancellationToken cancellationToken);

    /// <summary>Part of the object; a negative offset counts from its end. Null if there is no such object; shorter than asked at its end.</summary>
    ValueTask<ReadOnlyMemory<byte>?> GetRangeAsync(string name, long offset, int length, CancellationToken cancellationToken);

    /// <summary>The names with this prefix, ordinally after <paramref name="startAfter"/> if given, in ordinal order.</summary>
    IAsyncEnumerable<string> ListAsync(string prefix, string? startAfter, CancellationToken cancellationToken);

    /// <summary>Deletes the object if it exists. Only garbage collection does.</summary>
    ValueTask DeleteAsync(string name, CancellationToken cancellationToken);
}
