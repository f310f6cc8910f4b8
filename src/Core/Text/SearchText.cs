using System.Text;

namespace Mjolnir.Core.Text;

/// <summary>Words that stand next to each other in one field of a row.</summary>
/// <param name="Words">which words of the question, in order; at least two</param>
public sealed record SearchPhrase(IReadOnlyList<int> Words)
{
    /// <summary>True if the words stand so.</summary>
    /// <param name="found">per word of the question how the row has it</param>
    /// <param name="places">where the words stand</param>
    public bool IsIn(ReadOnlySpan<WordMatch> found, WordPlaces places)
    {
        foreach (var start in found[Words[0]].PlacesIn(places))
        {
            if (IsAt(start, found, places))
            {
                return true;
            }
        }

        return false;
    }

    private bool IsAt(int start, ReadOnlySpan<WordMatch> found, WordPlaces places)
    {
        for (var i = 1; i < Words.Count; i++)
        {
            if (!found[Words[i]].PlacesIn(places).Contains(start + i))
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>What is looked for: rows with all of the words, and with all of the phrases.</summary>
/// <param name="Words">the words, each once; those of phrases among them</param>
/// <param name="Phrases">words that were written in quotes, if they are several</param>
public sealed record SearchText(IReadOnlyList<SearchWord> Words, IReadOnlyList<SearchPhrase> Phrases)
{
    private const string Quotes = "\"“”„«»";

    /// <summary>Takes a question apart. Its last word is still being written if nothing stands behind it, and so is a quote that was not ended.</summary>
    /// <param name="analyzer">of the declared language</param>
    /// <param name="question">the text</param>
    /// <param name="isFuzzy">words that are in no quotes may be mistyped</param>
    public static SearchText Of(TextAnalyzer analyzer, string question, bool isFuzzy = false)
    {
        var words = new List<SearchWord>();
        var phrases = new SortedDictionary<int, List<int>>();
        var (quotes, at) = (0, 0);
        foreach (var token in analyzer.Tokens(question))
        {
            quotes += question.AsSpan(at, token.Start - at).CountAny(Quotes);
            at = token.Start;
            var isQuoted = quotes % 2 == 1;
            if (Add(words, Word(token, question, isFuzzy && !isQuoted)) is >= 0 and var number && isQuoted)
            {
                phrases.TryAdd(quotes, []);
                phrases[quotes].Add(number);
            }
        }

        return new SearchText(words, [.. phrases.Values.Where(static phrase => phrase.Count > 1).Select(static phrase => new SearchPhrase(phrase))]);
    }

    /// <summary>The number of a word, as a new one or as the same one before; -1 if there are too many.</summary>
    private static int Add(List<SearchWord> words, SearchWord word)
    {
        var number = words.IndexOf(word);
        if (number < 0 && words.Count < TextLimits.WordsOfQuestion)
        {
            number = words.Count;
            words.Add(word);
        }

        return number;
    }

    private static SearchWord Word(TextToken token, string question, bool isFuzzy)
    {
        Rune.DecodeFromUtf16(token.Folded, out var first, out var length);
        var isBeginning = TextAnalyzer.IsIdeograph(first) ? length == token.Folded.Length : token.Start + token.Length == question.Length;
        return new SearchWord(token.Term, isBeginning ? token.Folded : null) { Mistakes = isFuzzy ? Vocabulary.MistakesAllowed(token) : 0 };
    }
}
