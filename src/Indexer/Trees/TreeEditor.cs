using System.Runtime.InteropServices;
using Mjolnir.Core;
using Mjolnir.Core.Indexes;

namespace Mjolnir.Indexer.Trees;

/// <summary>A change of one entry.</summary>
/// <param name="Key">the entry's</param>
/// <param name="Payload">what it holds from now on; null if it is taken out</param>
internal readonly record struct TreeChange(byte[] Key, byte[]? Payload)
{
    /// <summary>Sorts changes in place, by their keys.</summary>
    public static ReadOnlySpan<TreeChange> Sorted(List<TreeChange> changes)
    {
        changes.Sort(static (left, right) => left.Key.AsSpan().SequenceCompareTo(right.Key));
        return CollectionsMarshal.AsSpan(changes);
    }
}

/// <summary>How large pages get. Tests make them small, to have high trees of few rows.</summary>
/// <param name="Leaf">bytes of a leaf, and of a page above the leaves whose children are listed without places: a hundred of them are enough, and a change copies them all</param>
/// <param name="Inner">bytes of a page above the leaves that lists places</param>
internal readonly record struct PageSizes(int Leaf, int Inner)
{
    public static PageSizes Usual { get; } = new(IndexLimits.LeafBytes, IndexLimits.InnerBytes);
}

/// <summary>
/// Changes a tree by making new pages beside the old ones: one way down for all changes of a step.
/// <code>
/// 1 a leaf with its changes becomes new leaves, or none
/// 2 its parent gets them in its place; those that are underfull are put together with a neighbour if both fit into one page
/// 3 the parent becomes new pages in the same way, up to the root: several of them get a new root above, a root with one child gives way to it
/// </code>
/// Whoever has the old root sees the old tree. Not safe for threads.
/// </summary>
internal sealed class TreeEditor(TreeShape shape, PageSet pages, PageSizes sizes)
{
    // Entries of a new tree that are turned into leaves together: enough that one leaf in a hundred is left half empty, and few enough to stay in the processor's cache.
    private const int BuiltTogether = 10_000;

    private readonly SummaryBuilder _summaries = new(shape);
    private readonly Stack<EntryList> _lists = new(); // one for each level under way
    private readonly List<int> _ends = [];
    private readonly List<PageEdit> _edits = [];

    /// <summary>A page as its parent lists it.</summary>
    private readonly record struct Listed(byte[] Key, PageId Id, ReadOnlyMemory<byte> Payload, bool IsNew);

    /// <summary>The tree after the changes.</summary>
    /// <param name="root">the tree before</param>
    /// <param name="changes">in order of their keys, each key once</param>
    /// <exception cref="InvariantException">an entry that is to be taken out is not there</exception>
    public TreeRoot Apply(TreeRoot root, ReadOnlySpan<TreeChange> changes)
    {
        if (changes.IsEmpty)
        {
            return root;
        }

        if (root.IsEmpty)
        {
            return Build(changes);
        }

        var level = pages[root.Root].Level;
        return Top(Change(root.Root, changes), level, isFilled: false);
    }

    private TreeRoot Build(ReadOnlySpan<TreeChange> changes)
    {
        var leaves = new List<Listed>();
        for (; !changes.IsEmpty; changes = changes[Math.Min(BuiltTogether, changes.Length)..])
        {
            var list = NewList();
            Merge(list, null, changes[..Math.Min(BuiltTogether, changes.Length)]);
            leaves.AddRange(ToPages(list, 0, isFilled: true));
        }

        return Top(leaves, 0, isFilled: true);
    }

    /// <summary>Builds pages above these until one is left; a page above the leaves with one child is none.</summary>
    private TreeRoot Top(List<Listed> listed, int level, bool isFilled)
    {
        while (listed.Count > 1)
        {
            listed = ToPages(ListOf(listed), ++level, isFilled);
        }

        if (listed.Count == 0)
        {
            return TreeRoot.Empty;
        }

        var root = listed[0].Id;
        while (pages[root] is { IsLeaf: false, Count: 1 } single)
        {
            pages.Drop(root);
            root = ChildEntry.Of(single.Payload(0).Span, shape).Page;
        }

        return new TreeRoot(root);
    }

    private List<Listed> Change(PageId id, ReadOnlySpan<TreeChange> changes)
    {
        var page = pages[id];
        pages.Drop(id);
        return page.IsLeaf ? ChangeLeaf(page, changes) : ChangeInner(page, changes);
    }

    private List<Listed> ChangeLeaf(IndexPage page, ReadOnlySpan<TreeChange> changes)
    {
        _edits.Clear();
        foreach (var (key, payload) in changes)
        {
            var at = page.LowerBound(key);
            var isThere = at < page.Count && page.KeyEquals(at, key);
            Invariant.Require(isThere || payload is not null, "An entry that is to be taken out of an index is not there.");
            _edits.Add(new PageEdit(at, isThere, key, payload is null ? default(ReadOnlyMemory<byte>?) : payload));
        }

        if (PagePatch.TryApply(page, CollectionsMarshal.AsSpan(_edits), LimitOf(0), pages.Buffers) is { } patched)
        {
            return [List(patched)];
        }

        var list = NewList();
        Merge(list, page, changes);
        return ToPages(list, 0, isFilled: page.LowerBound(changes[0].Key) == page.Count);
    }

    private List<Listed> ChangeInner(IndexPage page, ReadOnlySpan<TreeChange> changes)
    {
        var changed = new List<(int Child, List<Listed> Now)>();
        while (!changes.IsEmpty)
        {
            // What lies below the next child's lowest key belongs to this one; to the last belongs all that is left.
            var child = page.ChildOf(changes[0].Key);
            var share = child + 1 < page.Count ? CountBelow(changes, page.Key(child + 1)) : changes.Length;
            changed.Add((child, Change(ChildEntry.Of(page.Payload(child).Span, shape).Page, changes[..share])));
            changes = changes[share..];
        }

        return TryPatchInner(page, changed) is { } patched ? [List(patched)] : MakeInner(page, changed);
    }

    /// <summary>The page with other children in the places of some; null if there is one more or less of them, or one is to be joined.</summary>
    private IndexPage? TryPatchInner(IndexPage page, List<(int Child, List<Listed> Now)> changed)
    {
        _edits.Clear();
        foreach (var (child, now) in changed)
        {
            if (now.Count != 1 || pages[now[0].Id].Bytes.Length < LeastOf(page.Level - 1))
            {
                return null;
            }

            _edits.Add(new PageEdit(child, IsRemoved: true, now[0].Key, now[0].Payload));
        }

        return PagePatch.TryApply(page, CollectionsMarshal.AsSpan(_edits), LimitOf(page.Level), pages.Buffers);
    }

    private List<Listed> MakeInner(IndexPage page, List<(int Child, List<Listed> Now)> changed)
    {
        var children = new List<Listed>(page.Count + 2);
        var at = 0;
        foreach (var (child, now) in changed)
        {
            AddUnchanged(children, page, at, child);
            children.AddRange(now);
            at = child + 1;
        }

        AddUnchanged(children, page, at, page.Count);
        JoinUnderfull(children, page.Level - 1);
        return ToPages(ListOf(children), page.Level, isFilled: changed[0].Child == page.Count - 1);
    }

    private void AddUnchanged(List<Listed> children, IndexPage page, int from, int to)
    {
        for (var child = from; child < to; child++)
        {
            var payload = page.Payload(child);
            children.Add(new Listed(page.Key(child), ChildEntry.Of(payload.Span, shape).Page, payload, IsNew: false));
        }
    }

    private void JoinUnderfull(List<Listed> children, int level)
    {
        var least = LeastOf(level);
        var at = 0;
        while (at < children.Count && children.Count > 1)
        {
            var left = children[at].IsNew && SizeOf(children, at) < least ? LeftToJoin(children, at, level) : -1;
            if (left < 0)
            {
                at++;
                continue;
            }

            var joined = Join(children[left].Id, children[left + 1].Id, level);
            children.RemoveRange(left, 2);
            children.InsertRange(left, joined);

            // One page of the two may be underfull still, and has another neighbour now.
            at = joined.Count == 1 ? left : left + joined.Count;
        }
    }

    /// <summary>The left one of two neighbours that fit into one page, of which one is at <paramref name="at"/>; -1 if neither neighbour fits: then both are nearly full.</summary>
    private int LeftToJoin(List<Listed> children, int at, int level)
    {
        var fits = (int left) => left >= 0 && left + 1 < children.Count && SizeOf(children, left) + SizeOf(children, left + 1) <= LimitOf(level);
        return fits(at) ? at : fits(at - 1) ? at - 1 : -1;
    }

    private int SizeOf(List<Listed> children, int at) => pages[children[at].Id].Bytes.Length;

    private List<Listed> Join(PageId left, PageId right, int level)
    {
        var list = NewList();
        foreach (var id in (ReadOnlySpan<PageId>)[left, right])
        {
            var page = pages[id];
            list.Add(page, 0, page.Count);
            pages.Drop(id);
        }

        return ToPages(list, level, isFilled: false);
    }

    /// <summary>Makes pages of all entries of a list, which is free for others then.</summary>
    private List<Listed> ToPages(EntryList list, int level, bool isFilled)
    {
        var listed = new List<Listed>();
        _ends.Clear();
        if (list.Count > 0)
        {
            list.Cut(level, LimitOf(level), isFilled, _ends);
        }

        var from = 0;
        foreach (var end in _ends)
        {
            listed.Add(List(list.ToPage(level, from, end, pages.Buffers)));
            from = end;
        }

        _lists.Push(list);
        return listed;
    }

    /// <summary>Takes in a new page.</summary>
    private Listed List(IndexPage page)
    {
        var id = pages.Add(page);
        return new Listed(page.Key(0), id, _summaries.ChildOf(id, page), IsNew: true);
    }

    private EntryList ListOf(List<Listed> listed)
    {
        var list = NewList();
        foreach (var page in listed)
        {
            list.Add(page.Key, page.Payload.Span);
        }

        return list;
    }

    private EntryList NewList()
    {
        if (!_lists.TryPop(out var list))
        {
            return new EntryList();
        }

        list.Clear();
        return list;
    }

    /// <summary>The entries of a leaf, or of none, with changes.</summary>
    private static void Merge(EntryList list, IndexPage? page, ReadOnlySpan<TreeChange> changes)
    {
        var at = 0;
        foreach (var change in changes)
        {
            var isThere = false;
            if (page is not null)
            {
                var next = page.LowerBound(change.Key);
                list.Add(page, at, next);
                isThere = next < page.Count && page.KeyEquals(next, change.Key);
                at = isThere ? next + 1 : next;
            }

            Invariant.Require(isThere || change.Payload is not null, "An entry that is to be taken out of an index is not there.");
            if (change.Payload is not null)
            {
                list.Add(change.Key, change.Payload);
            }
        }

        if (page is not null)
        {
            list.Add(page, at, page.Count);
        }
    }

    private static int CountBelow(ReadOnlySpan<TreeChange> changes, ReadOnlySpan<byte> key)
    {
        var count = 0;
        while (count < changes.Length && changes[count].Key.AsSpan().SequenceCompareTo(key) < 0)
        {
            count++;
        }

        return count;
    }

    private int LeastOf(int level) => LimitOf(level) / IndexLimits.UnderfullPart;

    private int LimitOf(int level) => level == 0 || shape.Order is null ? sizes.Leaf : sizes.Inner;
}
