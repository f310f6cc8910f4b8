using System.Collections.Concurrent;
using Mjolnir.Core.Indexes;

namespace Mjolnir.Storage.Indexes;

/// <summary>Pages of indexes in this process: the objects themselves, nothing is copied or decoded.</summary>
public sealed class EmbeddedIndexPages : IIndexPages
{
    private readonly ConcurrentDictionary<(string Table, PageId Page), IndexPage> _pages = new();

    /// <summary>The heads.</summary>
    public IndexHeads Heads { get; } = new();

    /// <inheritdoc/>
    public PageReaders Readers { get; } = new();

    /// <summary>Pages held, of all tables.</summary>
    public int Count => _pages.Count;

    /// <inheritdoc/>
    public ValueTask<IndexHead?> ReadHeadAsync(string table, CancellationToken cancellationToken) => new(Heads.Newest(table));

    /// <inheritdoc/>
    public ValueTask<IndexPage?> ReadAsync(string table, PageId page, CancellationToken cancellationToken) => new(_pages.GetValueOrDefault((table, page)));

    /// <inheritdoc/>
    public ValueTask PutAsync(string table, IReadOnlyList<KeyValuePair<PageId, IndexPage>> pages, CancellationToken cancellationToken)
    {
        foreach (var (id, page) in pages)
        {
            _pages[(table, id)] = page;
        }

        return default;
    }

    /// <inheritdoc/>
    public ValueTask<IndexHead> RaiseHeadAsync(IndexHead head, CancellationToken cancellationToken) =>
        new(Heads.Raise(head));

    /// <inheritdoc/>
    public ValueTask ForgetAsync(string table, IReadOnlyList<PageId> pages, CancellationToken cancellationToken)
    {
        Heads.Forget(table);
        return DeleteAsync(table, pages, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask DeleteAsync(string table, IReadOnlyList<PageId> pages, CancellationToken cancellationToken)
    {
        foreach (var page in pages)
        {
            _pages.TryRemove((table, page), out _);
        }

        return default;
    }
}
