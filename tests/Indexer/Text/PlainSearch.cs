using Mjolnir.Core.Indexes;
using Mjolnir.Core.Text;

namespace Mjolnir.Indexer.Tests.Text;

/// <summary>A row: a word of its title counts twice.</summary>
internal sealed record PlainText(string Title, string Text, string? Category = null, double? Price = null, double? Day = null)
{
    private const double TitleWeight = 2;

    public IReadOnlyList<(string Word, double Weight)> Words { get; } = [.. Split(Title).Select(static word => (word, TitleWeight)), .. Split(Text).Select(static word => (word, 1.0))];

    /// <summary>The value of one of the other columns.</summary>
    public IndexValue Of(string column) => column switch
    {
        "category" => Category is null ? IndexValue.Null : IndexValue.Of(Category),
        "price" => Price is null ? IndexValue.Null : IndexValue.Of(Price.Value),
        _ => Day is null ? IndexValue.Null : IndexValue.Of(Day.Value),
    };

    public static string[] Split(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}

/// <summary>The plain evaluation that searches are compared with: words as they stand in the rows, without any index.</summary>
internal sealed class PlainSearch(IReadOnlyDictionary<string, PlainText> rows)
{
    private const int Few = 5;
    private const int MostSimilar = 20;

    private sealed record Meant(Dictionary<string, int> Words, long Rows);

    private readonly record struct Asked(string Word, bool IsBegun, int Mistakes);

    /// <summary>The rows that have all words of a text, and what stands in quotes as it stands there, the best first.</summary>
    public List<(string Key, SearchRank Rank)> Find(string text, bool isFuzzy, Func<PlainText, bool> isMeant)
    {
        // What is between the first quote and the second is quoted, and so on.
        var parts = text.Split('"').Select((part, i) => (Words: PlainText.Split(part), IsQuoted: i % 2 == 1)).ToList();
        var isBegun = parts[^1].Words.Length > 0 && !text.EndsWith(' ');
        var asked = parts.ConvertAll(part => part.Words.Select((word, i) => new Asked(word, isBegun && part == parts[^1] && i == part.Words.Length - 1, part.IsQuoted || !isFuzzy ? 0 : Allowed(word))).ToList());
        var words = asked.SelectMany(static part => part).Distinct().Select(MeantBy).ToList();
        var phrases = asked.Where((_, i) => parts[i].IsQuoted).ToList();
        return [.. rows.Where(row => isMeant(row.Value)).Where(row => phrases.TrueForAll(phrase => Stands(row.Value.Title, phrase) || Stands(row.Value.Text, phrase))).Select(row => (row.Key, Rank: Rank(row.Value, words)))
            .Where(static row => row.Rank is not null).Select(static row => (row.Key, Rank: row.Rank!.Value)).OrderBy(static row => row.Rank)];
    }

    private static bool Stands(string field, List<Asked> phrase)
    {
        var words = PlainText.Split(field);
        return phrase.Count < 2 || Enumerable.Range(0, words.Length).Any(start => start + phrase.Count <= words.Length && phrase.Zip(words.Skip(start), static (asked, word) => IsMeant(word, asked)).All(static isMeant => isMeant));
    }

    private static bool IsMeant(string word, Asked asked) => word == asked.Word || (asked.IsBegun && word.StartsWith(asked.Word, StringComparison.Ordinal));

    private static int Allowed(string word) => word.Any(char.IsDigit) ? 0 : word.Length >= 8 ? 2 : word.Length >= 4 ? 1 : 0;

    /// <summary>The words that one stands for, with the mistakes in it.</summary>
    private Meant MeantBy(Asked asked)
    {
        var vocabulary = rows.Values.SelectMany(row => row.Words.Select(each => each.Word)).Distinct().ToDictionary(each => each, each => (long)rows.Values.Count(row => row.Words.Any(has => has.Word == each)));
        var meant = vocabulary.Keys.Where(each => IsMeant(each, asked)).ToDictionary(each => each, _ => 0);
        if (meant.Keys.Sum(each => vocabulary[each]) < Few)
        {
            var similar = vocabulary.Keys.Where(each => each.Length > 1 && !each.Any(char.IsDigit) && !meant.ContainsKey(each)).Select(each => (Word: each, Mistakes: Distance(asked.Word, each)))
                .Where(each => each.Mistakes <= asked.Mistakes)
                .OrderBy(each => each.Mistakes).ThenByDescending(each => vocabulary[each.Word]).ThenBy(each => each.Word, StringComparer.Ordinal).Take(MostSimilar).ToList();
            similar.ForEach(each => meant[each.Word] = each.Mistakes);
        }

        return new Meant(meant, meant.Keys.Sum(each => vocabulary[each]));
    }

    private SearchRank? Rank(PlainText row, List<Meant> words)
    {
        var average = rows.Values.Sum(each => (double)each.Words.Count) / rows.Count;
        var (mistakes, score) = (0, 0.0);
        foreach (var word in words)
        {
            var found = row.Words.Where(each => word.Words.ContainsKey(each.Word)).ToList();
            if (found.Count == 0)
            {
                return null;
            }

            var fewest = found.Min(each => word.Words[each.Word]);
            var weight = found.Where(each => word.Words[each.Word] == fewest).Sum(each => each.Weight);
            var frequency = Math.Min(rows.Count, word.Rows);
            mistakes += fewest;
            score += Math.Log(1 + ((rows.Count - frequency + 0.5) / (frequency + 0.5))) * weight * 2.2 / (weight + (1.2 * (0.25 + (0.75 * row.Words.Count / average))));
        }

        return new SearchRank(mistakes, score);
    }

    private static int Distance(string one, string other)
    {
        var known = new Dictionary<(int, int), int>();
        return Of(one.Length, other.Length);

        int Of(int i, int j)
        {
            if (i == 0 || j == 0)
            {
                return i + j;
            }

            if (known.TryGetValue((i, j), out var there))
            {
                return there;
            }

            var least = Math.Min(Math.Min(Of(i - 1, j), Of(i, j - 1)) + 1, Of(i - 1, j - 1) + (one[i - 1] == other[j - 1] ? 0 : 1));
            var isSwapped = i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1];
            return known[(i, j)] = isSwapped ? Math.Min(least, Of(i - 2, j - 2) + 1) : least;
        }
    }
}
