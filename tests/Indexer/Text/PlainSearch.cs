using Mjolnir.Core.Indexes;
using Mjolnir.Core.Text;

namespace Mjolnir.Indexer.Tests.Text;

/// <summary>A row: a word of its title counts twice.</summary>
internal sealed record PlainText(string Title, string Text, string? Category = null, double? Price = null, double? Day = null, double? Sold = null)
{
    private const double TitleWeight = 2;

    public IReadOnlyList<(string Word, double Weight)> Words { get; } = [.. Split(Title).Select(static word => (word, TitleWeight)), .. Split(Text).Select(static word => (word, 1.0))];

    /// <summary>Its words and where in their field they stand.</summary>
    public IReadOnlyList<(string Word, bool IsTitle, int Place)> Places { get; } =
        [.. Split(Title).Select(static (word, place) => (word, true, place)), .. Split(Text).Select(static (word, place) => (word, false, place))];

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

    private const int Near = 8;

    private sealed record Meant(Dictionary<string, (int Mistakes, double Share)> Words, long Rows);

    private readonly record struct Asked(string Word, bool IsBegun, int Mistakes);

    /// <summary>The rows that have all words of a text, and what stands in quotes as it stands there, the best first.</summary>
    public List<(string Key, SearchRank Rank)> Find(string text, bool isFuzzy, Func<PlainText, bool> isMeant)
    {
        // What is between the first quote and the second is quoted, and so on.
        var parts = text.Split('"').Select((part, i) => (Words: PlainText.Split(part), IsQuoted: i % 2 == 1)).ToList();
        var isBegun = parts[^1].Words.Length > 0 && !text.EndsWith(' ');
        var asked = parts.ConvertAll(part => part.Words.Select((word, i) => new Asked(word, isBegun && part == parts[^1] && i == part.Words.Length - 1, part.IsQuoted || !isFuzzy ? 0 : Allowed(word))).ToList());
        var different = asked.SelectMany(static part => part).Distinct().ToList();
        var words = different.ConvertAll(word => MeantBy(word, isWidened: false));
        if (different.Exists(static word => word.Mistakes > 0) && rows.Values.Count(row => words.TrueForAll(word => row.Words.Any(has => word.Words.ContainsKey(has.Word)))) < Few)
        {
            words = different.ConvertAll(word => MeantBy(word, isWidened: true));
        }

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
    private Meant MeantBy(Asked asked, bool isWidened)
    {
        var vocabulary = rows.Values.SelectMany(row => row.Words.Select(each => each.Word)).Distinct().ToDictionary(each => each, each => (long)rows.Values.Count(row => row.Words.Any(has => has.Word == each)));
        var meant = vocabulary.Keys.Where(each => IsMeant(each, asked)).ToDictionary(each => each, each => (Mistakes: 0, Share(asked.Word, each)));
        if (isWidened ? asked.Mistakes > 0 : meant.Keys.Sum(each => vocabulary[each]) < Few)
        {
            var similar = vocabulary.Keys.Where(each => each.Length > 1 && !each.Any(char.IsDigit) && !meant.ContainsKey(each)).Select(each => (Word: each, Whole: Distance(asked.Word, each), Begun: BegunDistance(asked, each)))
                .Select(each => (each.Word, each.Whole, Mistakes: each.Begun <= 1 ? Math.Min(each.Whole, each.Begun) : each.Whole)).Where(each => each.Mistakes <= asked.Mistakes)
                .OrderBy(each => each.Mistakes).ThenByDescending(each => vocabulary[each.Word]).ThenBy(each => each.Word, StringComparer.Ordinal).Take(MostSimilar).ToList();
            similar.ForEach(each => meant[each.Word] = (each.Mistakes, each.Whole == each.Mistakes ? 1 : Share(asked.Word, each.Word)));
        }

        if (isWidened && asked.Mistakes > 0 && !asked.IsBegun)
        {
            vocabulary.Keys.Where(each => each.StartsWith(asked.Word, StringComparison.Ordinal) && !meant.ContainsKey(each)).OrderByDescending(each => vocabulary[each]).ThenBy(each => each, StringComparer.Ordinal)
                .Take(MostSimilar).ToList().ForEach(each => meant[each] = (1, Share(asked.Word, each)));
        }

        return new Meant(meant, meant.Keys.Sum(each => vocabulary[each]));
    }

    private static double Share(string word, string term) => Math.Min(1, (double)word.Length / term.Length);

    private SearchRank? Rank(PlainText row, List<Meant> words)
    {
        var average = rows.Values.Sum(each => (double)each.Words.Count) / rows.Count;
        var (mistakes, score) = (0, 0.0);
        var places = new List<List<(bool IsTitle, int Place)>>();
        foreach (var word in words)
        {
            var found = row.Places.Where(each => word.Words.ContainsKey(each.Word)).ToList();
            if (found.Count == 0)
            {
                return null;
            }

            var fewest = found.Min(each => word.Words[each.Word].Mistakes);
            found = found.FindAll(each => word.Words[each.Word].Mistakes == fewest);
            var weight = found.Sum(each => (each.IsTitle ? 2 : 1) * (word.Words[each.Word].Share is < 1 and var share ? 1 + (share * share) : 4));
            var frequency = Math.Min(rows.Count, word.Rows);
            mistakes += fewest;
            score += Math.Log(1 + ((rows.Count - frequency + 0.5) / (frequency + 0.5))) * weight * 3 / (weight + (2 * (0.25 + (0.75 * row.Words.Count / average))));
            places.Add(found.ConvertAll(each => (each.IsTitle, each.Place)));
        }

        var nearness = words.Count < 2 ? 0 : places.Zip(places.Skip(1), Nearness).Average();
        var title = PlainText.Split(row.Title).Length;
        var asked = places.SelectMany(each => each).Where(each => each.IsTitle).Distinct().Count();
        return new SearchRank(mistakes, score * (1 + (nearness / 2)) * (title == 0 ? 1 : (1 + (0.4 * Math.Pow((double)asked / title, 4))) / Math.Pow(title, 0.6)) * Popularity(row.Sold ?? 0));
    }

    /// <summary>15 % more for each doubling, in quarters of one.</summary>
    private static double Popularity(double sold) => 1 + (0.15 * (sold > 0 ? Math.Min(31.75, Math.Round(4 * Math.Log2(1 + sold)) / 4) : 0));

    private static double Nearness(List<(bool IsTitle, int Place)> before, List<(bool IsTitle, int Place)> places) =>
        before.SelectMany(one => places.Where(other => other.IsTitle == one.IsTitle).Select(other => other.Place - one.Place)).Where(distance => distance != 0 && Math.Abs(distance) <= Near)
            .Select(distance => distance > 0 ? 1.0 / distance : -0.5 / distance).DefaultIfEmpty().Max();

    /// <summary>How far the nearest beginning of a word is; beginnings of few letters are taken as they are written.</summary>
    private static int BegunDistance(Asked asked, string word) =>
        asked is { IsBegun: true, Mistakes: > 0, Word.Length: >= 5 } ? Enumerable.Range(0, word.Length + 1).Min(length => Distance(asked.Word, word[..length])) : int.MaxValue;

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
