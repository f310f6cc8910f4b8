using System.Buffers;
using System.Text;
using Mjolnir.Core.Indexes;

namespace Mjolnir.Core.Text;

/// <summary>What an index tells of a word of a question.</summary>
/// <param name="Rows">in how many rows it occurs: those of each term that it stands for, added up</param>
/// <param name="Similar">terms that it stands for besides, if few rows have it as it is</param>
public sealed record WordFigures(long Rows, IReadOnlyList<SimilarTerm> Similar);

/// <summary>How well a row answers: the better one compares as less. A row whose words were found as they are written comes before one in which they had to be guessed.</summary>
/// <param name="Mistakes">of all words of the question together</param>
/// <param name="Score">BM25</param>
public readonly record struct SearchRank(int Mistakes, double Score) : IComparable<SearchRank>
{
    /// <inheritdoc/>
    public int CompareTo(SearchRank other) => Mistakes != other.Mistakes ? Mistakes.CompareTo(other.Mistakes) : other.Score.CompareTo(Score);

    /// <summary>Where the row stands among the others, as bytes that compare as ranks do, of equal ranks as primary keys do.</summary>
    public byte[] PlaceOf(string primaryKey)
    {
        var place = new ArrayBufferWriter<byte>(64);
        OrderedKey.AppendNumber(place, Mistakes);
        OrderedKey.AppendNumber(place, -Score);
        place.Write(Encoding.UTF8.GetBytes(primaryKey));
        return place.WrittenSpan.ToArray();
    }

    /// <summary>The left one is better.</summary>
    public static bool operator <(SearchRank left, SearchRank right) => left.CompareTo(right) < 0;

    /// <summary>The right one is better.</summary>
    public static bool operator >(SearchRank left, SearchRank right) => left.CompareTo(right) > 0;

    /// <summary>The left one is not worse.</summary>
    public static bool operator <=(SearchRank left, SearchRank right) => left.CompareTo(right) <= 0;

    /// <summary>The right one is not worse.</summary>
    public static bool operator >=(SearchRank left, SearchRank right) => left.CompareTo(right) >= 0;
}

/// <summary>
/// What ranking needs to know of a table, and how it ranks: BM25, then by how near the words stand to each other, by the title, and by how popular the row is.
/// <code>
/// word   rarity × how often it occurs, whole words more than beginnings, less and less for each time more, and less in long rows
/// near   up to half more where each word stands next to the one asked for before it
/// title  up to two fifths more if all of its words were asked for, and less the longer it is
/// popularity  more for each doubling of the column that makes rows count more
/// </code>
/// </summary>
/// <param name="Rows">its rows</param>
/// <param name="Words">words of all of them together</param>
/// <param name="Asked">per word of the question</param>
public sealed record SearchFigures(long Rows, double Words, IReadOnlyList<WordFigures> Asked)
{
    // How soon a word that occurs often counts no more, and how much it matters that a text is long.
    private const double Saturation = 2;
    private const double LengthMatters = 0.75;

    // Found with the queries of tests/Indexer/Relevance; neighbouring values find the same.
    private const double NearMatters = 0.5;
    private const double TitleMatters = 0.4;
    private const double TitleLengthMatters = 0.6;
    private const int TitlesKnown = 32;

    private static readonly double[] TitleLengths = [.. Enumerable.Range(0, TitlesKnown + 1).Select(static words => Math.Pow(Math.Max(1, words), -TitleLengthMatters))];

    private readonly double[] _rarity = [.. Asked.Select(word => RarityOf(Rows, Math.Min(Rows, word.Rows)))];
    private readonly double _average = Rows > 0 && Words > 0 ? Words / Rows : 1;

    /// <summary>The words of the question with what the index found to be like them.</summary>
    public IReadOnlyList<SearchWord> Meant(IReadOnlyList<SearchWord> words) => [.. words.Select((word, i) => word with { Similar = Asked[i].Similar })];

    /// <summary>How well a row answers that has all words.</summary>
    /// <param name="found">per word of the question how the row has it</param>
    /// <param name="places">where the words stand</param>
    /// <param name="row">the row</param>
    public SearchRank Rank(ReadOnlySpan<WordMatch> found, WordPlaces places, RowShape row)
    {
        var (mistakes, score) = (0, 0.0);
        for (var i = 0; i < found.Length; i++)
        {
            var weight = found[i].Weight;
            score += _rarity[i] * weight * (Saturation + 1) / (weight + (Saturation * (1 - LengthMatters + (LengthMatters * row.Length / _average))));
            mistakes += found[i].Mistakes;
        }

        return new SearchRank(mistakes, score * Nearness(found, places) * Title(found, places, row) * Popularity.FactorOf(row.Popularity));
    }

    private static double RarityOf(long rows, long frequency) => Math.Log(1 + ((rows - frequency + 0.5) / (frequency + 0.5)));

    private static double Nearness(ReadOnlySpan<WordMatch> found, WordPlaces places)
    {
        var near = 0.0;
        for (var i = 1; i < found.Length; i++)
        {
            near += Nearness(found[i - 1].PlacesIn(places), found[i].PlacesIn(places));
        }

        return found.Length < 2 ? 1 : 1 + (NearMatters * near / (found.Length - 1));
    }

    /// <summary>1 if a word stands behind the one before it, less the further it is away, half as much the other way round.</summary>
    private static double Nearness(ReadOnlySpan<int> before, ReadOnlySpan<int> places)
    {
        var (nearest, behind) = (0.0, 0);
        foreach (var place in places)
        {
            // The last one before the place, and the first one behind it.
            while (behind < before.Length && before[behind] < place)
            {
                behind++;
            }

            nearest = behind > 0 ? Math.Max(nearest, Near(place - before[behind - 1])) : nearest;
            var next = behind < before.Length && before[behind] == place ? behind + 1 : behind;
            nearest = next < before.Length ? Math.Max(nearest, Near(before[next] - place) / 2) : nearest;
        }

        return nearest;
    }

    private static double Near(int distance) => distance <= TextLimits.Near ? 1.0 / distance : 0;

    private static double Title(ReadOnlySpan<WordMatch> found, WordPlaces places, RowShape row)
    {
        var (asked, words) = (0UL, Math.Min(row.TitleWords, TitlesKnown));
        foreach (var word in found)
        {
            foreach (var at in word.PlacesIn(places))
            {
                var place = at - row.TitleAt;
                asked |= place >= 0 && place < words ? 1UL << place : 0;
            }
        }

        var share = words == 0 ? 0 : (double)System.Numerics.BitOperations.PopCount(asked) / row.TitleWords;
        return TitleLengths[words] * (1 + (TitleMatters * share * share * share * share));
    }
}
