using System.Buffers;
using Mjolnir.Core.Indexes;

namespace Mjolnir.Core.Text;

/// <summary>
/// The entries of text search: a tree of words. Key: the term, then the primary key. Payload:
/// <code>
/// number  how often the row has the term, by weight; as <see cref="OrderedKey"/> writes it
/// LEB128  words of the row, where its title begins, words of its title, the level of its popularity
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

    /// <summary>How often the row of an entry has its word, by weight.</summary>
    /// <param name="payload">the entry's</param>
    /// <param name="row">what ranking needs to know of the row</param>
    /// <param name="places">where the word stands is put at their end</param>
    /// <exception cref="CorruptDataException">the payload is none</exception>
    public static double Read(ReadOnlySpan<byte> payload, out RowShape row, WordPlaces places)
    {
        var at = OrderedKey.LengthOf(payload, TreeShape.Summed);
        row = ReadShape(payload, ref at);
        places.Append(payload[at..]);
        return OrderedKey.TryNumber(payload, out var weight) ? weight : throw new CorruptDataException("Damaged entry of text search", null, 0);
    }

    /// <summary>The values beside the text, one behind the other, in the entry of the empty term.</summary>
    /// <param name="payload">the entry's</param>
    public static ReadOnlySpan<byte> Values(ReadOnlySpan<byte> payload)
    {
        var at = OrderedKey.LengthOf(payload, TreeShape.Summed);
        ReadShape(payload, ref at);
        TextPlaces.Pass(payload, ref at);
        return payload[at..];
    }

    /// <summary>One of the values beside the text.</summary>
    /// <param name="values">all of them</param>
    /// <param name="columns">their columns, in the order declared</param>
    /// <param name="column">which</param>
    public static ReadOnlySpan<byte> Value(ReadOnlySpan<byte> values, IReadOnlyList<IndexColumn> columns, int column)
    {
        for (var i = 0; i < column; i++)
        {
            values = values[OrderedKey.LengthOf(values, columns[i])..];
        }

        return values[..OrderedKey.LengthOf(values, columns[column])];
    }

    private static RowShape ReadShape(ReadOnlySpan<byte> payload, ref int at)
    {
        var length = (int)Leb128.Read(payload, ref at);
        var titleAt = (int)Leb128.Read(payload, ref at);
        var titleWords = (int)Leb128.Read(payload, ref at);
        return new RowShape(length, titleAt, titleWords, (int)Leb128.Read(payload, ref at));
    }

    private static byte[] Payload(double weight, RowShape row, IReadOnlyList<int> places)
    {
        var payload = new ArrayBufferWriter<byte>(32);
        OrderedKey.AppendNumber(payload, weight);
        foreach (var number in (ReadOnlySpan<int>)[row.Length, row.TitleAt, row.TitleWords, row.Popularity])
        {
            TextPlaces.Number(payload, number);
        }

        TextPlaces.Append(payload, places);
        return payload.WrittenSpan.ToArray();
    }
}
