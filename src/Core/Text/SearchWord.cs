using System.Text;

namespace Mjolnir.Core.Text;

/// <summary>A word that is looked for.</summary>
/// <param name="Term">as an index knows it</param>
/// <param name="Prefix">words that begin like this are meant too; null if none are</param>
public sealed record SearchWord(string Term, string? Prefix)
{
    /// <summary>True if a word of a text is meant.</summary>
    public bool Matches(string term) => term == Term || (Prefix is not null && term.StartsWith(Prefix, StringComparison.Ordinal));

    /// <summary>The words of a question, each once; the last one is still being written if nothing stands behind it.</summary>
    public static IReadOnlyList<SearchWord> Of(TextAnalyzer analyzer, string question)
    {
        var words = new List<SearchWord>();
        foreach (var token in analyzer.Tokens(question))
        {
            Rune.DecodeFromUtf16(token.Folded, out var first, out var length);
            var isIdeograph = TextAnalyzer.IsIdeograph(first);
            var isBeginning = isIdeograph ? length == token.Folded.Length : token.Start + token.Length == question.Length;
            var word = new SearchWord(token.Term, isBeginning ? token.Folded : null);
            if (words.Count < TextLimits.WordsOfQuestion && !words.Contains(word))
            {
                words.Add(word);
            }
        }

        return words;
    }
}
