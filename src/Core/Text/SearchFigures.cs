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

/// <summary>How a row has a word of a question. Of the terms that the word stands for only those count that are written with the fewest mistakes.</summary>
public record struct WordMatch
{
    /// <summary>How often the row has it, by weight; 0 if it does not.</summary>
    public double Weight { get; private set; }

    /// <summary>With how many mistakes.</summary>
    public int Mistakes { get; private set; }

    /// <summary>True if the row has it.</summary>
    public readonly bool IsFound => Weight > 0;

    /// <summary>The row has one of its terms.</summary>
    public void Add(double weight, int mistakes)
    {
        if (!IsFound || mistakes < Mistakes)
        {
            (Weight, Mistakes) = (weight, mistakes);
        }
        else if (mistakes == Mistakes)
        {
            Weight += weight;
        }
    }
}

/// <summary>What ranking needs to know of a table (BM25).</summary>
/// <param name="Rows">its rows</param>
/// <param name="Words">words of all of them together</param>
/// <param name="Asked">per word of the question</param>
public sealed record SearchFigures(long Rows, double Words, IReadOnlyList<WordFigures> Asked)
{
    // The usual ones: how soon a word that occurs often counts no more, and how much it matters that a text is long.
    private const double Saturation = 1.2;
    private const double LengthMatters = 0.75;

    /// <summary>The words of the question with what the index found to be like them.</summary>
    public IReadOnlyList<SearchWord> Meant(IReadOnlyList<SearchWord> words) => [.. words.Select((word, i) => word with { Similar = Asked[i].Similar })];

    /// <summary>How well a row answers that has all words.</summary>
    /// <param name="found">per word of the question how the row has it</param>
    /// <param name="length">words of the row</param>
    public SearchRank Rank(IReadOnlyList<WordMatch> found, double length)
    {
        var average = Rows > 0 && Words > 0 ? Words / Rows : 1;
        var (mistakes, score) = (0, 0.0);
        for (var i = 0; i < found.Count; i++)
        {
            var weight = found[i].Weight;
            var frequency = Math.Min(Rows, Asked[i].Rows);
            var rarity = Math.Log(1 + ((Rows - frequency + 0.5) / (frequency + 0.5)));
            score += rarity * weight * (Saturation + 1) / (weight + (Saturation * (1 - LengthMatters + (LengthMatters * length / average))));
            mistakes += found[i].Mistakes;
        }

        return new SearchRank(mistakes, score);
    }
}
