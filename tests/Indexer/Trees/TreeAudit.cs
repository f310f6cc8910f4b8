using Mjolnir.Core.Indexes;
using Mjolnir.Indexer.Trees;

namespace Mjolnir.Indexer.Tests.Trees;

/// <summary>Looks at every page of a tree and at the rules that hold for all of them.</summary>
internal static class TreeAudit
{
    /// <summary>All entries in order; fails where a page breaks a rule.</summary>
    public static List<(byte[] Key, byte[] Payload)> Entries(PageSet pages, TreeShape shape, TreeRoot root, PageSizes sizes, HashSet<PageId> seen)
    {
        var entries = new List<(byte[], byte[])>();
        if (!root.IsEmpty)
        {
            Walk(pages, shape, root.Root, pages[root.Root].Level, [], null, sizes, seen, entries);
            Assert.True(pages[root.Root].IsLeaf || pages[root.Root].Count > 1, "a root with one child");
        }

        return entries;
    }

    private static void Walk(
        PageSet pages, TreeShape shape, PageId id, int level, byte[] low, byte[]? high, PageSizes sizes, HashSet<PageId> seen, List<(byte[] Key, byte[] Payload)> entries)
    {
        Assert.True(seen.Add(id), $"page {id} has two parents");
        var page = IndexPage.Decode(pages[id].Bytes);
        Assert.Equal(level, page.Level);
        Assert.True(page.Count > 0, "an empty page");

        // A page above the leaves passes its limit only by a last child that would else be alone, or by the second of two.
        var last = page.IsLeaf ? 0 : page.KeyRest(page.Count - 1).Length + page.Payload(page.Count - 1).Length;
        Assert.True(page.Bytes.Length - last <= (page.IsLeaf ? sizes.Leaf : sizes.Inner) || page.Count <= (page.IsLeaf ? 1 : 2), $"page {id} has {page.Bytes.Length} bytes");
        for (var i = 0; i < page.Count; i++)
        {
            var key = page.Key(i);
            Assert.True(key.AsSpan().SequenceCompareTo(i == 0 ? low : page.Key(i - 1)) >= (i == 0 ? 0 : 1), "keys out of order");
            Assert.True(high is null || key.AsSpan().SequenceCompareTo(high) < 0, "a key behind its page's end");
            if (page.IsLeaf)
            {
                entries.Add((key, page.Payload(i).ToArray()));
                continue;
            }

            var child = ChildEntry.Of(page.Payload(i).Span, shape).Page;
            Walk(pages, shape, child, level - 1, key, i + 1 < page.Count ? page.Key(i + 1) : high, sizes, seen, entries);
            Assert.Equal(new SummaryBuilder(shape).ChildOf(child, pages[child]), page.Payload(i).ToArray());
        }
    }
}
