using Mjolnir.Core.Text;

namespace Mjolnir.Indexer.Tests.Text;

/// <summary>A row: a word of its title counts twice.</summary>
internal sealed record PlainText(string Title, string Text)
{
    private const double TitleWeight = 2;

    public IReadOnlyList<(string Word, double Weight)> Words { get; } = [.. Split(Title).Select(static word => (word, TitleWeight)), .. Split(Text).Select(static word => (word, 1.0))];

    public static string[] Split(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}

/// <summary>The plain evaluation that searches are compared with: words as they stand in the rows, without any index.</summary>
internal sealed class PlainSearch(IReadOnlyDictionary<string, PlainText> rows)
{
    private const int Few = 5;
    private const int MostSimilar = 20;

    private sealed record Meant(Dictionary<string, int> Words, long Rows);

    /// <summary>The rows that have all words of a text, the best first.</summary>
    public List<(string Key, SearchRank Rank)> Find(string text, bool isFuzzy)
    {
        var asked = PlainText.Split(text);
        var words = asked.Select((word, i) => (word, IsBegun: i == asked.Length - 1 && !text.EndsWith(' '))).Distinct().Select(word => MeantBy(word.word, word.IsBegun, isFuzzy)).ToList();
        return [.. rows.Select(row => (row.Key, Rank: Rank(row.Value, words))).Where(row => row.Rank is not null).Select(row => (row.Key, Rank: row.Rank!.Value)).OrderBy(row => row.Rank)];
    }

    /// <summary>The words that one stands for, with the mistakes in it.</summary>
    private Meant MeantBy(string word, bool isBegun, bool isFuzzy)
    {
        var vocabulary = rows.Values.SelectMany(row => row.Words.Select(each => each.Word)).Distinct().ToDictionary(each => each, each => (long)rows.Values.Count(row => row.Words.Any(has => has.Word == each)));
        var meant = vocabulary.Keys.Where(each => each == word || (isBegun && each.StartsWith(word, StringComparison.Ordinal))).ToDictionary(each => each, _ => 0);
        var allowed = !isFuzzy || word.Any(char.IsDigit) ? 0 : word.Length >= 8 ? 2 : word.Length >= 4 ? 1 : 0;
        if (meant.Keys.Sum(each => vocabulary[each]) < Few)
        {
            var similar = vocabulary.Keys.Where(each => each.Length > 1 && !each.Any(char.IsDigit) && !meant.ContainsKey(each)).Select(each => (Word: each, Mistakes: Distance(word, each)))
                .Where(each => each.Mistakes <= allowed)
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
