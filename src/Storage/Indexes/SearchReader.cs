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
/// 3 of these those that have the phrases, and the values asked for
/// 4 ranked
/// </code>
/// </summary>
internal static class SearchReader
{
    /// <summary>Where another word has this many times as many rows as are left, each of these is looked up: a look takes as long as passing over some entries.</summary>
    private const int LookUpFrom = 16;

    private sealed record Word(int Number, List<MeantTerm> Terms)
    {
        public long Rows { get; } = Terms.Sum(static term => term.Rows);

        public WordFigures Figures => new(Rows, [.. Terms.Where(static term => term.Mistakes > 0).Select(static term => new SimilarTerm(term.Term, term.Mistakes))]);
    }

    private sealed record Row(WordMatch[] Words)
    {
        public double Length { get; set; }

        /// <summary>Where the words of phrases stand.</summary>
        public Dictionary<int, HashSet<int>> Places { get; } = [];
    }

    /// <summary>The answer; null if a page is not there any more.</summary>
    public static async ValueTask<IndexAnswer?> AnswerAsync(IIndexPages pages, IndexHead head, IndexQuestion question, CancellationToken cancellationToken)
    {
        try
        {
            return await new Search(new HeadPages(pages, head, cancellationToken), question).AnswerAsync();
        }
        catch (PageGoneException)
        {
            return null;
        }
    }

    private sealed class Search(HeadPages pages, IndexQuestion question)
    {
        private readonly TreeRoot _words = pages.Root(question.Tree);
        private readonly HashSet<int> _placed = [.. question.Phrases.SelectMany(static phrase => phrase.Words)];

        public async ValueTask<IndexAnswer> AnswerAsync()
        {
            var all = await pages.RunAsync(new SumWalk(SearchEntries.Shape, _words, KeyRange.Of(SearchEntries.Term(""))));
            var terms = new SearchTerms(pages, _words, question.Tree + 1);
            var words = new List<Word>();
            foreach (var word in question.Words)
            {
                words.Add(new Word(words.Count, await terms.MeantAsync(word)));
            }

            var figures = new SearchFigures(all.Count, (double)all.Sums[0].Total, [.. words.Select(static word => word.Figures)]);
            var rows = words.Exists(static word => word.Rows == 0) ? [] : await RowsAsync([.. words.OrderBy(static word => word.Rows)]);
            foreach (var (key, _) in rows.Where(row => !question.Phrases.All(phrase => phrase.IsIn(word => row.Value.Places[word]))).ToList())
            {
                rows.Remove(key);
            }

            foreach (var filter in question.Filters)
            {
                await FilterAsync(rows, filter);
            }

            var best = rows.Select(row => (row.Key, Rank: figures.Rank(row.Value.Words, row.Value.Length)))
                .OrderBy(static row => row.Rank).ThenBy(static row => row.Key, StringComparer.Ordinal)
                .Take(question.Limit)
                .Select(static row => new FoundPlace([], row.Key));
            return new IndexAnswer { Found = [.. best], IsWhole = rows.Count <= question.Limit, Count = rows.Count, Figures = figures };
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

                foreach (var (key, _) in rows.Where(row => !row.Value.Words[word.Number].IsFound).ToList())
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
                var walk = await pages.RunAsync(new RangeWalk(SearchEntries.Shape, _words, KeyRange.Of(SearchEntries.Term(term.Term)), backward: false, skip: 0, limit));
                foreach (var entry in walk.Found)
                {
                    var key = Encoding.UTF8.GetString(SearchEntries.Shape.PrimaryKeyOf(entry.Key));
                    if (!rows.TryGetValue(key, out var row) && isFirst && rows.Count < TextLimits.Ranked)
                    {
                        rows[key] = row = new Row(new WordMatch[question.Words.Count]);
                    }

                    Add(row, word, term, entry);
                }
            }
        }

        private async ValueTask LookUpAsync(Dictionary<string, Row> rows, Word word)
        {
            foreach (var (key, row) in rows)
            {
                foreach (var term in word.Terms)
                {
                    if (await pages.EntryAsync(SearchEntries.Shape, _words, [.. SearchEntries.Term(term.Term), .. Encoding.UTF8.GetBytes(key)]) is { } entry)
                    {
                        Add(row, word, term, entry);
                    }
                }
            }
        }

        private void Add(Row? row, Word word, MeantTerm term, FoundEntry entry)
        {
            if (row is null)
            {
                return;
            }

            var (weight, length) = SearchEntries.Read(entry.Payload.Span);
            row.Words[word.Number].Add(weight, term.Mistakes);
            row.Length = length;
            if (_placed.Contains(word.Number))
            {
                row.Places.TryAdd(word.Number, []);
                row.Places[word.Number].UnionWith(SearchEntries.Places(entry.Payload.Span));
            }
        }

        private async ValueTask FilterAsync(Dictionary<string, Row> rows, SearchFilter filter)
        {
            foreach (var key in rows.Keys.ToList())
            {
                if (await pages.EntryAsync(filter.Shape, pages.Root(filter.Tree), [.. filter.Values, .. Encoding.UTF8.GetBytes(key)]) is null)
                {
                    rows.Remove(key);
                }
            }
        }
    }
}
