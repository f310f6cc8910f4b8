using Mjolnir.Core.Indexes;

namespace Mjolnir.Storage.Indexes;

/// <summary>
/// Where the pages and heads of indexes lie for readers. Pages are immutable and their names are never used again, so whatever is found is right; what is not found was taken away
/// or lost. Implementations: in the process (embedded stack), chaos (tests).
/// </summary>
public interface IIndexPages
{
    /// <summary>Who reads pages just now. A page that is found by one of them stays as it is until it has ended; behind that its memory may be another page's.</summary>
    PageReaders Readers { get; }

    /// <summary>The newest head of a table; null if nobody has written one, or it was lost.</summary>
    ValueTask<IndexHead?> ReadHeadAsync(string table, CancellationToken cancellationToken);

    /// <summary>A page; null if it was taken away or lost: the reader takes a newer head and starts again.</summary>
    ValueTask<IndexPage?> ReadAsync(string table, PageId page, CancellationToken cancellationToken);

    /// <summary>Puts pages. If it throws, some may be there; putting the same again does no harm.</summary>
    ValueTask PutAsync(string table, IReadOnlyList<KeyValuePair<PageId, IndexPage>> pages, CancellationToken cancellationToken);

    /// <summary>Puts a head, unless one is there that comes after it. If it throws, it may be there; asking again does no harm.</summary>
    /// <returns>the head that is there now: this one, or the one that comes after it</returns>
    ValueTask<IndexHead> RaiseHeadAsync(IndexHead head, CancellationToken cancellationToken);

    /// <summary>Takes pages away that no head needs any more; those that are not there are passed over.</summary>
    ValueTask DeleteAsync(string table, IReadOnlyList<PageId> pages, CancellationToken cancellationToken);

    /// <summary>Takes away the head of a table that has no indexes any more, and the pages left of it.</summary>
    ValueTask ForgetAsync(string table, IReadOnlyList<PageId> pages, CancellationToken cancellationToken);
}
