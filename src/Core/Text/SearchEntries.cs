using System.Buffers;
using Mjolnir.Core.Indexes;

namespace Mjolnir.Core.Text;

/// <summary>
/// The entries of text search: a tree of words. Key: the term, then the primary key. Payload:
/// <code>
/// number  how often the row has the term, by weight; as <see cref="OrderedKey"/> writes it
/// LEB128  words of the row, where its title begins, words of its title
/// places  where the word stands (<see cref="RowTerm.Places"/>)
/// </code>
/// The empty term is in every row: its first number is that of the row's words, so that its range tells how many rows and words there are; behind it stand the values that are kept beside
/// the text (<see cref="SearchDeclaration.Facets"/>).
/// </summary>
public static class SearchEntries
{
    /// <summary>Of the tree.</summary>
    public static TreeShape Shape { get; } = new([new IndexColumn("term", IndexedKind.Text)], null, 1);

    /// <summary>What the keys of a term begin with.</summary>
    public static byte[] Term(string term)
    {
        var key = new ArrayBufferWriter<byte>(64);
        OrderedKey.AppendText(key, term);
        return key.WrittenSpan.ToArray();
    }

    /// <summary>All terms that begin like this.</summary>
    public static KeyRange Beginning(string prefix) => KeyRange.Of(Term(prefix).AsMemory(..^OrderedKey.TextEndBytes));

    /// <summary>The entries of a row.</summary>
    /// <param name="row">its text</param>
    /// <param name="values">what is kept beside it, as <see cref="OrderedKey"/> writes it</param>
    /// <param name="primaryKey">its primary key in UTF-8</param>
    public static IEnumerable<KeyValuePair<byte[], byte[]>> Of(RowText row, byte[] values, byte[] primaryKey)
    {
        yield return KeyValuePair.Create<byte[], byte[]>([.. Term(""), .. primaryKey], [.. Payload(row.Shape.Length, row.Shape, []), .. values]);
        foreach (var (term, weight, places) in row.Terms)
        {
            yield return KeyValuePair.Create<byte[], byte[]>([.. Term(term), .. primaryKey], Payload(weight, row.Shape, places));
        }
    }

    /// <summary>How often the row of an entry has its word, by weight, what ranking needs to know of the row, and where the word stands.</summary>
    /// <exception cref="CorruptDataException">the payload is none</exception>
    public static (double Weight, RowShape Row, int[] Places) Read(ReadOnlySpan<byte> payload)
    {
        var at = OrderedKey.LengthOf(payload, TreeShape.Summed);
        var row = ReadShape(payload, ref at);
        return OrderedKey.TryNumber(payload, out var weight) ? (weight, row, TextPlaces.Read(payload, ref at)) : throw new CorruptDataException("Damaged entry of text search", null, 0);
    }

    /// <summary>The values beside the text, in the entry of the empty term.</summary>
    /// <param name="payload">the entry's</param>
    /// <param name="columns">the columns, in the order declared</param>
    public static ReadOnlyMemory<byte>[] Values(ReadOnlyMemory<byte> payload, IReadOnlyList<IndexColumn> columns)
    {
        var at = OrderedKey.LengthOf(payload.Span, TreeShape.Summed);
        ReadShape(payload.Span, ref at);
        TextPlaces.Read(payload.Span, ref at);
        var values = new ReadOnlyMemory<byte>[columns.Count];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = payload.Slice(at, OrderedKey.LengthOf(payload.Span[at..], columns[i]));
            at += values[i].Length;
        }

        return values;
    }

    private static RowShape ReadShape(ReadOnlySpan<byte> payload, ref int at)
    {
        var length = (int)Leb128.Read(payload, ref at);
        var titleAt = (int)Leb128.Read(payload, ref at);
        return new RowShape(length, titleAt, (int)Leb128.Read(payload, ref at));
    }

    private static byte[] Payload(double weight, RowShape row, IReadOnlyList<int> places)
    {
        var payload = new ArrayBufferWriter<byte>(32);
        OrderedKey.AppendNumber(payload, weight);
        foreach (var number in (ReadOnlySpan<int>)[row.Length, row.TitleAt, row.TitleWords])
        {
            TextPlaces.Number(payload, number);
        }

        TextPlaces.Append(payload, places);
        return payload.WrittenSpan.ToArray();
    }
}
