namespace Mjolnir.Core.Indexes.Walks;

/// <summary>Is shown a group when all of it was seen.</summary>
/// <param name="key">the bytes that its values have in keys; good until the next one is shown</param>
/// <param name="total">what it adds up to; as good</param>
public delegate void GroupVisitor(ReadOnlySpan<byte> key, GroupRecord total);

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
    private readonly GroupVisitor? _visitor;
    private readonly Stack<Open> _open = new();
    private readonly List<KeyValuePair<byte[], GroupRecord>> _found = [];
    private GroupRecord? _group;
    private int _groups;
    private int _groupLength;
    private byte[] _groupKey = new byte[64];
    private byte[] _key = new byte[256];
    private byte[] _end = new byte[256];

    /// <summary>Begins a walk.</summary>
    /// <param name="shape">the tree's</param>
    /// <param name="root">the tree</param>
    /// <param name="range">which entries</param>
    /// <param name="depth">how many of the tree's columns make a group</param>
    /// <param name="groupSums">summed columns of each entry, which is a group itself; -1 if entries are rows</param>
    /// <param name="limit">groups found at most: the walk ends where there are more</param>
    /// <param name="visitor">is shown the groups, at most as many as the limit, and they are not kept then; null: they are <see cref="Found"/></param>
    public GroupWalk(TreeShape shape, TreeRoot root, KeyRange range, int depth, int groupSums, int limit, GroupVisitor? visitor = null)
    {
        (_shape, _range, _groupSums, _limit, _visitor) = (shape, range, groupSums, limit, visitor);
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
    public bool IsWhole => _groups <= _limit;

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

        Show();
        return false;
    }

    private protected override void Take(IndexPage page)
    {
        var end = _open.Pop().End;
        var to = _range.High is { } high ? page.LowerBound(high.Span) : page.Count;
        if (page.IsLeaf)
        {
            TakeLeaf(page, to);
            return;
        }

        // What is looked at first is pushed last.
        var inside = page.LowerBound(_range.Low.Span);
        for (var child = to - 1; child >= page.ChildOf(_range.Low.Span); child--)
        {
            PushChild(page, child, child >= inside && (child + 1 < to || EndsIn(_range, page, child, end)), end);
        }
    }

    private void TakeLeaf(IndexPage page, int to)
    {
        for (var i = page.LowerBound(_range.Low.Span); i < to && IsWhole; i++)
        {
            TakeEntry(Key(page, i, ref _key), page.Payload(i).Span);
        }
    }

    private void PushChild(IndexPage page, int child, bool isInside, ReadOnlyMemory<byte>? end)
    {
        var payload = page.Payload(child);
        var low = Key(page, child, ref _key);
        var key = low[..OrderedKey.LengthOf(low, _columns)];
        var isOneGroup = _groupSums < 0 && isInside && (child + 1 < page.Count ? IsWithin(key, Key(page, child + 1, ref _end)) : end is { } last ? IsWithin(key, last.Span) : !key.ContainsAnyExcept((byte)0xFF));
        _open.Push(new Open(ChildEntry.Of(payload.Span, _shape).Page, isOneGroup || page.Level == 1 ? null : EndOf(page, child, end), isOneGroup ? key.ToArray() : null, payload));
    }

    /// <summary>True if all keys from a prefix on and below an end begin with the prefix (<see cref="OrderedKey.Behind"/>, without making it).</summary>
    private static bool IsWithin(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> end)
    {
        var length = prefix.LastIndexOfAnyExcept((byte)0xFF) + 1;
        return length == 0 || end.StartsWith(prefix) || (end.Length == length && end[..^1].SequenceEqual(prefix[..(length - 1)]) && end[^1] == prefix[length - 1] + 1);
    }

    private static ReadOnlySpan<byte> Key(IndexPage page, int index, ref byte[] buffer)
    {
        var length = page.KeyLength(index);
        buffer = buffer.Length < length ? new byte[2 * length] : buffer;
        return page.Key(index, buffer);
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

    /// <summary>Entries come in order: those of one group follow each other.</summary>
    private GroupRecord GroupOf(ReadOnlySpan<byte> key)
    {
        if (_group is { } last && key.SequenceEqual(_groupKey.AsSpan(0, _groupLength)))
        {
            return last;
        }

        Show();
        _groups++;
        _groupKey = _groupKey.Length < key.Length ? new byte[2 * key.Length] : _groupKey;
        key.CopyTo(_groupKey);
        _groupLength = key.Length;
        if (_visitor is not null)
        {
            return _group ??= NewGroup();
        }

        _group = NewGroup();
        _found.Add(KeyValuePair.Create(key.ToArray(), _group));
        return _group;
    }

    private GroupRecord NewGroup() => new(_groupSums < 0 ? _shape.Sums : _groupSums);

    /// <summary>The group that ends here; one beyond the limit is not shown.</summary>
    private void Show()
    {
        if (_visitor is not null && _group is { Count: > 0 } && IsWhole)
        {
            _visitor(_groupKey.AsSpan(0, _groupLength), _group);
            _group.Clear();
        }
    }
}
