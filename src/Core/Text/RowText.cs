using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Mjolnir.Core.Indexes;

namespace Mjolnir.Core.Text;

/// <summary>
/// What text search keeps of a row: how many words it has, and of each different one how often it occurs, by the weights of its fields. As bytes, per word in order:
/// <code>
/// number  length of the term in UTF-8, the term
/// float32 weight, little-endian
/// </code>
/// before them the empty term with the number of words.
/// </summary>
public sealed class RowText
{
    private RowText(double length, IReadOnlyList<KeyValuePair<string, float>> terms) => (Length, Terms) = (length, terms);

    /// <summary>Words of all fields, the same one each time it occurs.</summary>
    public double Length { get; }

    /// <summary>Different words with their weights, in ordinal order.</summary>
    public IReadOnlyList<KeyValuePair<string, float>> Terms { get; }

    /// <summary>Of a row's fields.</summary>
    /// <param name="analyzer">of the declared language</param>
    /// <param name="declared">the fields</param>
    /// <param name="fields">their values, in order; what is no text has no words</param>
    public static RowText Of(TextAnalyzer analyzer, SearchDeclaration declared, IReadOnlyList<IndexValue> fields)
    {
        var terms = new SortedDictionary<string, float>(StringComparer.Ordinal);
        var (length, bytes) = (0, 0);
        for (var i = 0; i < fields.Count; i++)
        {
            foreach (var token in fields[i].Text is { } text ? analyzer.Tokens(text) : [])
            {
                length++;
                if (terms.TryGetValue(token.Term, out var weight))
                {
                    terms[token.Term] = weight + (float)declared.Fields[i].Weight;
                }
                else if (terms.Count < TextLimits.WordsOfRow && bytes + Encoding.UTF8.GetByteCount(token.Term) is var size && size <= TextLimits.BytesOfRow)
                {
                    terms[token.Term] = (float)declared.Fields[i].Weight;
                    bytes = size;
                }
            }
        }

        return new RowText(length, [.. terms]);
    }

    /// <summary>Reads it back.</summary>
    public static RowText Read(ReadOnlySpan<byte> bytes)
    {
        var terms = new List<KeyValuePair<string, float>>();
        for (var at = 0; at < bytes.Length;)
        {
            var length = (int)Leb128.Read(bytes, ref at);
            var term = Encoding.UTF8.GetString(bytes.Slice(at, length));
            terms.Add(KeyValuePair.Create(term, BinaryPrimitives.ReadSingleLittleEndian(bytes[(at + length)..])));
            at += length + sizeof(float);
        }

        return new RowText(terms[0].Value, terms[1..]);
    }

    /// <summary>Appends its bytes.</summary>
    public void Append(IBufferWriter<byte> target)
    {
        Append(target, "", (float)Length);
        foreach (var (term, weight) in Terms)
        {
            Append(target, term, weight);
        }
    }

    /// <summary>How a word occurs.</summary>
    public WordMatch MatchOf(SearchWord word)
    {
        var match = default(WordMatch);
        foreach (var (term, weight) in Terms)
        {
            if (word.MistakesIn(term) is >= 0 and var mistakes)
            {
                match.Add(weight, mistakes);
            }
        }

        return match;
    }

    private static void Append(IBufferWriter<byte> target, string term, float weight)
    {
        var utf8 = Encoding.UTF8.GetBytes(term);
        var span = target.GetSpan(Leb128.LargestSize + utf8.Length + sizeof(float));
        var length = Leb128.Write(span, (ulong)utf8.Length);
        utf8.CopyTo(span[length..]);
        BinaryPrimitives.WriteSingleLittleEndian(span[(length + utf8.Length)..], weight);
        target.Advance(length + utf8.Length + sizeof(float));
    }
}
