using System.Buffers;
using System.Text;

namespace Mjolnir.Core.Indexes;

/// <summary>One end of a range of values.</summary>
/// <param name="Value">not null</param>
/// <param name="IsIncluded">the value itself is in the range</param>
public readonly record struct ValueBound(IndexValue Value, bool IsIncluded);

/// <summary>Questions about values as ranges of keys.</summary>
public static class KeyRanges
{
    private const byte BehindNull = 1;
    private const byte DescendingNull = 0xFF;

    // A text is cut between characters, so up to three bytes before the limit.
    private const int LongestExact = IndexLimits.TextBytes - 4;

    /// <summary>
    /// The entries whose first columns have these values, and whose next one lies between two bounds. As everywhere with null, a bound leaves out rows in which the column is
    /// null. Texts that are longer than keys hold are widened to all that begin alike: reading the row settles the rest.
    /// </summary>
    /// <param name="columns">the index's</param>
    /// <param name="equal">values of the first of them, null among them; at most as many as there are columns, one less with a bound</param>
    /// <param name="from">the least value; null for none</param>
    /// <param name="to">the largest value; null for none</param>
    public static KeyRange Of(IReadOnlyList<IndexColumn> columns, IReadOnlyList<IndexValue> equal, ValueBound? from, ValueBound? to)
    {
        var prefix = new ArrayBufferWriter<byte>();
        for (var i = 0; i < equal.Count; i++)
        {
            Append(prefix, columns[i], equal[i]);
        }

        if (from is null && to is null)
        {
            return KeyRange.Of(prefix.WrittenMemory);
        }

        var column = columns[equal.Count];
        var (first, last) = column.Descending ? (to, from) : (from, to);
        var low = first is { } begin ? At(prefix.WrittenSpan, column, begin, isHigh: false)
            : column.Descending ? prefix.WrittenSpan.ToArray()
            : [.. prefix.WrittenSpan, BehindNull];
        var high = last is { } end ? At(prefix.WrittenSpan, column, end, isHigh: true)
            : column.Descending ? [.. prefix.WrittenSpan, DescendingNull]
            : OrderedKey.Behind(prefix.WrittenSpan);
        return KeyRange.Between(low, high);
    }

    /// <summary>Appends a value as it stands in keys of this column.</summary>
    public static void Append(ArrayBufferWriter<byte> target, IndexColumn column, IndexValue value)
    {
        var ascending = new ArrayBufferWriter<byte>();
        OrderedKey.Append(ascending, column.Kind, value);
        var bytes = ascending.WrittenSpan.ToArray();
        if (column.Descending)
        {
            OrderedKey.Complement(bytes);
        }

        target.Write(bytes);
    }

    /// <summary>False for a text so long that its key is also that of others, which were cut: only the row tells them apart.</summary>
    public static bool IsExact(IndexValue value) => value.Text is not { } text || Encoding.UTF8.GetByteCount(text) <= LongestExact;

    /// <summary>What the keys of all texts begin with that begin like this one as far as no key is cut: the range keeps them, on either side of the bound.</summary>
    private static void AppendBeginning(ArrayBufferWriter<byte> target, IndexColumn column, string text)
    {
        var ascending = new ArrayBufferWriter<byte>();
        OrderedKey.AppendText(ascending, Encoding.UTF8.GetBytes(text).AsSpan(0, LongestExact));
        var beginning = ascending.WrittenSpan[..^OrderedKey.TextEndBytes].ToArray();
        if (column.Descending)
        {
            OrderedKey.Complement(beginning);
        }

        target.Write(beginning);
    }

    private static byte[] At(ReadOnlySpan<byte> prefix, IndexColumn column, ValueBound bound, bool isHigh)
    {
        Invariant.Require(bound.Value.Kind == column.Kind, $"A bound for column {column.Name} is of another kind.");
        var key = new ArrayBufferWriter<byte>();
        key.Write(prefix);
        var isExact = IsExact(bound.Value);
        if (isExact)
        {
            Append(key, column, bound.Value);
        }
        else
        {
            AppendBeginning(key, column, bound.Value.Text!);
        }

        var isBehind = isExact ? bound.IsIncluded == isHigh : isHigh;
        return isBehind ? OrderedKey.Behind(key.WrittenSpan)! : key.WrittenSpan.ToArray();
    }
}
