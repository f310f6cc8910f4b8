using System.Collections.Concurrent;
using Mjolnir.Core.Indexes;

namespace Mjolnir.Storage.Indexes;

/// <summary>Pages of indexes in this process: the objects themselves, nothing is copied or decoded.</summary>
public sealed class EmbeddedIndexPages : IIndexPages
{
    private readonly ConcurrentDictionary<(string Table, PageId Page), IndexPage> _pages = new();
    private readonly ConcurrentDictionary<string, IndexHead> _heads = new(StringComparer.Ordinal);

    /// <summary>Pages held, of all tables.</summary>
    public int Count => _pages.Count;

    /// <inheritdoc/>
    public ValueTask<IndexHead?> ReadHeadAsync(string table, CancellationToken cancellationToken) => new(_heads.GetValueOrDefault(table));

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
        new(_heads.AddOrUpdate(head.Table, head, (_, there) => head.IsAfter(there) ? head : there));

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
