using System.Buffers;
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
    /// <summary>The answer; null if a page is not there any more.</summary>
    public static async ValueTask<IndexAnswer?> AnswerAsync(IIndexPages pages, IndexHead head, IndexQuestion question, CancellationToken cancellationToken)
    {
        var space = SearchSpace.Take();
        try
        {
            return await AnswerAsync(new HeadPages(pages, head, cancellationToken), question, space);
        }
        catch (PageGoneException)
        {
            return null;
        }
        finally
        {
            SearchSpace.Return(space);
        }
    }

    private static async ValueTask<IndexAnswer> AnswerAsync(HeadPages pages, IndexQuestion question, SearchSpace space)
    {
        var root = pages.Root(question.Tree);
        var all = await pages.RunAsync(new SumWalk(SearchEntries.Shape, root, KeyRange.Of(SearchEntries.Term(""))));
        var terms = new SearchTerms(pages, root, question.Tree + 1, space.Keys);
        var words = new List<SearchedWord>();
        foreach (var word in question.Words)
        {
            words.Add(new SearchedWord(words.Count, await terms.MeantAsync(word)));
        }

        var rows = new SearchRows(pages, question, all.Count, space.Rows);
        await rows.FindAsync(words);
        if (space.Rows.Count < TextLimits.FewRows && question.Words.Any(static word => word.Mistakes > 0))
        {
            words = await WidenedAsync(terms, words, question);
            await rows.FindAsync(words);
        }

        await rows.NarrowAsync();
        var figures = new SearchFigures(all.Count, (double)all.Sums[0].Total, [.. words.Select(static word => word.Figures)]);
        var (groups, hasAllGroups) = question.By.Count > 0 ? Counted(space, question) : ([], true);
        var (found, hasAllRows) = question.By.Count > 0 ? ([], true) : Ranked(space.Rows, question, figures);
        return new IndexAnswer { Found = found, Groups = groups, IsWhole = hasAllGroups && hasAllRows, Count = space.Rows.Count, Figures = figures, IsPartial = rows.IsPartial };
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

    private static (IReadOnlyList<FoundPlace> Found, bool IsWhole) Ranked(FoundRows rows, IndexQuestion question, SearchFigures figures)
    {
        var best = new BestRows(rows, question.Limit);
        for (var row = 0; row < rows.Numbers; row++)
        {
            if (rows.IsIn(row))
            {
                best.Offer(figures.Rank(rows.Words(row), rows.Places, rows.Shape(row)), row);
            }
        }

        return (best.InOrder(), rows.Count <= question.Limit);
    }

    private static (IReadOnlyList<FoundGroup> Groups, bool IsWhole) Counted(SearchSpace space, IndexQuestion question)
    {
        var (rows, groups, key) = (space.Rows, space.Keys, new ArrayBufferWriter<byte>(64));
        int[] by = [.. question.By];
        groups.Clear();
        for (var row = 0; row < rows.Numbers; row++)
        {
            if (rows.IsIn(row))
            {
                key.ResetWrittenCount();
                foreach (var column in by)
                {
                    key.Write(SearchEntries.Value(rows.Values(row), question.Kept, column));
                }

                groups.Note(groups.FindOrAdd(key.WrittenSpan, out _))++;
            }
        }

        var sorted = Enumerable.Range(0, groups.Count).ToArray();
        Array.Sort(sorted, (left, right) => groups[left].SequenceCompareTo(groups[right]));
        return ([.. sorted.Take(question.Limit).Select(group => Group(groups[group], groups.Note(group)))], sorted.Length <= question.Limit);
    }

    private static FoundGroup Group(ReadOnlySpan<byte> key, int rows)
    {
        var record = new GroupRecord(0);
        record.AddCount(rows);
        return new FoundGroup(key.ToArray(), record);
    }
}
