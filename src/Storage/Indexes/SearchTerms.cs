using System.Runtime.InteropServices;
using System.Text;
using Mjolnir.Core.Indexes;
using Mjolnir.Core.Indexes.Walks;
using Mjolnir.Core.Text;

namespace Mjolnir.Storage.Indexes;

/// <summary>A term that a word of a question stands for.</summary>
/// <param name="Term">the term</param>
/// <param name="Likeness">how it is the word; without mistakes for the word itself and what it may be the beginning of</param>
/// <param name="Rows">in how many rows it occurs</param>
internal readonly record struct MeantTerm(string Term, TermLikeness Likeness, long Rows);

/// <summary>Finds which terms a word of a question stands for, as far as there are rows with them.</summary>
/// <param name="pages">the pages of a head</param>
/// <param name="words">the tree of words</param>
/// <param name="vocabulary">which tree of the head has their n-grams; looked at for words that may be mistyped only</param>
internal sealed class SearchTerms(HeadPages pages, TreeRoot words, int vocabulary)
{
    /// <summary>The terms: the word itself, those that begin like it, the most frequent first, and where few rows have these, those that are like it, the nearest first.</summary>
    public async ValueTask<List<MeantTerm>> MeantAsync(SearchWord word)
    {
        var meant = new List<MeantTerm>();
        if (await RowsAsync(word.Term) is > 0 and var exact)
        {
            meant.Add(new MeantTerm(word.Term, TermLikeness.Same, exact));
        }

        if (word.Prefix is not null)
        {
            meant.AddRange((await BegunAsync(word.Prefix, mistakes: 0)).Take(TextLimits.Completions).Where(term => term.Term != word.Term));
        }

        if (word.Mistakes > 0 && IsFew(meant))
        {
            meant.AddRange(await SimilarAsync(word));
        }

        return meant;
    }

    /// <summary>The same and all that is like it, for a question that few rows answer: words like it, and those that it may be the beginning of, where it stands in the middle too.</summary>
    /// <param name="word">the word</param>
    /// <param name="meant">what it stands for already</param>
    public async ValueTask<List<MeantTerm>> WidenedAsync(SearchWord word, List<MeantTerm> meant)
    {
        var widened = meant.ToList();
        if (word.Mistakes > 0 && !IsFew([.. meant.Where(static term => term.Likeness.Mistakes == 0)]))
        {
            widened.AddRange(await SimilarAsync(word));
        }

        if (word.Mistakes > 0 && word.Prefix is null)
        {
            widened.AddRange((await BegunAsync(word.Term, mistakes: 1)).Where(term => widened.TrueForAll(other => other.Term != term.Term)).Take(TextLimits.Similar).ToList());
        }

        return widened;
    }

    private static bool IsFew(List<MeantTerm> meant) => meant.Sum(static term => term.Rows) < TextLimits.FewRows;

    /// <summary>The terms that begin like this, the most frequent first.</summary>
    private async ValueTask<IEnumerable<MeantTerm>> BegunAsync(string beginning, int mistakes)
    {
        var begun = await pages.RunAsync(new GroupWalk(SearchEntries.Shape, words, SearchEntries.Beginning(beginning), depth: 1, groupSums: -1, TextLimits.CompletionsSeen));
        return begun.Found.Take(TextLimits.CompletionsSeen).OrderByDescending(static group => group.Value.Count).Select(group =>
        {
            var term = OrderedKey.Read(group.Key, SearchEntries.Shape.Columns[0], out _).Text!;
            return new MeantTerm(term, new TermLikeness(mistakes, SearchWord.ShareOf(beginning, term)), group.Value.Count);
        });
    }

    /// <summary>
    /// Words like this one:
    /// <code>
    /// 1 of each of its grams how many words have it; the rarest ones are enough
    /// 2 of the words that have one of these, those within the distance
    /// 3 how many rows these have; the nearest, of these the most frequent
    /// </code>
    /// </summary>
    private async ValueTask<IEnumerable<MeantTerm>> SimilarAsync(SearchWord word)
    {
        var root = pages.Root(vocabulary);
        var grams = new List<(KeyRange Range, long Words)>();
        foreach (var range in Vocabulary.Alike(word.Term, word.Mistakes))
        {
            grams.Add((range, (await pages.RunAsync(new SumWalk(Vocabulary.Shape, root, range))).Count));
        }

        var near = new Dictionary<string, int>(StringComparer.Ordinal);
        var left = TextLimits.SimilarSeen;
        foreach (var (range, _) in grams.OrderBy(static gram => gram.Words).Take(Vocabulary.Enough(word.Mistakes)))
        {
            await pages.RunAsync(new ScanWalk(Vocabulary.Shape, root, range, (key, _) => left-- > 0 && Look(word, key, near)));
        }

        var similar = new List<MeantTerm>();
        foreach (var (term, mistakes) in near.Where(term => term.Value <= word.Mistakes).OrderBy(static term => term.Value).ThenBy(static term => term.Key, StringComparer.Ordinal).Take(TextLimits.SimilarCounted))
        {
            similar.Add(new MeantTerm(term, new TermLikeness(mistakes, 1), await RowsAsync(term)));
        }

        return similar.OrderBy(static term => term.Likeness.Mistakes).ThenByDescending(static term => term.Rows).ThenBy(static term => term.Term, StringComparer.Ordinal).Take(TextLimits.Similar);
    }

    /// <summary>Notes how far a term is from the word, unless that is known. Terms are words of an index: of 40 letters at most.</summary>
    private static bool Look(SearchWord word, ReadOnlySpan<byte> key, Dictionary<string, int> near)
    {
        Span<char> letters = stackalloc char[key.Length];
        ReadOnlySpan<char> term = letters[..Encoding.UTF8.GetChars(Vocabulary.Shape.PrimaryKeyOf(key), letters)];
        ref var mistakes = ref CollectionsMarshal.GetValueRefOrAddDefault(near.GetAlternateLookup<ReadOnlySpan<char>>(), term, out var isKnown);
        mistakes = isKnown ? mistakes : Vocabulary.Distance(word.Term, term, word.Mistakes) is var distance && distance <= word.Mistakes && word.LikenessOf(term.ToString()) is not null ? int.MaxValue : distance;
        return true;
    }

    private async ValueTask<long> RowsAsync(string term) => (await pages.RunAsync(new SumWalk(SearchEntries.Shape, words, KeyRange.Of(SearchEntries.Term(term))))).Count;
}
