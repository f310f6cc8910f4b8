using Mjolnir.Core.Indexes;
using Mjolnir.Core.Indexes.Queries;
using Mjolnir.Core.Indexes.Walks;
using Mjolnir.Core.Text;

namespace Mjolnir.Storage.Indexes;

/// <summary>
/// Answers a search from one head:
/// <code>
/// 1 how many rows and words there are, and which terms each word stands for, with their numbers of rows
/// 2 the rows that have all words; where these are few, those that have words like them
/// 3 of these those that have all phrases, and the values asked for; ranked, or counted per value
/// </code>
/// </summary>
internal static class SearchReader
{
    private static readonly Comparer<byte[]> ByBytes = Comparer<byte[]>.Create(static (left, right) => left.AsSpan().SequenceCompareTo(right));

    /// <summary>The answer; null if a page is not there any more.</summary>
    public static async ValueTask<IndexAnswer?> AnswerAsync(IIndexPages pages, IndexHead head, IndexQuestion question, CancellationToken cancellationToken)
    {
        try
        {
            return await AnswerAsync(new HeadPages(pages, head, cancellationToken), question);
        }
        catch (PageGoneException)
        {
            return null;
        }
    }

    private static async ValueTask<IndexAnswer> AnswerAsync(HeadPages pages, IndexQuestion question)
    {
        var root = pages.Root(question.Tree);
        var all = await pages.RunAsync(new SumWalk(SearchEntries.Shape, root, KeyRange.Of(SearchEntries.Term(""))));
        var terms = new SearchTerms(pages, root, question.Tree + 1);
        var words = new List<SearchedWord>();
        foreach (var word in question.Words)
        {
            words.Add(new SearchedWord(words.Count, await terms.MeantAsync(word)));
        }

        var rows = new SearchRows(pages, question, all.Count);
        await rows.FindAsync(words);
        if (rows.Found.Count < TextLimits.FewRows && question.Words.Any(static word => word.Mistakes > 0))
        {
            words = await WidenedAsync(terms, words, question);
            await rows.FindAsync(words);
        }

        await rows.NarrowAsync();
        var figures = new SearchFigures(all.Count, (double)all.Sums[0].Total, [.. words.Select(static word => word.Figures)]);
        return question.By.Count > 0 ? Counted(rows, question, figures) : Ranked(rows, question, figures);
    }

    /// <summary>The words with all that is like them, however many rows have them.</summary>
    private static async ValueTask<List<SearchedWord>> WidenedAsync(SearchTerms terms, List<SearchedWord> words, IndexQuestion question)
    {
        var widened = new List<SearchedWord>();
        foreach (var word in words)
        {
            widened.Add(new SearchedWord(word.Number, await terms.WidenedAsync(question.Words[word.Number], word.Terms)));
        }

        return widened;
    }

    private static IndexAnswer Ranked(SearchRows rows, IndexQuestion question, SearchFigures figures)
    {
        var best = new BestRows(question.Limit);
        foreach (var (key, row) in rows.Found)
        {
            best.Offer(figures.Rank(row.Words, row.Shape), key);
        }

        return new IndexAnswer { Found = best.InOrder(), IsWhole = rows.Found.Count <= question.Limit, Count = rows.Found.Count, Figures = figures, IsPartial = rows.IsPartial };
    }

    private static IndexAnswer Counted(SearchRows rows, IndexQuestion question, SearchFigures figures)
    {
        var groups = new SortedDictionary<byte[], GroupRecord>(ByBytes);
        foreach (var row in rows.Found.Values)
        {
            byte[] key = [.. question.By.SelectMany(column => row.Values[column].ToArray())];
            groups.TryAdd(key, new GroupRecord(0));
            groups[key].AddCount(1);
        }

        return new IndexAnswer
        {
            Groups = [.. groups.Take(question.Limit).Select(static group => new FoundGroup(group.Key, group.Value))],
            IsWhole = groups.Count <= question.Limit,
            Count = rows.Found.Count,
            Figures = figures,
            IsPartial = rows.IsPartial,
        };
    }
}
