using System.Globalization;
using System.Text;
using Mjolnir.Core.Indexes;

namespace Mjolnir.Core.Text;

/// <summary>
/// The words of a table by their n-grams, so that those are found that somebody may have meant: a tree with entries for each word that occurs in any row, which change only when a word
/// occurs for the first time or not any more.
/// <code>
/// gram   two letters that stand together, the word's beginning and end among them (as spaces), the how manieth of the same two in the word, the word's number of letters
/// rest   the term in UTF-8; no payload
/// </code>
/// A word of n letters has n + 1 grams. A letter that is missing, too many, another, or changed places with its neighbour takes away three of them at most, so a word with k mistakes has one
/// of any 3k + 1 grams of the right one; and what begins like it has one of any 3k + 1 of its grams but the last.
/// </summary>
public static class Vocabulary
{
    private const char Edge = ' ';
    private const int FewestLetters = 2;
    private const int GramsOfMistake = 3;

    // Words as long as these are mistyped once, or twice; beginnings, of which there are many more, once.
    private const int LettersOfOne = 4;
    private const int LettersOfTwo = 8;
    private const int LettersOfBeginning = 5;

    /// <summary>Of the tree.</summary>
    public static TreeShape Shape { get; } = new([new IndexColumn("gram", IndexedKind.Text)], null, 0);

    /// <summary>With how many mistakes a word of a question may be written: by its letters as they are written, but no more than leave a gram of its term.</summary>
    public static int MistakesAllowed(TextToken token)
    {
        var letters = CountOf(token.Folded);
        var most = letters >= LettersOfTwo ? 2 : letters >= LettersOfOne ? 1 : 0;
        return IsKept(token.Term) ? Math.Min(most, CountOf(token.Term) / GramsOfMistake) : 0;
    }

    /// <summary>With how many mistakes the beginning of a word may be written.</summary>
    public static int MistakesOfBeginning(SearchWord word) => word is { Mistakes: > 0, Prefix: { } prefix } && CountOf(prefix) >= LettersOfBeginning ? 1 : 0;

    /// <summary>True for terms that are in the tree: of letters only. Whoever looks for 2024 does not mean 2023, nor python2 with python3, and two characters of Chinese are no spelling.</summary>
    public static bool IsKept(string term)
    {
        var letters = 0;
        foreach (var rune in term.EnumerateRunes())
        {
            if (!Rune.IsLetter(rune) || TextAnalyzer.IsIdeograph(rune))
            {
                return false;
            }

            letters++;
        }

        return letters >= FewestLetters && KeyRanges.IsExact(IndexValue.Of(term));
    }

    /// <summary>The keys of a term's entries.</summary>
    public static IEnumerable<byte[]> Keys(string term)
    {
        var utf8 = Encoding.UTF8.GetBytes(term);
        var length = Number(CountOf(term));
        return Grams(term).Select(gram => (byte[])[.. SearchEntries.Term(gram + length), .. utf8]);
    }

    /// <summary>The term of an entry.</summary>
    public static string TermOf(ReadOnlySpan<byte> key) => Encoding.UTF8.GetString(Shape.PrimaryKeyOf(key));

    /// <summary>Of each gram of a term the entries of words that are about as long.</summary>
    public static IEnumerable<KeyRange> Alike(string term, int mistakes)
    {
        var letters = CountOf(term);
        return Grams(term).Select(gram => Between(gram, letters - mistakes, letters + mistakes));
    }

    /// <summary>Of each gram of the beginning of a word the entries of words that are about as long, or longer.</summary>
    public static IEnumerable<KeyRange> AlikeBeginnings(string beginning, int mistakes)
    {
        var letters = CountOf(beginning);
        return Grams(beginning).SkipLast(1).Select(gram => Between(gram, letters - mistakes, TextLimits.WordLetters));
    }

    /// <summary>How many grams are enough to find every word with so many mistakes.</summary>
    public static int Enough(int mistakes) => (GramsOfMistake * mistakes) + 1;

    /// <summary>
    /// The least number of letters to put in, take out, replace, or change places with their neighbours that makes one word of the other (Damerau's distance, in which no letter is touched
    /// twice); <paramref name="most"/> + 1 for any that is larger.
    /// </summary>
    /// <param name="word">a word</param>
    /// <param name="other">another</param>
    /// <param name="most">how far is told</param>
    /// <param name="isBegun">makes that beginning of the other of which it takes the fewest</param>
    public static int Distance(ReadOnlySpan<char> word, ReadOnlySpan<char> other, int most, bool isBegun = false)
    {
        Span<int> left = stackalloc int[word.Length], right = stackalloc int[other.Length];
        left = left[..Letters(word, left)];
        right = right[..Letters(other, right)];
        right = isBegun && right.Length > left.Length + most ? right[..(left.Length + most)] : right;
        if (Math.Abs(left.Length - right.Length) > most)
        {
            return most + 1;
        }

        Span<int> before = stackalloc int[right.Length + 1], last = stackalloc int[right.Length + 1], now = stackalloc int[right.Length + 1];
        for (var j = 0; j <= right.Length; j++)
        {
            now[j] = j;
        }

        for (var i = 1; i <= left.Length; i++)
        {
            var oldest = before;
            before = last;
            last = now;
            now = oldest;
            now[0] = i;
            var least = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var isSame = left[i - 1] == right[j - 1];
                now[j] = Math.Min(Math.Min(last[j], now[j - 1]) + 1, last[j - 1] + (isSame ? 0 : 1));
                if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1])
                {
                    now[j] = Math.Min(now[j], before[j - 2] + 1);
                }

                least = Math.Min(least, now[j]);
            }

            // The least of a row is no less than that of the row before, or one more than that of the one before it: nothing comes back from here.
            if (least > most + 1)
            {
                return most + 1;
            }
        }

        return Math.Min(isBegun ? Least(now) : now[right.Length], most + 1);
    }

    private static int Least(ReadOnlySpan<int> numbers)
    {
        var least = numbers[0];
        foreach (var number in numbers)
        {
            least = Math.Min(least, number);
        }

        return least;
    }

    private static int Letters(ReadOnlySpan<char> text, Span<int> letters)
    {
        var count = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            letters[count++] = rune.Value;
        }

        return count;
    }

    private static List<string> Grams(string term)
    {
        var grams = new List<string>();
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        var previous = Edge.ToString();
        foreach (var letter in term.EnumerateRunes().Select(static rune => rune.ToString()).Append(Edge.ToString()))
        {
            var gram = previous + letter;
            seen[gram] = seen.GetValueOrDefault(gram) + 1;
            grams.Add(gram + Number(seen[gram]));
            previous = letter;
        }

        return grams;
    }

    // A character for a number of letters, in the same order: words are cut before the digits' row of Unicode ends.
    private static string Number(int letters) => ((char)('0' + letters)).ToString(CultureInfo.InvariantCulture);

    /// <summary>The entries of a gram in words with so many letters.</summary>
    private static KeyRange Between(string gram, int fewest, int most) =>
        KeyRange.Between(Beginning(gram + Number(Math.Max(1, fewest))), OrderedKey.Behind(Beginning(gram + Number(most))));

    private static byte[] Beginning(string text) => SearchEntries.Term(text)[..^OrderedKey.TextEndBytes];

    private static int CountOf(string text) => text.EnumerateRunes().Count();
}
