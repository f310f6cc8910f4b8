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
/// <param name="seen">takes words that are looked at</param>
internal sealed class SearchTerms(HeadPages pages, TreeRoot words, int vocabulary, KeyTable seen)
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
            meant.AddRange((await BegunAsync(word.Prefix, mistakes: 0, TextLimits.Completions)).Where(term => term.Term != word.Term));
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
            widened.AddRange((await BegunAsync(word.Term, mistakes: 1, TextLimits.Similar + widened.Count)).Where(term => widened.TrueForAll(other => other.Term != term.Term)).Take(TextLimits.Similar).ToList());
        }

        return widened;
    }

    private static bool IsFew(List<MeantTerm> meant) => meant.Sum(static term => term.Rows) < TextLimits.FewRows;

    /// <summary>Of the terms that begin like this some, the most frequent first, of equally frequent ones the first in the alphabet.</summary>
    private async ValueTask<IEnumerable<MeantTerm>> BegunAsync(string beginning, int mistakes, int most)
    {
        // The least frequent comes first, of these the last in the alphabet.
        var frequent = new PriorityQueue<byte[], (long Rows, int Order)>(most);
        var order = 0;
        await pages.RunAsync(new GroupWalk(SearchEntries.Shape, words, SearchEntries.Beginning(beginning), depth: 1, groupSums: -1, TextLimits.CompletionsSeen, (key, total) =>
        {
            order--;
            if (frequent.Count < most)
            {
                frequent.Enqueue(key.ToArray(), (total.Count, order));
            }
            else if (frequent.TryPeek(out _, out var least) && least.Rows < total.Count)
            {
                frequent.EnqueueDequeue(key.ToArray(), (total.Count, order));
            }
        }));
        return frequent.UnorderedItems.OrderByDescending(static term => term.Priority).Select(found => Begun(found.Element, found.Priority.Rows, beginning, mistakes));
    }

    private static MeantTerm Begun(byte[] key, long rows, string beginning, int mistakes)
    {
        var term = OrderedKey.Read(key, SearchEntries.Shape.Columns[0], out _).Text!;
        return new MeantTerm(term, new TermLikeness(mistakes, SearchWord.ShareOf(beginning, term)), rows);
    }

    /// <summary>
    /// Words like this one, and where it may be the beginning of one, those that begin like it:
    /// <code>
    /// 1 of each of its grams how many words have it; the rarest ones are enough
    /// 2 of the words that have one of these, those within the distance
    /// 3 how many rows these have; the nearest, of these the most frequent
    /// </code>
    /// </summary>
    private async ValueTask<IEnumerable<MeantTerm>> SimilarAsync(SearchWord word)
    {
        seen.Clear();
        await LookAsync(word, Vocabulary.Alike(word.Term, word.Mistakes), Vocabulary.Enough(word.Mistakes));
        if (Vocabulary.MistakesOfBeginning(word) is > 0 and var begun)
        {
            await LookAsync(word, Vocabulary.AlikeBeginnings(word.Prefix!, begun), Vocabulary.Enough(begun));
        }

        var similar = new List<MeantTerm>();
        foreach (var (mistakes, term) in Near(word).OrderBy(static term => term.Mistakes).ThenBy(static term => term.Term, StringComparer.Ordinal).Take(TextLimits.SimilarCounted))
        {
            var share = Vocabulary.Distance(word.Term, term, mistakes) <= mistakes ? 1 : SearchWord.ShareOf(word.Prefix!, term);
            similar.Add(new MeantTerm(term, new TermLikeness(mistakes, share), await RowsAsync(term)));
        }

        return similar.OrderBy(static term => term.Likeness.Mistakes).ThenByDescending(static term => term.Rows).ThenBy(static term => term.Term, StringComparer.Ordinal).Take(TextLimits.Similar);
    }

    /// <summary>Looks at the words of the rarest of some grams.</summary>
    private async ValueTask LookAsync(SearchWord word, IEnumerable<KeyRange> ranges, int enough)
    {
        var root = pages.Root(vocabulary);
        var grams = new List<(KeyRange Range, long Words)>();
        foreach (var range in ranges)
        {
            grams.Add((range, (await pages.RunAsync(new SumWalk(Vocabulary.Shape, root, range))).Count));
        }

        var left = TextLimits.SimilarSeen;
        foreach (var (range, _) in grams.OrderBy(static gram => gram.Words).Take(enough))
        {
            await pages.RunAsync(new ScanWalk(Vocabulary.Shape, root, range, (key, _) => left-- > 0 && Look(word, Vocabulary.Shape.PrimaryKeyOf(key))));
        }
    }

    /// <summary>Notes how far a term is from the word, unless that is known. Terms are words of an index: of 40 letters at most.</summary>
    private bool Look(SearchWord word, ReadOnlySpan<byte> utf8)
    {
        var number = seen.FindOrAdd(utf8, out var isNew);
        if (isNew)
        {
            Span<char> letters = stackalloc char[utf8.Length];
            letters = letters[..Encoding.UTF8.GetChars(utf8, letters)];
            var mistakes = Vocabulary.Distance(word.Term, letters, word.Mistakes);
            var ofBeginning = Vocabulary.MistakesOfBeginning(word) is > 0 and var most && Vocabulary.Distance(word.Prefix, letters, most, isBegun: true) is var begun && begun <= most ? begun : int.MaxValue;
            seen.Note(number) = Math.Min(mistakes, ofBeginning);
        }

        return true;
    }

    /// <summary>The terms looked at that are within the distance and not meant anyway.</summary>
    private IEnumerable<(int Mistakes, string Term)> Near(SearchWord word)
    {
        for (var number = 0; number < seen.Count; number++)
        {
            if (seen.Note(number) <= word.Mistakes && Encoding.UTF8.GetString(seen[number]) is var term && word.LikenessOf(term) is null)
            {
                yield return (seen.Note(number), term);
            }
        }
    }

    private async ValueTask<long> RowsAsync(string term) => (await pages.RunAsync(new SumWalk(SearchEntries.Shape, words, KeyRange.Of(SearchEntries.Term(term))))).Count;
}
