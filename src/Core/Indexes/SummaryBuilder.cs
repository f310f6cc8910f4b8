using System.Buffers;

namespace Mjolnir.Core.Indexes;

/// <summary>Adds up the entries of a page: rows of a leaf, or the summaries of children. Used again and again; not safe for threads.</summary>
/// <param name="shape">the tree's</param>
public sealed class SummaryBuilder(TreeShape shape)
{
    private readonly ColumnSum[] _sums = new ColumnSum[shape.Sums];
    private readonly List<byte[]> _places = new(IndexLimits.TopEntries + 1);
    private byte[] _place = new byte[1024];
    private long _count;

    /// <summary>The payload of the entry for a page: its name, and what its entries add up to.</summary>
    public byte[] ChildOf(PageId id, IndexPage page)
    {
        Clear();
        var isCounted = page.IsLeaf && shape.Order is null && shape.Sums == 0;
        _count = isCounted ? page.Count : 0;
        for (var i = 0; i < page.Count && !isCounted; i++)
        {
            if (page.IsLeaf)
            {
                AddRow(page, i);
            }
            else
            {
                AddChild(ChildEntry.Of(page.Payload(i).Span, shape).Summary);
            }
        }

        var target = new ArrayBufferWriter<byte>(64);
        Number(target, (ulong)id.Term);
        Number(target, (ulong)id.Number);
        Write(target);
        return target.WrittenSpan.ToArray();
    }

    private void Clear()
    {
        Array.Clear(_sums);
        _places.Clear();
        _count = 0;
    }

    private void AddRow(IndexPage page, int index)
    {
        _count++;
        var payload = page.Payload(index).Span;
        var order = shape.Order is null ? default : shape.OrderOf(payload);
        if (shape.Order is not null && (_places.Count < IndexLimits.TopEntries || order.SequenceCompareTo(_places[^1].AsSpan(0, Math.Min(order.Length, _places[^1].Length))) <= 0))
        {
            Offer(PlaceOf(page, index, order));
        }

        shape.AddSums(payload, _sums);
    }

    private ReadOnlySpan<byte> PlaceOf(IndexPage page, int index, ReadOnlySpan<byte> order)
    {
        var keyLength = page.PrefixLength + page.KeyRest(index).Length;
        if (_place.Length < order.Length + keyLength)
        {
            _place = new byte[2 * (order.Length + keyLength)];
        }

        // The key is put where its columns are overwritten by the order's value, or stand before it.
        var key = page.Key(index, _place.AsSpan(order.Length));
        var primaryKey = shape.PrimaryKeyOf(key);
        var start = key.Length - primaryKey.Length;
        order.CopyTo(_place.AsSpan(start));
        return _place.AsSpan(start, order.Length + primaryKey.Length);
    }

    private void AddChild(SummaryView child)
    {
        _count += child.Count;
        child.AddSumsTo(_sums);
        if (shape.Order is null)
        {
            return;
        }

        var places = child.Places();
        while (places.MoveNext() && Offer(places.Current))
        {
        }
    }

    /// <summary>False if the place, and so every later one of the same list, comes behind what is kept.</summary>
    private bool Offer(ReadOnlySpan<byte> place)
    {
        var full = _places.Count == IndexLimits.TopEntries;
        if (full && place.SequenceCompareTo(_places[^1]) > 0)
        {
            return false;
        }

        var (low, high) = (0, _places.Count);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            (low, high) = place.SequenceCompareTo(_places[middle]) > 0 ? (middle + 1, high) : (low, middle);
        }

        _places.Insert(low, place.ToArray());
        if (full)
        {
            _places.RemoveAt(IndexLimits.TopEntries);
        }

        return true;
    }

    private void Write(ArrayBufferWriter<byte> target)
    {
        Number(target, (ulong)_count);
        foreach (var sum in _sums)
        {
            target.Advance(Leb128.WriteSigned(target.GetSpan(Leb128.LargestSize), sum.Total));
            Number(target, (ulong)sum.Count);
        }

        if (shape.Order is null)
        {
            return;
        }

        Number(target, (ulong)_places.Count);
        foreach (var place in _places)
        {
            Number(target, (ulong)place.Length);
            target.Write(place);
        }
    }

    private static void Number(ArrayBufferWriter<byte> target, ulong value) => target.Advance(Leb128.Write(target.GetSpan(Leb128.LargestSize), value));
}
