namespace Mjolnir.Core.Indexes.Walks;

/// <summary>
/// The entries of a range that come first in the declared order, whatever order their keys are in. Best-first: of the subtrees that may still have better places than those
/// found, the one with the least bound is opened next.
/// <code>
/// a subtree within the range     gives its places at once; the rest of it comes behind the last of them
/// one that crosses a border      is bounded by its first place; nobody knows which of its places are in the range
/// </code>
/// </summary>
public sealed class TopWalk : IndexWalk
{
    private readonly TreeShape _shape;
    private readonly KeyRange _range;
    private readonly byte[] _after;
    private readonly int _limit;
    private readonly SortedSet<byte[]> _best = new(PlaceOrder.Instance);
    private readonly PriorityQueue<Open, byte[]> _open = new(PlaceOrder.Instance);
    private byte[] _place = new byte[256];

    /// <summary>Begins a walk.</summary>
    /// <param name="shape">the tree's; an order is declared</param>
    /// <param name="root">the tree</param>
    /// <param name="range">which entries</param>
    /// <param name="after">the place behind which the walk begins; empty for the first</param>
    /// <param name="limit">places found at most; at least 1</param>
    public TopWalk(TreeShape shape, TreeRoot root, KeyRange range, byte[] after, int limit)
    {
        Invariant.Require(shape.Order is not null && limit > 0, "A walk by an order needs a declared one, and a limit.");
        (_shape, _range, _after, _limit) = (shape, range, after, limit);
        if (!root.IsEmpty)
        {
            _open.Enqueue(new Open(root.Root, null), after);
        }
    }

    private readonly record struct Open(PageId Page, ReadOnlyMemory<byte>? End);

    /// <summary>The places found, in order: value of the declared order, then primary key (<see cref="TreeShape.PrimaryKeyOfPlace"/>). Right when the walk is at its end.</summary>
    public IReadOnlyCollection<byte[]> Found => _best;

    /// <inheritdoc/>
    public override bool TryNext(out PageId page)
    {
        var any = _open.TryPeek(out var open, out var bound) && (_best.Count < _limit || bound.AsSpan().SequenceCompareTo(_best.Max) < 0);
        page = open.Page;
        return any;
    }

    private protected override void Take(IndexPage page)
    {
        var end = _open.Dequeue().End;
        var from = page.IsLeaf ? page.LowerBound(_range.Low.Span) : page.ChildOf(_range.Low.Span);
        var to = _range.High is { } high ? page.LowerBound(high.Span) : page.Count;
        for (var i = from; i < to; i++)
        {
            if (page.IsLeaf)
            {
                Offer(PlaceOf(page, i));
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
        var places = child.Summary.Places();
        var isWithin = _range.Covers(page.Key(index), end);
        if (isWithin)
        {
            OfferAll(places);
            if (places.Count == child.Summary.Count)
            {
                return;
            }
        }

        var bound = isWithin ? Last(places) : FirstBehind(places);
        if (bound.SequenceCompareTo(_after) <= 0)
        {
            if (!isWithin && places.Count == child.Summary.Count)
            {
                return; // all its places are listed, and were given before
            }

            bound = _after;
        }

        if (_best.Count < _limit || bound.SequenceCompareTo(_best.Max) < 0)
        {
            _open.Enqueue(new Open(child.Page, end), bound.ToArray());
        }
    }

    private void OfferAll(PlaceList places)
    {
        while (places.MoveNext() && Offer(places.Current))
        {
        }
    }

    /// <summary>The first place behind where the walk began; the last of the list if none is.</summary>
    private ReadOnlySpan<byte> FirstBehind(PlaceList places)
    {
        while (places.MoveNext() && places.Current.SequenceCompareTo(_after) <= 0)
        {
        }

        return places.Current;
    }

    private static ReadOnlySpan<byte> Last(PlaceList places)
    {
        while (places.MoveNext())
        {
        }

        return places.Current;
    }

    /// <summary>False if this place, and so every later one, comes behind what was found.</summary>
    private bool Offer(ReadOnlySpan<byte> place)
    {
        if (_best.Count == _limit && place.SequenceCompareTo(_best.Max) >= 0)
        {
            return false;
        }

        if (place.SequenceCompareTo(_after) > 0 && _best.Add(place.ToArray()) && _best.Count > _limit)
        {
            _best.Remove(_best.Max!);
        }

        return true;
    }

    private ReadOnlySpan<byte> PlaceOf(IndexPage page, int index)
    {
        var order = _shape.OrderOf(page.Payload(index).Span);
        var primaryKey = _shape.PrimaryKeyOf(page.Key(index));
        if (_place.Length < order.Length + primaryKey.Length)
        {
            _place = new byte[2 * (order.Length + primaryKey.Length)];
        }

        order.CopyTo(_place);
        primaryKey.CopyTo(_place.AsSpan(order.Length));
        return _place.AsSpan(0, order.Length + primaryKey.Length);
    }

    private sealed class PlaceOrder : IComparer<byte[]>
    {
        public static readonly PlaceOrder Instance = new();

        public int Compare(byte[]? x, byte[]? y) => x.AsSpan().SequenceCompareTo(y);
    }
}
