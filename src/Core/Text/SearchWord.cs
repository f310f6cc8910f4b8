namespace Mjolnir.Core.Text;

/// <summary>How a term is what a word of a question stands for.</summary>
/// <param name="Mistakes">how many letters are missing, too many, others, or changed places with their neighbours; 1 for a word of the question's middle that is only the term's beginning</param>
/// <param name="Share">how much of the term was written: 1 for the whole of it, less for its beginning</param>
public readonly record struct TermLikeness(int Mistakes, double Share)
{
    /// <summary>The word itself.</summary>
    public static TermLikeness Same { get; } = new(0, 1);

    // Whole words are what somebody meant, beginnings what he may mean: the more of them was written, the more they count.
    private const double Whole = 4;

    /// <summary>How much a row's having the term counts.</summary>
    public double Worth => Share >= 1 ? Whole : 1 + (Share * Share);
}

/// <summary>A term that a word of a question stands for besides itself, where few rows have what was asked for.</summary>
/// <param name="Term">as an index knows it</param>
/// <param name="Likeness">how it is like the word; with one mistake at least</param>
public readonly record struct SimilarTerm(string Term, TermLikeness Likeness);

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
    public bool Matches(string term) => LikenessOf(term) is not null;

    /// <summary>How a word of a text is this one; null if it is not meant.</summary>
    public TermLikeness? LikenessOf(string term)
    {
        if (term == Term)
        {
            return TermLikeness.Same;
        }

        if (Prefix is not null && term.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return new TermLikeness(0, ShareOf(Prefix, term));
        }

        foreach (var similar in Similar)
        {
            if (similar.Term == term)
            {
                return similar.Likeness;
            }
        }

        return null;
    }

    /// <summary>How much of a term was written if a word is its beginning.</summary>
    public static double ShareOf(string beginning, string term) => Math.Min(1, (double)beginning.Length / term.Length);
}
