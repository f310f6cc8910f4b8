using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Mjolnir.Core.Indexes;

namespace Mjolnir.Core.Text;

/// <summary>A word of a row.</summary>
/// <param name="Term">as an index knows it</param>
/// <param name="Weight">how often it occurs, by the weights of its fields</param>
/// <param name="Places">where it stands: the words of all fields counted through, one left out between two fields; ascending, below <see cref="TextLimits.PlacesOfRow"/></param>
public readonly record struct RowTerm(string Term, float Weight, IReadOnlyList<int> Places);

/// <summary>
/// What text search keeps of a row: how many words it has, and of each different one how often it occurs, by the weights of its fields, and where. As bytes, per word in order:
/// <code>
/// number  length of the term in UTF-8, the term
/// float32 weight, little-endian
/// number  places, then of each its distance from the one before
/// </code>
/// before them the empty term with the number of words.
/// </summary>
public sealed class RowText
{
    private RowText(double length, IReadOnlyList<RowTerm> terms) => (Length, Terms) = (length, terms);

    /// <summary>Words of all fields, the same one each time it occurs.</summary>
    public double Length { get; }

    /// <summary>Different words, in ordinal order.</summary>
    public IReadOnlyList<RowTerm> Terms { get; }

    /// <summary>Of a row's fields.</summary>
    /// <param name="analyzer">of the declared language</param>
    /// <param name="declared">the fields</param>
    /// <param name="fields">their values, in order; what is no text has no words</param>
    public static RowText Of(TextAnalyzer analyzer, SearchDeclaration declared, IReadOnlyList<IndexValue> fields)
    {
        var terms = new SortedDictionary<string, (float Weight, List<int> Places)>(StringComparer.Ordinal);
        var (length, bytes, place) = (0, 0, 0);
        for (var i = 0; i < fields.Count; i++, place++)
        {
            foreach (var token in fields[i].Text is { } text ? analyzer.Tokens(text) : [])
            {
                length++;
                if (!terms.TryGetValue(token.Term, out var term) && (terms.Count == TextLimits.WordsOfRow || bytes + Encoding.UTF8.GetByteCount(token.Term) > TextLimits.BytesOfRow))
                {
                    place++;
                    continue;
                }

                bytes += term.Places is null ? Encoding.UTF8.GetByteCount(token.Term) : 0;
                var places = term.Places ?? [];
                if (place < TextLimits.PlacesOfRow)
                {
                    places.Add(place);
                }

                terms[token.Term] = (term.Weight + (float)declared.Fields[i].Weight, places);
                place++;
            }
        }

        return new RowText(length, [.. terms.Select(static term => new RowTerm(term.Key, term.Value.Weight, term.Value.Places))]);
    }

    /// <summary>Reads it back.</summary>
    public static RowText Read(ReadOnlySpan<byte> bytes)
    {
        var terms = new List<RowTerm>();
        for (var at = 0; at < bytes.Length;)
        {
            var length = (int)Leb128.Read(bytes, ref at);
            var term = Encoding.UTF8.GetString(bytes.Slice(at, length));
            var weight = BinaryPrimitives.ReadSingleLittleEndian(bytes[(at + length)..]);
            at += length + sizeof(float);
            terms.Add(new RowTerm(term, weight, TextPlaces.Read(bytes, ref at)));
        }

        return new RowText(terms[0].Weight, terms[1..]);
    }

    /// <summary>Appends its bytes.</summary>
    public void Append(IBufferWriter<byte> target)
    {
        Append(target, new RowTerm("", (float)Length, []));
        foreach (var term in Terms)
        {
            Append(target, term);
        }
    }

    /// <summary>How a word occurs.</summary>
    public WordMatch MatchOf(SearchWord word)
    {
        var match = default(WordMatch);
        foreach (var term in Terms)
        {
            if (word.MistakesIn(term.Term) is >= 0 and var mistakes)
            {
                match.Add(term.Weight, mistakes);
            }
        }

        return match;
    }

    /// <summary>True if the words of a phrase stand next to each other.</summary>
    /// <param name="phrase">the phrase</param>
    /// <param name="words">the words of the question</param>
    public bool Has(SearchPhrase phrase, IReadOnlyList<SearchWord> words)
    {
        var places = phrase.Words.Distinct().ToDictionary(number => number, IReadOnlySet<int> (number) => Terms.Where(term => words[number].Matches(term.Term)).SelectMany(static term => term.Places).ToHashSet());
        return phrase.IsIn(number => places[number]);
    }

    private static void Append(IBufferWriter<byte> target, RowTerm term)
    {
        var utf8 = Encoding.UTF8.GetBytes(term.Term);
        var span = target.GetSpan(Leb128.LargestSize + utf8.Length + sizeof(float));
        var length = Leb128.Write(span, (ulong)utf8.Length);
        utf8.CopyTo(span[length..]);
        BinaryPrimitives.WriteSingleLittleEndian(span[(length + utf8.Length)..], term.Weight);
        target.Advance(length + utf8.Length + sizeof(float));
        TextPlaces.Append(target, term.Places);
    }
}
