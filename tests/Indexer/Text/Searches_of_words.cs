using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Indexes;
using Mjolnir.Core.Indexes.Queries;
using Mjolnir.Core.Text;
using Mjolnir.Indexer.Tables;
using Mjolnir.Indexer.Trees;
using Mjolnir.Indexer.Verifying;
using Mjolnir.Storage.Indexes;

namespace Mjolnir.Indexer.Tests.Text;

/// <summary>Searches over rows that change, compared with a plain look at all rows.</summary>
public class Searches_of_words
{
    private const string Table = "t";

    private static readonly IndexColumn Category = new("category", IndexedKind.Text), Price = new("price", IndexedKind.Number), Day = new("day", IndexedKind.Number, Descending: true);
    private static readonly SearchDeclaration Searched = new([new SearchField("title", 2), new SearchField("text", 1)], null, IsFuzzy: true) { Facets = [Category, Price], Popularity = "sold" };
    private static readonly TableIndexes Declared = new([new IndexDeclaration("byDay", [Day], null, [], false)], [], Searched);

    [Fact]
    public void Find_and_rank_what_a_plain_evaluation_does_with_words_begun_mistyped_or_quoted_filters_and_facets() =>
        Prop.ForAll(ArbMap.Default.ArbFor<int>(), Histories.Of(steps: 6, size: 25), (seed, history) =>
        {
            var world = new World(new Random(seed));
            foreach (var step in history)
            {
                world.Step(step);
                world.Compare();
            }

            world.BuildAnew();
            world.Compare();
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(100));

    [Fact]
    public void Leave_the_n_grams_alone_while_every_row_gets_a_word_that_others_have()
    {
        var world = new World(new Random(1));
        world.Write("first", "alpha beta", "");
        var before = world.Head.Trees[2];
        for (var i = 0; i < 50; i++)
        {
            world.Write($"key{i}", "beta alpha", "alpha");
        }

        Assert.Equal(before, world.Head.Trees[2]);
        world.Write("other", "gamma", "");
        Assert.NotEqual(before, world.Head.Trees[2]);
    }

    [Fact]
    public void Of_a_word_with_very_many_rows_say_that_they_looked_at_the_first_only()
    {
        var world = new World(new Random(1));
        world.Write([.. Enumerable.Range(0, Many).Select(i => ($"key{i:D5}", new PlainText((i % 20) switch { < 9 => "even", < 18 => "ever", _ => "event" }, i == Many - 1 ? "last all" : "all", i < Low ? "low" : "high")))]);

        // The first by primary key, of all words that one may be the beginning of.
        foreach (var text in (string[])["all ", "eve"])
        {
            var common = world.Ask(text, false, Many, QueryTerms.All);
            Assert.True(common.IsPartial);
            Assert.InRange(common.Count, text == "eve" ? TextLimits.Ranked * 99 / 100 : TextLimits.Ranked, TextLimits.Ranked);
            Assert.Equal(Enumerable.Range(0, (int)common.Count).Select(i => $"key{i:D5}"), common.Found.Select(row => row.PrimaryKey).Order(StringComparer.Ordinal));
        }

        Assert.Equal([($"{IndexValue.Of("high")}", TextLimits.Ranked - Low), ($"{IndexValue.Of("low")}", Low)], world.Count("all ", QueryTerms.All, ["category"], out var isPartial));
        Assert.True(isPartial);

        // The rarest word decides.
        var exact = world.Ask("all event ", false, Many, QueryTerms.All);
        Assert.Equal((false, Many / 10), (exact.IsPartial, (int)exact.Count));
        Assert.Equal($"key{Many - 1:D5}", Assert.Single(world.Ask("all last ", false, 10, QueryTerms.All).Found).PrimaryKey);
    }

    [Fact]
    public void Of_many_rows_leave_little_memory_to_be_collected()
    {
        var world = new World(new Random(1), PageSizes.Usual);
        world.Write([.. Enumerable.Range(0, Low).Select(i => ($"key{i:D5}", new PlainText(i % 2 == 0 ? "even" : "ever", "all of them", i % 3 == 0 ? "low" : "high")))]);

        // The least of several: other tests search too, and a search that finds no memory to use again makes some. A row that left but one object would leave 100,000 bytes and more.
        foreach (var text in (string[])["all ", "e", "all ev", "them even "])
        {
            var least = Enumerable.Range(0, 10).Min(_ => AllocatedBy(() => world.Ask(text, false, 20, QueryTerms.All)));
            Assert.True(least < 20 * Low, $"'{text}' leaves {least} bytes");
            least = Enumerable.Range(0, 10).Min(_ => AllocatedBy(() => world.Count(text, QueryTerms.All, ["category"], out var _)));
            Assert.True(least < 20 * Low, $"'{text}', counted, leaves {least} bytes");
        }

        static long AllocatedBy(Action ask)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            ask();
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    // Two of the words that a question may begin have more rows each than are looked at.
    private const int Many = 46_000;
    private const int Low = 5_000;

    private sealed class World
    {
        private readonly Random _random;
        private readonly PageSizes _sizes;
        private readonly string[] _pool;
        private readonly EmbeddedIndexPages _pages = new();
        private readonly Dictionary<string, PlainText> _rows = new(StringComparer.Ordinal);
        private readonly Dictionary<string, RowChange> _changes = new(StringComparer.Ordinal);
        private TableWriter _writer;
        private long _batch;
        private long _term = 1;

        public World(Random random, PageSizes? sizes = null)
        {
            (_random, _sizes) = (random, sizes ?? new PageSizes(250, 1200));
            _pool = [.. Enumerable.Range(0, 40).Select(_ => Word(random)), "a1", "aab2", "ab"];
            _writer = NewWriter();
        }

        public IndexHead Head => _pages.Heads.Newest(Table)!;

        public void Step(int[] things) => Apply([.. things.Select(thing => new Random(thing)).Select(random => Change($"key{random.Next(40)}", random.Next(4) == 0 ? null : new PlainText(Text(random, 3), Text(random, 8), random.Next(4) == 0 ? null : $"c{random.Next(3)}", random.Next(4) == 0 ? null : random.Next(5), random.Next(3), Sold(random))))]);

        public void Write(string key, string title, string text) => Write([(key, new PlainText(title, text))]);

        public void Write((string Key, PlainText Row)[] rows) => Apply([.. rows.Select(row => Change(row.Key, row.Row))]);

        public void BuildAnew()
        {
            _term++;
            _writer = NewWriter();
            Assert.True(Done(_writer.BuildAsync(new TableBuild(new TableLayout(Table, Declared), _changes.Values), [new Stamp("log", _batch)], [], CancellationToken.None)));
        }

        public void Compare()
        {
            Verify();
            for (var i = 0; i < 8; i++)
            {
                var text = string.Join(' ', Enumerable.Range(0, _random.Next(1, 4)).Select(_ => Asked())) + (_random.Next(2) == 0 ? " " : "");
                text = _random.Next(4) == 0 && text.EndsWith('"') ? text[..^1] : text;
                var (isFuzzy, limit) = (_random.Next(4) > 0, _random.Next(1, 20));
                var terms = Terms();
                var expected = new PlainSearch(_rows).Find(text, isFuzzy, row => terms.Match(row.Of));
                var answer = Ask(text, isFuzzy, limit, terms);

                Assert.Equal((text, (long)expected.Count), (text, answer.Count));
                var ranks = expected.ToDictionary(row => row.Key, row => row.Rank, StringComparer.Ordinal);
                Assert.Equal(expected.Select(row => row.Rank).Take(limit), answer.Found.Select(row => ranks[row.PrimaryKey]), static (one, other) => one.Mistakes == other.Mistakes && Math.Abs(one.Score - other.Score) < 1e-9);
                Assert.Equal(answer.Found.Select(row => row.Place).Order(Bytes), answer.Found.Select(row => row.Place));
                foreach (var by in (string[][])[["category"], ["price", "category"]])
                {
                    var counted = expected.GroupBy(row => string.Join(' ', by.Select(column => $"{_rows[row.Key].Of(column)}"))).Select(group => (group.Key, group.Count()));
                    Assert.Equal(counted.OrderBy(group => group.Key, StringComparer.Ordinal), Count(text, terms, by, out _, isFuzzy).OrderBy(group => group.Value, StringComparer.Ordinal));
                }
            }
        }

        public IndexAnswer Ask(string text, bool isFuzzy, int limit, QueryTerms terms) => Answer(Query(text, isFuzzy, terms).Question(limit, isFresh: false));

        public List<(string Value, int Count)> Count(string text, QueryTerms terms, string[] by, out bool isPartial, bool isFuzzy = false)
        {
            var query = Query(text, isFuzzy, terms);
            var answer = Answer(query.Counts(by, most: 100, isFresh: false));
            isPartial = answer.IsPartial;
            return [.. answer.Groups.Select(group => (string.Join(' ', query.ValuesOf(by, group.Key).Select(value => $"{value.Value}")), (int)group.Total.Count))];
        }

        private IndexAnswer Answer(IndexQuestion question)
        {
            var (there, _) = QuestionCodec.Decode(QuestionCodec.Encode(question, []));
            return AnswerCodec.Decode(AnswerCodec.Encode(Done(IndexReader.AnswerAsync(_pages, Head, there, CancellationToken.None))!));
        }

        private static SearchQuery Query(string text, bool isFuzzy, QueryTerms terms)
        {
            var query = SearchQuery.TryBind("app", Table, Declared, terms, SearchText.Of(new TextAnalyzer(null), text, isFuzzy), out var missing);
            Assert.Equal("", missing);
            return query!;
        }

        /// <summary>Values of columns that are beside the text, and of one that an index has.</summary>
        private QueryTerms Terms()
        {
            var equal = new List<ColumnValue>();
            if (_random.Next(3) == 0)
            {
                equal.Add(new ColumnValue("category", _random.Next(4) == 0 ? IndexValue.Null : IndexValue.Of($"c{_random.Next(3)}")));
            }

            if (_random.Next(3) == 0)
            {
                equal.Add(new ColumnValue("day", IndexValue.Of(_random.Next(3))));
            }

            var (from, to) = (Bound(), Bound());
            return new QueryTerms(equal, from is null && to is null ? null : new ColumnRange("price", from, to), null, false);
        }

        private ValueBound? Bound() => _random.Next(3) > 0 ? null : new ValueBound(IndexValue.Of(_random.Next(5)), _random.Next(2) == 0);

        private void Verify()
        {
            var verifier = new TableVerifier(_pages, Table, Declared);
            foreach (var row in _changes.Values.Where(row => row.Value is not null))
            {
                verifier.Add(row.PrimaryKey, row.Version, row.Value!);
            }

            Assert.Empty(verifier.VerifyAsync(Head, CancellationToken.None).GetAwaiter().GetResult().First);
        }

        private void Apply(RowChange[] changes) => Assert.True(Done(_writer.StepAsync(changes, [new Stamp("log", ++_batch)], CancellationToken.None)));

        private RowChange Change(string key, PlainText? row)
        {
            _rows.Remove(key);
            if (row is not null)
            {
                _rows[key] = row;
            }

            return _changes[key] = new RowChange(key, _changes.GetValueOrDefault(key).Version + 1, row is null ? null : new Document(JsonSerializer.SerializeToUtf8Bytes(new { title = row.Title, text = row.Text, category = row.Category, price = row.Price, day = row.Day, sold = row.Sold })));
        }

        private TableWriter NewWriter() => new(new TableLayout(Table, Declared), _term, _pages, _sizes);

        /// <summary>A word as rows may have it or not, or in quotes a part of what some row has.</summary>
        private string Asked()
        {
            var words = _rows.Count == 0 ? [] : PlainText.Split(_rows.Values.ElementAt(_random.Next(_rows.Count)).Text);
            if (_random.Next(3) == 0 && words.Length > 1)
            {
                var start = _random.Next(words.Length - 1);
                return $"\"{string.Join(' ', words[start..Math.Min(words.Length, start + 1 + _random.Next(3))])}\"";
            }

            return _random.Next(3) == 0 ? Word(_random) : _pool[_random.Next(_pool.Length)];
        }

        private string Text(Random random, int most) => string.Join(' ', Enumerable.Range(0, random.Next(most)).Select(_ => _pool[random.Next(_pool.Length)]));

        private static double? Sold(Random random) => random.Next(4) switch { 0 => null, 1 => random.Next(-3, 5), 2 => random.Next(5_000), _ => 5e9 * random.NextDouble() };

        private static string Word(Random random) => new([.. Enumerable.Range(0, random.Next(1, 11)).Select(_ => "aabc"[random.Next(4)])]);

        private static readonly Comparer<byte[]> Bytes = Comparer<byte[]>.Create(static (left, right) => left.AsSpan().SequenceCompareTo(right));

        // Pages in the process are there at once.
        private static T Done<T>(ValueTask<T> task) => task.AsTask().GetAwaiter().GetResult();
    }
}
