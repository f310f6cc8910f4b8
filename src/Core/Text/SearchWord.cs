namespace Mjolnir.Core.Text;

/// <summary>A term that is like a word of a question.</summary>
/// <param name="Term">as an index knows it</param>
/// <param name="Mistakes">how many letters are missing, too many, others, or changed places with their neighbours: at least 1</param>
public readonly record struct SimilarTerm(string Term, int Mistakes);

/// <summary>A word that is looked for.</summary>
/// <param name="Term">as an index knows it</param>
/// <param name="Prefix">words that begin like this are meant too; null if none are</param>
public sealed record SearchWord(string Term, string? Prefix)
{
    /// <summary>With how many mistakes it may be written, where few rows have it as it is; 0 if it is taken as it is.</summary>
    public int Mistakes { get; init; }

    /// <summary>Terms that are meant too, as an index found them, each once; only behind an answer.</summary>
    public IReadOnlyList<SimilarTerm> Similar { get; init; } = [];

    /// <summary>True if a word of a text is meant.</summary>
    public bool Matches(string term) => MistakesIn(term) >= 0;

    /// <summary>With how many mistakes a word of a text is this one; -1 if it is not meant.</summary>
    public int MistakesIn(string term)
    {
        if (term == Term || (Prefix is not null && term.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            return 0;
        }

        foreach (var similar in Similar)
        {
            if (similar.Term == term)
            {
                return similar.Mistakes;
            }
        }

        return -1;
    }
}
