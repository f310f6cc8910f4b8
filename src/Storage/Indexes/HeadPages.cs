using Mjolnir.Core.Indexes;
using Mjolnir.Core.Indexes.Walks;

namespace Mjolnir.Storage.Indexes;

/// <summary>A page is not there any more: a newer head has other pages.</summary>
internal sealed class PageGoneException : Exception;

/// <summary>The pages of one head, for questions that take several walks.</summary>
internal sealed class HeadPages(IIndexPages pages, IndexHead head, CancellationToken cancellationToken)
{
    /// <summary>The root of a tree.</summary>
    public TreeRoot Root(int tree) => head.Trees[tree];

    /// <summary>Walks to the end.</summary>
    /// <exception cref="PageGoneException">a page is not there any more</exception>
    public async ValueTask<T> RunAsync<T>(T walk)
        where T : IndexWalk => await IndexReader.TryRunAsync(pages, head.Table, walk, cancellationToken) ? walk : throw new PageGoneException();

    /// <summary>The payload under a key; null if there is no such entry. Straight down, as very many rows may be looked up one by one.</summary>
    /// <exception cref="PageGoneException">a page is not there any more</exception>
    public async ValueTask<ReadOnlyMemory<byte>?> PayloadAsync(TreeShape shape, TreeRoot root, ReadOnlyMemory<byte> key)
    {
        if (root.IsEmpty)
        {
            return null;
        }

        var page = await ReadAsync(root.Root);
        while (!page.IsLeaf)
        {
            page = await ReadAsync(ChildEntry.Of(page.Payload(page.ChildOf(key.Span)).Span, shape).Page);
        }

        var at = page.LowerBound(key.Span);
        return at < page.Count && page.KeyEquals(at, key.Span) ? page.Payload(at) : default(ReadOnlyMemory<byte>?);
    }

    /// <summary>How many entries stand before a key.</summary>
    /// <exception cref="PageGoneException">a page is not there any more</exception>
    public async ValueTask<long> CountBelowAsync(TreeShape shape, TreeRoot root, ReadOnlyMemory<byte> key)
    {
        if (root.IsEmpty)
        {
            return 0;
        }

        var (count, page) = (0L, await ReadAsync(root.Root));
        while (!page.IsLeaf)
        {
            var child = page.ChildOf(key.Span);
            count += CountBefore(page, child, shape);
            page = await ReadAsync(ChildEntry.Of(page.Payload(child).Span, shape).Page);
        }

        return count + page.LowerBound(key.Span);
    }

    private static long CountBefore(IndexPage page, int child, TreeShape shape)
    {
        var count = 0L;
        for (var i = 0; i < child; i++)
        {
            count += ChildEntry.Of(page.Payload(i).Span, shape).Summary.Count;
        }

        return count;
    }

    private async ValueTask<IndexPage> ReadAsync(PageId page) => await pages.ReadAsync(head.Table, page, cancellationToken) ?? throw new PageGoneException();
}
