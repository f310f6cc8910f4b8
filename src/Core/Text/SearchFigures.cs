namespace Mjolnir.Core.Text;

/// <summary>What ranking needs to know of a table (BM25).</summary>
/// <param name="Rows">its rows</param>
/// <param name="Words">words of all of them together</param>
/// <param name="Frequencies">per word of the question in how many rows it occurs</param>
public sealed record SearchFigures(long Rows, double Words, IReadOnlyList<long> Frequencies)
{
    // The usual ones: how soon a word that occurs often counts no more, and how much it matters that a text is long.
    private const double Saturation = 1.2;
    private const double LengthMatters = 0.75;

    /// <summary>How well a row answers.</summary>
    /// <param name="weights">per word of the question how often the row has it, by weight</param>
    /// <param name="length">words of the row</param>
    public double Score(IReadOnlyList<double> weights, double length)
    {
        var average = Rows > 0 && Words > 0 ? Words / Rows : 1;
        var score = 0.0;
        for (var i = 0; i < weights.Count; i++)
        {
            var frequency = Math.Min(Rows, Frequencies[i]);
            var rarity = Math.Log(1 + ((Rows - frequency + 0.5) / (frequency + 0.5)));
            score += rarity * weights[i] * (Saturation + 1) / (weights[i] + (Saturation * (1 - LengthMatters + (LengthMatters * length / average))));
        }

        return score;
    }
}
