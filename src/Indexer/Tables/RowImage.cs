using System.Buffers;
using Mjolnir.Core;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Indexes;
using Mjolnir.Core.Text;

namespace Mjolnir.Indexer.Tables;

/// <summary>
/// What is kept of a row: the values of its indexed columns, encoded one behind the other (<see cref="OrderedKey"/>, ascending). Entries are made from it by copying, the same way
/// when a row comes and when it leaves. Behind them stands what text search keeps (<see cref="RowText"/>), if it is declared. A value of another type than its column's, and a missing one, is null.
/// </summary>
internal static class RowImage
{
    /// <summary>Appends the image of a row.</summary>
    /// <exception cref="CorruptDataException">the document is no JSON object</exception>
    public static void Append(IBufferWriter<byte> target, TableLayout layout, Document row)
    {
        var values = RowValues.Read(row, layout.Names);
        for (var i = 0; i < values.Length; i++)
        {
            OrderedKey.Append(target, layout.Columns[i].Kind, values[i]);
        }

        if (layout.Search is { } search)
        {
            var read = RowValues.Read(row, layout.SearchNames);
            RowText.Of(layout.Words, search, read[..search.Fields.Count], search.Popularity is null ? IndexValue.Null : read[^1]).Append(target);
        }
    }

    /// <summary>Where each value of an image begins, and behind the last where it ends.</summary>
    public static int[] Starts(TableLayout layout, ReadOnlySpan<byte> image)
    {
        var starts = new int[layout.Columns.Count + 1];
        for (var i = 0; i < layout.Columns.Count; i++)
        {
            starts[i + 1] = starts[i] + OrderedKey.LengthOf(image[starts[i]..], layout.Columns[i]);
        }

        return starts;
    }

    /// <summary>What text search keeps of a row.</summary>
    public static RowText Text(ReadOnlySpan<byte> image, int[] starts) => RowText.Read(image[starts[^1]..]);

    /// <summary>The entries of a row in the tree of words.</summary>
    public static IEnumerable<KeyValuePair<byte[], byte[]>> Words(TableLayout layout, ReadOnlySpan<byte> image, int[] starts, byte[] primaryKey)
    {
        var values = new List<byte>();
        foreach (var column in layout.SearchValues)
        {
            values.AddRange(image[starts[column]..starts[column + 1]]);
        }

        return SearchEntries.Of(Text(image, starts), [.. values], primaryKey);
    }

    /// <summary>The key of a row's entry in a tree; without its primary key if that is empty (groups).</summary>
    public static byte[] Key(TreeLayout tree, ReadOnlySpan<byte> image, int[] starts, ReadOnlySpan<byte> primaryKey)
    {
        var length = primaryKey.Length;
        foreach (var column in tree.Columns)
        {
            length += starts[column + 1] - starts[column];
        }

        var key = new byte[length];
        var at = 0;
        for (var i = 0; i < tree.Columns.Length; i++)
        {
            at += Copy(image, starts, tree.Columns[i], tree.Shape.Columns[i].Descending, key.AsSpan(at));
        }

        primaryKey.CopyTo(key.AsSpan(at));
        return key;
    }

    /// <summary>The payload of a row's entry in a list.</summary>
    public static byte[] Payload(TreeLayout tree, ReadOnlySpan<byte> image, int[] starts)
    {
        var length = tree.Order < 0 ? 0 : starts[tree.Order + 1] - starts[tree.Order];
        foreach (var column in tree.Sums)
        {
            length += starts[column + 1] - starts[column];
        }

        var payload = new byte[length];
        var at = tree.Order < 0 ? 0 : Copy(image, starts, tree.Order, tree.Shape.Order!.Descending, payload);
        foreach (var column in tree.Sums)
        {
            at += Copy(image, starts, column, isDescending: false, payload.AsSpan(at));
        }

        return payload;
    }

    private static int Copy(ReadOnlySpan<byte> image, int[] starts, int column, bool isDescending, Span<byte> target)
    {
        var value = image[starts[column]..starts[column + 1]];
        value.CopyTo(target);
        if (isDescending)
        {
            OrderedKey.Complement(target[..value.Length]);
        }

        return value.Length;
    }
}
