namespace Mjolnir.Core.Indexes.Walks;

/// <summary>
/// The rows of a range, counted and summed per value of the tree's first columns. Where a whole subtree has one value its summary is taken; only pages on the border between two values
/// are opened, so many rows with few values take few pages.
/// </summary>
public sealed class GroupWalk : IndexWalk
{
    private readonly TreeShape _shape;
    private readonly KeyRange _range;
    private readonly IReadOnlyList<IndexColumn> _columns;
    private readonly int _groupSums;
    private readonly int _limit;
    private readonly Stack<(PageId Page, ReadOnlyMemory<byte>? End)> _open = new();
    private readonly SortedDictionary<byte[], GroupRecord> _found = new(Comparer<byte[]>.Create(static (left, right) => left.AsSpan().SequenceCompareTo(right)));

    /// <summary>Begins a walk.</summary>
    /// <param name="shape">the tree's</param>
    /// <param name="root">the tree</param>
    /// <param name="range">which entries</param>
    /// <param name="depth">how many of the tree's columns make a group</param>
    /// <param name="groupSums">summed columns of each entry, which is a group itself; -1 if entries are rows</param>
    /// <param name="limit">groups found at most: the walk ends where there are more</param>
    public GroupWalk(TreeShape shape, TreeRoot root, KeyRange range, int depth, int groupSums, int limit)
    {
        (_shape, _range, _groupSums, _limit) = (shape, range, groupSums, limit);
        _columns = [.. shape.Columns.Take(depth)];
        if (!root.IsEmpty)
        {
            _open.Push((root.Root, null));
        }
    }

    /// <summary>The groups in the order of their keys, by the bytes that their values have there.</summary>
    public IReadOnlyCollection<KeyValuePair<byte[], GroupRecord>> Found => _found;

    /// <summary>False if there are more groups than were to be found: then those found are not whole either.</summary>
    public bool IsWhole => _found.Count <= _limit;

    /// <inheritdoc/>
    public override bool TryNext(out PageId page)
    {
        var any = _open.TryPeek(out var open) && IsWhole;
        page = open.Page;
        return any;
    }

    private protected override void Take(IndexPage page)
    {
        var end = _open.Pop().End;
        var from = page.IsLeaf ? page.LowerBound(_range.Low.Span) : page.ChildOf(_range.Low.Span);
        var to = _range.High is { } high ? page.LowerBound(high.Span) : page.Count;
        for (var i = from; i < to; i++)
        {
            if (page.IsLeaf)
            {
                TakeEntry(page.Key(i), page.Payload(i).Span);
            }
            else
            {
                TakeChild(page, i, EndOf(page, i, end));
            }
        }
    }

    private void TakeChild(IndexPage page, int index, ReadOnlyMemory<byte>? end)
    {
        var child = ChildEntry.Of(page.Payload(index).Span, _shape);
        var low = page.Key(index);
        var key = low.AsSpan(0, OrderedKey.LengthOf(low, _columns));
        if (_groupSums < 0 && _range.Covers(low, end) && KeyRange.Of(key.ToArray()).Covers(low, end))
        {
            var group = GroupOf(key);
            group.AddCount(child.Summary.Count);
            child.Summary.AddSumsTo(group.Sums);
        }
        else
        {
            _open.Push((child.Page, end));
        }
    }

    private void TakeEntry(byte[] entry, ReadOnlySpan<byte> payload)
    {
        var group = GroupOf(entry.AsSpan(0, OrderedKey.LengthOf(entry, _columns)));
        if (_groupSums >= 0)
        {
            group.Add(GroupRecord.Read(payload, _groupSums));
            return;
        }

        group.AddCount(1);
        _shape.AddSums(payload, group.Sums);
    }

    private GroupRecord GroupOf(ReadOnlySpan<byte> key)
    {
        var bytes = key.ToArray();
        if (!_found.TryGetValue(bytes, out var group))
        {
            _found[bytes] = group = new GroupRecord(_groupSums < 0 ? _shape.Sums : _groupSums);
        }

        return group;
    }
}
