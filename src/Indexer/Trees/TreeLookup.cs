using Mjolnir.Core.Indexes;

namespace Mjolnir.Indexer.Trees;

/// <summary>Finds one entry among the writer's own pages.</summary>
internal static class TreeLookup
{
    /// <summary>Entries of a tree.</summary>
    public static long Count(PageSet pages, TreeShape shape, TreeRoot root)
    {
        if (root.IsEmpty)
        {
            return 0;
        }

        var page = pages[root.Root];
        return page.IsLeaf ? page.Count : Enumerable.Range(0, page.Count).Sum(child => ChildEntry.Of(page.Payload(child).Span, shape).Summary.Count);
    }

    /// <summary>True if some key begins like this.</summary>
    public static bool HasAny(PageSet pages, TreeShape shape, TreeRoot root, ReadOnlySpan<byte> beginning)
    {
        if (root.IsEmpty)
        {
            return false;
        }

        var page = pages[root.Root];
        byte[] next = [];
        while (!page.IsLeaf)
        {
            var child = page.ChildOf(beginning);
            next = child + 1 < page.Count ? page.Key(child + 1) : next;
            page = pages[ChildEntry.Of(page.Payload(child).Span, shape).Page];
        }

        // What is behind the last entry of the leaf is the lowest key of its neighbour, which a page above names.
        var at = page.LowerBound(beginning);
        return (at < page.Count ? page.Key(at) : next).AsSpan().StartsWith(beginning);
    }

    /// <summary>The payload under a key; false if there is no such entry.</summary>
    public static bool TryFind(PageSet pages, TreeShape shape, TreeRoot root, ReadOnlySpan<byte> key, out ReadOnlyMemory<byte> payload)
    {
        payload = default;
        if (root.IsEmpty)
        {
            return false;
        }

        var page = pages[root.Root];
        while (!page.IsLeaf)
        {
            page = pages[ChildEntry.Of(page.Payload(page.ChildOf(key)).Span, shape).Page];
        }

        var at = page.LowerBound(key);
        if (at == page.Count || !page.KeyEquals(at, key))
        {
            return false;
        }

        payload = page.Payload(at);
        return true;
    }
}
