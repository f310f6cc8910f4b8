namespace Mjolnir.Core.Indexes.Walks;

/// <summary>An entry that a walk found.</summary>
/// <param name="Key">its key: the place behind which a next walk goes on</param>
/// <param name="Payload">its payload: a part of its page</param>
public readonly record struct FoundEntry(byte[] Key, ReadOnlyMemory<byte> Payload);

/// <summary>The entries of a range in key order, or from its end backwards: some of them, behind some others that are only counted.</summary>
public sealed class RangeWalk : IndexWalk
{
    private readonly TreeShape _shape;
    private readonly KeyRange _range;
    private readonly bool _backward;
    private readonly int _limit;
    private readonly Stack<Open> _open = new();
    private readonly List<FoundEntry> _found = [];
    private long _skip;

    /// <summary>Begins a walk.</summary>
    /// <param name="shape">the tree's</param>
    /// <param name="root">the tree</param>
    /// <param name="range">which entries</param>
    /// <param name="backward">the last one first</param>
    /// <param name="skip">entries passed over; takes no longer for many than for few</param>
    /// <param name="limit">entries found at most</param>
    public RangeWalk(TreeShape shape, TreeRoot root, KeyRange range, bool backward, long skip, int limit)
    {
        (_shape, _range, _backward, _skip, _limit) = (shape, range, backward, skip, limit);
        if (!root.IsEmpty)
        {
            _open.Push(new Open(root.Root, -1, null));
        }
    }

    /// <summary>A page not yet read, with the number of its entries if all of them are in the range, else -1, and the key behind its last.</summary>
    private readonly record struct Open(PageId Page, long Count, ReadOnlyMemory<byte>? End);

    /// <summary>What was found, in the order asked for.</summary>
    public IReadOnlyList<FoundEntry> Found => _found;

    /// <inheritdoc/>
    public override bool TryNext(out PageId page)
    {
        page = default;
        while (_found.Count < _limit && _open.TryPeek(out var open))
        {
            if (open.Count < 0 || open.Count > _skip)
            {
                page = open.Page;
                return true;
            }

            _skip -= open.Count;
            _open.Pop();
        }

        return false;
    }

    private protected override void Take(IndexPage page)
    {
        var end = _open.Pop().End;
        if (page.IsLeaf)
        {
            TakeLeaf(page);
        }
        else
        {
            TakeInner(page, end);
        }
    }

    private void TakeLeaf(IndexPage page)
    {
        var from = page.LowerBound(_range.Low.Span);
        var to = _range.High is { } high ? page.LowerBound(high.Span) : page.Count;
        var passed = (int)Math.Min(_skip, Math.Max(0, to - from));
        _skip -= passed;
        for (var n = passed; n < to - from && _found.Count < _limit; n++)
        {
            var at = _backward ? to - 1 - n : from + n;
            _found.Add(new FoundEntry(page.Key(at), page.Payload(at)));
        }
    }

    private void TakeInner(IndexPage page, ReadOnlyMemory<byte>? end)
    {
        var first = page.ChildOf(_range.Low.Span);
        var behind = _range.High is { } high ? page.LowerBound(high.Span) : page.Count;
        for (var n = 0; n < behind - first; n++)
        {
            // What is looked at first is pushed last.
            var child = _backward ? first + n : behind - 1 - n;
            var childEnd = EndOf(page, child, end);
            var entry = ChildEntry.Of(page.Payload(child).Span, _shape);
            _open.Push(new Open(entry.Page, _range.Covers(page.Key(child), childEnd) ? entry.Summary.Count : -1, childEnd));
        }
    }
}
