using System.Buffers;
using Mjolnir.Core.Indexes;

namespace Mjolnir.Core.Text;

/// <summary>
/// The entries of text search: a tree of words. Key: the term, then the primary key; payload: how often the row has it, by weight, then how many words the row has, then where the word stands (<see cref="RowTerm.Places"/>). The empty term is in every
/// row: its payload is the number of words, so that its range tells how many rows and words there are; behind it stand the values that are kept beside the text
/// (<see cref="SearchDeclaration.Facets"/>).
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
        yield return KeyValuePair.Create<byte[], byte[]>([.. Term(""), .. primaryKey], [.. Payload(row.Length, row.Length, []), .. values]);
        foreach (var (term, weight, places) in row.Terms)
        {
            yield return KeyValuePair.Create<byte[], byte[]>([.. Term(term), .. primaryKey], Payload(weight, row.Length, places));
        }
    }

    /// <summary>How often the row of an entry has its word, by weight, and how many words it has.</summary>
    public static (double Weight, double Length) Read(ReadOnlySpan<byte> payload)
    {
        var first = OrderedKey.LengthOf(payload, TreeShape.Summed);
        return OrderedKey.TryNumber(payload, out var weight) && OrderedKey.TryNumber(payload[first..], out var length) ? (weight, length) : throw new CorruptDataException("Damaged entry of text search", null, 0);
    }

    /// <summary>Where the row of an entry has its word.</summary>
    public static IReadOnlyList<int> Places(ReadOnlySpan<byte> payload) => Places(payload, out _);

    /// <summary>The values beside the text, in the entry of the empty term.</summary>
    /// <param name="payload">the entry's</param>
    /// <param name="columns">the columns, in the order declared</param>
    public static ReadOnlyMemory<byte>[] Values(ReadOnlyMemory<byte> payload, IReadOnlyList<IndexColumn> columns)
    {
        Places(payload.Span, out var at);
        var values = new ReadOnlyMemory<byte>[columns.Count];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = payload.Slice(at, OrderedKey.LengthOf(payload.Span[at..], columns[i]));
            at += values[i].Length;
        }

        return values;
    }

    private static int[] Places(ReadOnlySpan<byte> payload, out int at)
    {
        at = OrderedKey.LengthOf(payload, TreeShape.Summed);
        at += OrderedKey.LengthOf(payload[at..], TreeShape.Summed);
        return TextPlaces.Read(payload, ref at);
    }

    private static byte[] Payload(double weight, double length, IReadOnlyList<int> places)
    {
        var payload = new ArrayBufferWriter<byte>(32);
        OrderedKey.AppendNumber(payload, weight);
        OrderedKey.AppendNumber(payload, length);
        TextPlaces.Append(payload, places);
        return payload.WrittenSpan.ToArray();
    }
}
