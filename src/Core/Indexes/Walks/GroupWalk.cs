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
    private readonly Stack<Open> _open = new();
    private (byte[] Key, GroupRecord? Group) _last = ([], null);
    private byte[] _key = new byte[256];
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
            _open.Push(new Open(root.Root, null, null, default));
        }
    }

    /// <summary>A page not yet read, with the key behind its last, or, where all of it is in one group, that group's key and what it adds up to.</summary>
    private readonly record struct Open(PageId Page, ReadOnlyMemory<byte>? End, byte[]? Group, ReadOnlyMemory<byte> Child);

    /// <summary>The groups in the order of their keys, by the bytes that their values have there.</summary>
    public IReadOnlyCollection<KeyValuePair<byte[], GroupRecord>> Found => _found;

    /// <summary>False if there are more groups than were to be found: then those found are the first ones, and the last of them is not whole.</summary>
    public bool IsWhole => _found.Count <= _limit;

    /// <inheritdoc/>
    public override bool TryNext(out PageId page)
    {
        page = default;
        while (IsWhole && _open.TryPeek(out var open))
        {
            if (open.Group is null)
            {
                page = open.Page;
                return true;
            }

            _open.Pop();
            var group = GroupOf(open.Group);
            var summary = ChildEntry.Of(open.Child.Span, _shape).Summary;
            group.AddCount(summary.Count);
            summary.AddSumsTo(group.Sums);
        }

        return false;
    }

    private protected override void Take(IndexPage page)
    {
        var end = _open.Pop().End;
        var from = page.IsLeaf ? page.LowerBound(_range.Low.Span) : page.ChildOf(_range.Low.Span);
        var to = _range.High is { } high ? page.LowerBound(high.Span) : page.Count;
        for (var i = from; i < to && page.IsLeaf && IsWhole; i++)
        {
            var length = page.PrefixLength + page.KeyRest(i).Length;
            _key = _key.Length < length ? new byte[2 * length] : _key;
            TakeEntry(page.Key(i, _key), page.Payload(i).Span);
        }

        // What is looked at first is pushed last.
        for (var i = to - 1; i >= from && !page.IsLeaf; i--)
        {
            PushChild(page, i, EndOf(page, i, end));
        }
    }

    private void PushChild(IndexPage page, int index, ReadOnlyMemory<byte>? end)
    {
        var payload = page.Payload(index);
        var low = page.Key(index);
        var key = low.AsSpan(0, OrderedKey.LengthOf(low, _columns));
        var isOneGroup = _groupSums < 0 && _range.Covers(low, end) && KeyRange.Of(key.ToArray()).Covers(low, end);
        _open.Push(new Open(ChildEntry.Of(payload.Span, _shape).Page, end, isOneGroup ? key.ToArray() : null, payload));
    }

    private void TakeEntry(ReadOnlySpan<byte> entry, ReadOnlySpan<byte> payload)
    {
        var group = GroupOf(entry[..OrderedKey.LengthOf(entry, _columns)]);
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
        // Entries come in order: those of one group follow each other.
        if (_last.Group is { } last && key.SequenceEqual(_last.Key))
        {
            return last;
        }

        var bytes = key.ToArray();
        if (!_found.TryGetValue(bytes, out var group))
        {
            _found[bytes] = group = new GroupRecord(_groupSums < 0 ? _shape.Sums : _groupSums);
        }

        _last = (bytes, group);
        return group;
    }
}
