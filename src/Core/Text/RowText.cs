using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Mjolnir.Core.Indexes;

namespace Mjolnir.Core.Text;

/// <summary>A word of a row.</summary>
/// <param name="Term">as an index knows it</param>
/// <param name="Weight">how often it occurs, by the weights of its fields</param>
/// <param name="Places">where it stands: the words of all fields counted through, <see cref="TextLimits.BetweenFields"/> left out between two fields; ascending, below <see cref="TextLimits.PlacesOfRow"/></param>
public readonly record struct RowTerm(string Term, float Weight, IReadOnlyList<int> Places);

/// <summary>What ranking needs to know of a row besides the words asked for.</summary>
/// <param name="Length">words of all fields, the same one each time it occurs</param>
/// <param name="TitleAt">the place of its title's first word</param>
/// <param name="TitleWords">words of its title (<see cref="SearchDeclaration.Title"/>); 0 without one</param>
/// <param name="Popularity">its level (<see cref="Text.Popularity"/>)</param>
public readonly record struct RowShape(int Length, int TitleAt, int TitleWords, int Popularity);

/// <summary>
/// What text search keeps of a row: how many words it has, where its title is, how popular it is, and of each different word how often it occurs, by the weights of its fields, and where. As bytes, per word in order:
/// <code>
/// number  length of the term in UTF-8, the term
/// float32 weight, little-endian
/// number  places, then of each its distance from the one before
/// </code>
/// before them the empty term with the number of words, and as places where the title begins, the place behind it, and one that is as far behind this as the level of its popularity.
/// </summary>
public sealed class RowText
{
    private RowText(RowShape shape, IReadOnlyList<RowTerm> terms) => (Shape, Terms) = (shape, terms);

    /// <summary>Its number of words, its title, and how popular it is.</summary>
    public RowShape Shape { get; }

    /// <summary>Different words, in ordinal order.</summary>
    public IReadOnlyList<RowTerm> Terms { get; }

    /// <summary>Of a row's fields.</summary>
    /// <param name="analyzer">of the declared language</param>
    /// <param name="declared">the fields</param>
    /// <param name="fields">their values, in order; what is no text has no words</param>
    /// <param name="popularity">the value of the column that makes rows count more</param>
    public static RowText Of(TextAnalyzer analyzer, SearchDeclaration declared, IReadOnlyList<IndexValue> fields, IndexValue popularity = default)
    {
        var terms = new SortedDictionary<string, (float Weight, List<int> Places)>(StringComparer.Ordinal);
        var (length, bytes, place) = (0, 0, 0);
        var (titleAt, titleWords) = (0, 0);
        for (var i = 0; i < fields.Count; i++, place += TextLimits.BetweenFields)
        {
            var at = place;
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

            (titleAt, titleWords) = i == declared.Title ? (at, place - at) : (titleAt, titleWords);
        }

        return new RowText(new RowShape(length, titleAt, titleWords, Popularity.LevelOf(popularity)), [.. terms.Select(static term => new RowTerm(term.Key, term.Value.Weight, term.Value.Places))]);
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

        var (words, title) = ((int)terms[0].Weight, terms[0].Places);
        return new RowText(new RowShape(words, title[0], title[1] - title[0], title[2] - title[1]), terms[1..]);
    }

    /// <summary>Appends its bytes.</summary>
    public void Append(IBufferWriter<byte> target)
    {
        var titleEnd = Shape.TitleAt + Shape.TitleWords;
        Append(target, new RowTerm("", Shape.Length, [Shape.TitleAt, titleEnd, titleEnd + Shape.Popularity]));
        foreach (var term in Terms)
        {
            Append(target, term);
        }
    }

    /// <summary>How a word occurs.</summary>
    /// <param name="word">the word</param>
    /// <param name="places">where it stands is put here</param>
    public WordMatch MatchOf(SearchWord word, WordPlaces places)
    {
        var match = default(WordMatch);
        foreach (var term in Terms)
        {
            if (word.LikenessOf(term.Term) is { } likeness)
            {
                var from = places.Count;
                places.Append(term.Places);
                match.Add(term.Weight, likeness, places, from);
            }
        }

        return match;
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
