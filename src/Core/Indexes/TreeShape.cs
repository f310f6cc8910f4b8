namespace Mjolnir.Core.Indexes;

/// <summary>
/// What the entries of a tree are made of. Key: the values of <see cref="Columns"/>, then the primary key in UTF-8 (to the end). Payload: the value of
/// <see cref="Order"/>, then the summed numbers, ascending; a tree with neither may hold any payload.
/// </summary>
/// <param name="Columns">the columns of the key</param>
/// <param name="Order">the order that summaries list the best entries in; null without one</param>
/// <param name="Sums">summed columns</param>
public sealed record TreeShape(IReadOnlyList<IndexColumn> Columns, IndexColumn? Order, int Sums)
{
    /// <summary>How a summed number stands in a payload.</summary>
    public static IndexColumn Summed { get; } = new("sum", IndexedKind.Number);

    /// <summary>The tree of a declared index.</summary>
    public static TreeShape Of(IndexDeclaration index) => new(index.Columns, index.Order, index.Sums.Count);

    /// <summary>The tree of a declared group: each entry is a group (<see cref="GroupRecord"/>), without a primary key behind its values.</summary>
    public static TreeShape Of(GroupDeclaration group) => new(group.Columns, null, 0);

    /// <summary>The primary key in an entry's key, UTF-8.</summary>
    public ReadOnlySpan<byte> PrimaryKeyOf(ReadOnlySpan<byte> key) => key[OrderedKey.LengthOf(key, Columns)..];

    /// <summary>The primary key in a place of the declared order, UTF-8.</summary>
    public ReadOnlySpan<byte> PrimaryKeyOfPlace(ReadOnlySpan<byte> place) => place[OrderedKey.LengthOf(place, Order!)..];

    /// <summary>The value of the declared order in an entry's payload.</summary>
    public ReadOnlySpan<byte> OrderOf(ReadOnlySpan<byte> payload) => payload[..OrderedKey.LengthOf(payload, Order!)];

    /// <summary>Adds the summed numbers of an entry's payload to these, one for each summed column.</summary>
    public void AddSums(ReadOnlySpan<byte> payload, Span<ColumnSum> sums)
    {
        var at = Order is null || sums.IsEmpty ? 0 : OrderOf(payload).Length;
        foreach (ref var sum in sums)
        {
            var number = payload.Slice(at, OrderedKey.LengthOf(payload[at..], Summed));
            at += number.Length;
            if (OrderedKey.TryNumber(number, out var value))
            {
                sum += new ColumnSum((Int128)value, 1);
            }
        }
    }
}

/// <summary>Entries of a tree whose keys are at or above <paramref name="Low"/> and below <paramref name="High"/>.</summary>
/// <param name="Low">the first key that may be in it; empty for all</param>
/// <param name="High">the first key behind it; null for no end</param>
public readonly record struct KeyRange(ReadOnlyMemory<byte> Low, ReadOnlyMemory<byte>? High)
{
    /// <summary>Every entry.</summary>
    public static KeyRange All => default;

    /// <summary>All keys that begin with these bytes.</summary>
    public static KeyRange Of(ReadOnlyMemory<byte> prefix) => Between(prefix, OrderedKey.Behind(prefix.Span));

    /// <summary>All keys at or above one and, if there is an end, below it.</summary>
    public static KeyRange Between(ReadOnlyMemory<byte> low, byte[]? high) => new(low, high is null ? default(ReadOnlyMemory<byte>?) : new ReadOnlyMemory<byte>(high));

    /// <summary>True for a key in the range.</summary>
    public bool Contains(ReadOnlySpan<byte> key) => !IsAbove(key) && !IsBehind(key);

    /// <summary>True if a key lies before the range.</summary>
    public bool IsAbove(ReadOnlySpan<byte> key) => key.SequenceCompareTo(Low.Span) < 0;

    /// <summary>True if a key lies behind the range.</summary>
    public bool IsBehind(ReadOnlySpan<byte> key) => High is { } high && key.SequenceCompareTo(high.Span) >= 0;

    /// <summary>True if all keys from <paramref name="low"/> on and below <paramref name="high"/> (null: to the end) are in the range.</summary>
    public bool Covers(ReadOnlySpan<byte> low, ReadOnlyMemory<byte>? high) =>
        !IsAbove(low) && (High is not { } end || (high is { } last && last.Span.SequenceCompareTo(end.Span) <= 0));
}
