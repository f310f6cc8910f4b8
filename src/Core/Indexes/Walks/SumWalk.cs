namespace Mjolnir.Core.Indexes.Walks;

/// <summary>How many entries a range has, and what its summed columns add up to: two pages a level at most.</summary>
public sealed class SumWalk : IndexWalk
{
    private readonly TreeShape _shape;
    private readonly KeyRange _range;
    private readonly ColumnSum[] _sums;
    private readonly Stack<(PageId Page, ReadOnlyMemory<byte>? End)> _open = new();

    /// <summary>Begins a walk.</summary>
    /// <param name="shape">the tree's</param>
    /// <param name="root">the tree</param>
    /// <param name="range">which entries</param>
    public SumWalk(TreeShape shape, TreeRoot root, KeyRange range)
    {
        (_shape, _range, _sums) = (shape, range, new ColumnSum[shape.Sums]);
        if (!root.IsEmpty)
        {
            _open.Push((root.Root, null));
        }
    }

    /// <summary>Entries, as far as the walk has come.</summary>
    public long Count { get; private set; }

    /// <summary>A sum for each summed column, as far as the walk has come.</summary>
    public IReadOnlyList<ColumnSum> Sums => _sums;

    /// <inheritdoc/>
    public override bool TryNext(out PageId page)
    {
        var any = _open.TryPeek(out var open);
        page = open.Page;
        return any;
    }

    private protected override void Take(IndexPage page)
    {
        var end = _open.Pop().End;
        if (page.IsLeaf)
        {
            TakeLeaf(page);
            return;
        }

        // Children between the first and the last are in the range as a whole: only these two may lie across its borders.
        var inside = page.LowerBound(_range.Low.Span);
        var behind = _range.High is { } high ? page.LowerBound(high.Span) : page.Count;
        for (var child = page.ChildOf(_range.Low.Span); child < behind; child++)
        {
            var entry = ChildEntry.Of(page.Payload(child).Span, _shape);
            if (child >= inside && (child + 1 < behind || EndsIn(_range, page, child, end)))
            {
                Count += entry.Summary.Count;
                entry.Summary.AddSumsTo(_sums);
            }
            else
            {
                _open.Push((entry.Page, page.Level > 1 ? EndOf(page, child, end) : null));
            }
        }
    }

    private void TakeLeaf(IndexPage page)
    {
        var from = page.LowerBound(_range.Low.Span);
        var to = _range.High is { } high ? page.LowerBound(high.Span) : page.Count;
        Count += Math.Max(0, to - from);
        for (var i = from; i < to && _sums.Length > 0; i++)
        {
            _shape.AddSums(page.Payload(i).Span, _sums);
        }
    }
}
