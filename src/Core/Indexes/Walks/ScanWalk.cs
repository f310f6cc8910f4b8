namespace Mjolnir.Core.Indexes.Walks;

/// <summary>Is shown an entry where it lies; false if no more are wanted.</summary>
/// <param name="key">good until the next one is shown</param>
/// <param name="payload">as good</param>
public delegate bool EntryVisitor(ReadOnlySpan<byte> key, ReadOnlySpan<byte> payload);

/// <summary>The entries of a range in key order, shown one after another. Nothing of them is kept, so that very many take little.</summary>
public sealed class ScanWalk : IndexWalk
{
    private readonly TreeShape _shape;
    private readonly KeyRange _range;
    private readonly EntryVisitor _visitor;
    private readonly Stack<PageId> _open = new();
    private byte[]? _key;

    /// <summary>Begins a walk.</summary>
    /// <param name="shape">the tree's</param>
    /// <param name="root">the tree</param>
    /// <param name="range">which entries</param>
    /// <param name="visitor">is shown them</param>
    public ScanWalk(TreeShape shape, TreeRoot root, KeyRange range, EntryVisitor visitor)
    {
        (_shape, _range, _visitor) = (shape, range, visitor);
        if (!root.IsEmpty)
        {
            _open.Push(root.Root);
        }
    }

    /// <inheritdoc/>
    public override bool TryNext(out PageId page) => _open.TryPeek(out page);

    private protected override void Take(IndexPage page)
    {
        _open.Pop();
        var to = _range.High is { } high ? page.LowerBound(high.Span) : page.Count;
        if (page.IsLeaf)
        {
            TakeLeaf(page, page.LowerBound(_range.Low.Span), to);
            return;
        }

        for (var child = to - 1; child >= page.ChildOf(_range.Low.Span); child--)
        {
            _open.Push(ChildEntry.Of(page.Payload(child).Span, _shape).Page);
        }
    }

    private void TakeLeaf(IndexPage page, int from, int to)
    {
        Span<byte> usual = stackalloc byte[256];
        for (var i = from; i < to; i++)
        {
            var length = page.KeyLength(i);
            var room = length <= usual.Length ? usual : _key?.Length >= length ? _key : _key = new byte[2 * length];
            if (!_visitor(page.Key(i, room), page.Payload(i).Span))
            {
                _open.Clear();
                return;
            }
        }
    }
}
