namespace Mjolnir.Core.Indexes;

/// <summary>What one summed column of a subtree adds up to.</summary>
/// <param name="Total">the sum, exact</param>
/// <param name="Count">rows in which the column is not null: total / count is the average</param>
public readonly record struct ColumnSum(Int128 Total, long Count)
{
    /// <summary>Both together.</summary>
    public static ColumnSum operator +(ColumnSum left, ColumnSum right) => new(left.Total + right.Total, left.Count + right.Count);

    /// <summary>What is left without <paramref name="right"/>.</summary>
    public static ColumnSum operator -(ColumnSum left, ColumnSum right) => new(left.Total - right.Total, left.Count - right.Count);
}

/// <summary>
/// What a subtree adds up to, as it stands in its parent's entry:
/// <code>
/// number  entries
/// per summed column: signed number total, number rows
/// with a declared order: number of places, then each with its length before it
/// </code>
/// A <i>place</i> is an entry's value of the declared order, then its primary key. The places are those of the subtree that come first, in order, at most
/// <see cref="IndexLimits.TopEntries"/>: all of them if there are no more entries.
/// </summary>
public readonly ref struct SummaryView
{
    private readonly ReadOnlySpan<byte> _bytes;
    private readonly int _sums;
    private readonly int _sumsAt;

    internal SummaryView(ReadOnlySpan<byte> bytes, TreeShape shape)
    {
        var at = 0;
        _bytes = bytes;
        _sums = shape.Sums;
        Count = (long)Leb128.Read(bytes, ref at);
        _sumsAt = at;
    }

    /// <summary>Entries of the subtree.</summary>
    public long Count { get; }

    /// <summary>Adds the subtree's sums to these, one for each summed column.</summary>
    public void AddSumsTo(Span<ColumnSum> sums)
    {
        var at = _sumsAt;
        for (var i = 0; i < _sums; i++)
        {
            sums[i] += new ColumnSum(Leb128.ReadSigned(_bytes, ref at), (long)Leb128.Read(_bytes, ref at));
        }
    }

    /// <summary>The places that come first; only where an order is declared.</summary>
    public PlaceList Places()
    {
        var at = _sumsAt;
        for (var i = 0; i < _sums; i++)
        {
            Leb128.ReadSigned(_bytes, ref at);
            Leb128.Read(_bytes, ref at);
        }

        return new PlaceList(_bytes, at);
    }
}

/// <summary>The places of a summary, from the first on.</summary>
public ref struct PlaceList
{
    private readonly ReadOnlySpan<byte> _bytes;
    private int _at;
    private int _left;

    internal PlaceList(ReadOnlySpan<byte> bytes, int at)
    {
        _bytes = bytes;
        _at = at;
        Count = _left = (int)Leb128.Read(bytes, ref _at);
        Current = default;
    }

    /// <summary>How many there are.</summary>
    public int Count { get; }

    /// <summary>The place that <see cref="MoveNext"/> went to.</summary>
    public ReadOnlySpan<byte> Current { get; private set; }

    /// <summary>Goes to the next place; false behind the last.</summary>
    public bool MoveNext()
    {
        if (_left == 0)
        {
            return false;
        }

        _left--;
        var length = (int)Leb128.Read(_bytes, ref _at);
        Current = _bytes.Slice(_at, length);
        _at += length;
        return true;
    }
}

/// <summary>A child in a page above the leaves. Its payload: number term, number number of the page, its summary.</summary>
public readonly ref struct ChildEntry
{
    private ChildEntry(PageId page, SummaryView summary)
    {
        Page = page;
        Summary = summary;
    }

    /// <summary>The child's page.</summary>
    public PageId Page { get; }

    /// <summary>What is under it.</summary>
    public SummaryView Summary { get; }

    /// <summary>Reads the payload of an entry above the leaves.</summary>
    public static ChildEntry Of(ReadOnlySpan<byte> payload, TreeShape shape)
    {
        var at = 0;
        var page = new PageId((long)Leb128.Read(payload, ref at), (long)Leb128.Read(payload, ref at));
        return new ChildEntry(page, new SummaryView(payload[at..], shape));
    }
}
