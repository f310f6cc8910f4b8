using System.Text;
using Mjolnir.Core.Indexes;
using Mjolnir.Core.Indexes.Queries;
using Mjolnir.Core.Indexes.Walks;
using Mjolnir.Core.Text;

namespace Mjolnir.Storage.Indexes;

/// <summary>
/// Answers a search from one head:
/// <code>
/// 1 how many rows and words there are, and which terms each word stands for, with their numbers of rows
/// 2 the rows of the rarest word; of these those that have the others too: by walking their rows, or row by row where these are many more
/// 3 of these those that have the values asked for
/// 4 ranked
/// </code>
/// </summary>
internal static class SearchReader
{
    /// <summary>Where another word has this many times as many rows as are left, each of these is looked up: a look takes as long as passing over some entries.</summary>
    private const int LookUpFrom = 16;

    /// <summary>A page is not there any more.</summary>
    private sealed class PageGoneException : Exception;

    private sealed record Word(int Number, List<string> Terms, long Rows);

    private sealed record Row(double[] Weights)
    {
        public double Length { get; set; }
    }

    /// <summary>The answer; null if a page is not there any more.</summary>
    public static async ValueTask<IndexAnswer?> AnswerAsync(IIndexPages pages, IndexHead head, IndexQuestion question, CancellationToken cancellationToken)
    {
        try
        {
            return await new Search(pages, head, question, cancellationToken).AnswerAsync();
        }
        catch (PageGoneException)
        {
            return null;
        }
    }

    private sealed class Search(IIndexPages pages, IndexHead head, IndexQuestion question, CancellationToken cancellationToken)
    {
        private readonly TreeRoot _words = head.Trees[question.Tree];

        public async ValueTask<IndexAnswer> AnswerAsync()
        {
            var all = await RunAsync(new SumWalk(SearchEntries.Shape, _words, KeyRange.Of(SearchEntries.Term(""))));
            var words = new List<Word>();
            foreach (var word in question.Words)
            {
                words.Add(await MeantAsync(word, words.Count));
            }

            var figures = new SearchFigures(all.Count, (double)all.Sums[0].Total, [.. words.Select(word => word.Rows)]);
            var rows = words.Exists(static word => word.Rows == 0) ? [] : await RowsAsync([.. words.OrderBy(static word => word.Rows)]);
            foreach (var filter in question.Filters)
            {
                await FilterAsync(rows, filter);
            }

            var best = rows.Select(row => (row.Key, Score: figures.Score(row.Value.Weights, row.Value.Length)))
                .OrderByDescending(static row => row.Score).ThenBy(static row => row.Key, StringComparer.Ordinal)
                .Take(question.Limit)
                .Select(static row => new FoundPlace([], row.Key));
            return new IndexAnswer { Found = [.. best], IsWhole = rows.Count <= question.Limit, Count = rows.Count, Figures = figures };
        }

        /// <summary>The terms that a word stands for, as far as there are rows with them.</summary>
        private async ValueTask<Word> MeantAsync(SearchWord word, int number)
        {
            var exact = (await RunAsync(new SumWalk(SearchEntries.Shape, _words, KeyRange.Of(SearchEntries.Term(word.Term))))).Count;
            var meant = new Dictionary<string, long>(StringComparer.Ordinal);
            if (word.Prefix is not null)
            {
                var begun = await RunAsync(new GroupWalk(SearchEntries.Shape, _words, SearchEntries.Beginning(word.Prefix), depth: 1, groupSums: -1, TextLimits.CompletionsSeen));
                foreach (var (key, total) in begun.Found.OrderByDescending(static group => group.Value.Count).Take(TextLimits.Completions))
                {
                    meant[OrderedKey.Read(key, SearchEntries.Shape.Columns[0], out _).Text!] = total.Count;
                }
            }

            if (exact > 0)
            {
                meant[word.Term] = exact;
            }

            return new Word(number, [.. meant.Keys], meant.Values.Sum());
        }

        private async ValueTask<Dictionary<string, Row>> RowsAsync(List<Word> words)
        {
            var rows = new Dictionary<string, Row>(StringComparer.Ordinal);
            foreach (var word in words)
            {
                if (word == words[0] || word.Rows < LookUpFrom * (long)rows.Count)
                {
                    await WalkAsync(rows, word, isFirst: word == words[0]);
                }
                else
                {
                    await LookUpAsync(rows, word);
                }

                foreach (var (key, _) in rows.Where(row => row.Value.Weights[word.Number] == 0).ToList())
                {
                    rows.Remove(key);
                }
            }

            return rows;
        }

        private async ValueTask WalkAsync(Dictionary<string, Row> rows, Word word, bool isFirst)
        {
            foreach (var term in word.Terms)
            {
                var limit = isFirst ? TextLimits.Ranked : int.MaxValue;
                var walk = await RunAsync(new RangeWalk(SearchEntries.Shape, _words, KeyRange.Of(SearchEntries.Term(term)), backward: false, skip: 0, limit));
                foreach (var entry in walk.Found)
                {
                    var key = Encoding.UTF8.GetString(SearchEntries.Shape.PrimaryKeyOf(entry.Key));
                    if (!rows.TryGetValue(key, out var row) && isFirst && rows.Count < TextLimits.Ranked)
                    {
                        rows[key] = row = new Row(new double[question.Words.Count]);
                    }

                    Add(row, word, entry);
                }
            }
        }

        private async ValueTask LookUpAsync(Dictionary<string, Row> rows, Word word)
        {
            foreach (var (key, row) in rows)
            {
                foreach (var term in word.Terms)
                {
                    if (await EntryAsync(SearchEntries.Shape, _words, [.. SearchEntries.Term(term), .. Encoding.UTF8.GetBytes(key)]) is { } entry)
                    {
                        Add(row, word, entry);
                    }
                }
            }
        }

        private static void Add(Row? row, Word word, FoundEntry entry)
        {
            if (row is not null)
            {
                var (weight, length) = SearchEntries.Read(entry.Payload.Span);
                row.Weights[word.Number] += weight;
                row.Length = length;
            }
        }

        private async ValueTask FilterAsync(Dictionary<string, Row> rows, SearchFilter filter)
        {
            foreach (var key in rows.Keys.ToList())
            {
                if (await EntryAsync(filter.Shape, head.Trees[filter.Tree], [.. filter.Values, .. Encoding.UTF8.GetBytes(key)]) is null)
                {
                    rows.Remove(key);
                }
            }
        }

        private async ValueTask<FoundEntry?> EntryAsync(TreeShape shape, TreeRoot root, byte[] key)
        {
            var walk = await RunAsync(new RangeWalk(shape, root, KeyRange.Of(key), backward: false, skip: 0, limit: 1));
            return walk.Found.Count > 0 && walk.Found[0].Key.AsSpan().SequenceEqual(key) ? walk.Found[0] : null;
        }

        private async ValueTask<T> RunAsync<T>(T walk)
            where T : IndexWalk => await IndexReader.TryRunAsync(pages, question.Table, walk, cancellationToken) ? walk : throw new PageGoneException();
    }
}
