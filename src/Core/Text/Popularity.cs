using Mjolnir.Core.Indexes;

namespace Mjolnir.Core.Text;

/// <summary>
/// How much more a row counts by the column that <see cref="SearchDeclaration.Popularity"/> names. Its value n becomes a level, log2(1 + n) in quarters, which is kept in each entry of the row: so
/// ranking looks nothing up, and a number that counts up changes the entries only when it has grown by some 19 %.
/// </summary>
public static class Popularity
{
    /// <summary>Levels of a doubling.</summary>
    private const int LevelsOfDoubling = 4;

    /// <summary>The highest level, of some three billion: one byte of an entry.</summary>
    private const int Highest = 127;

    // Found with the queries of tests/Indexer/Relevance, like those of SearchFigures.
    private const double DoublingMatters = 0.15;

    private static readonly double[] Factors = [.. Enumerable.Range(0, Highest + 1).Select(static level => 1 + (DoublingMatters * level / LevelsOfDoubling))];

    /// <summary>The level of a value; 0 of what is no number, or below 0.</summary>
    public static int LevelOf(IndexValue value) =>
        value is { Kind: IndexedKind.Number, Number: > 0 } ? (int)Math.Min(Highest, Math.Round(LevelsOfDoubling * Math.Log2(1 + value.Number))) : 0;

    /// <summary>What a row's score is multiplied by; 1 at level 0.</summary>
    internal static double FactorOf(int level) => Factors[Math.Min(level, Highest)];
}
