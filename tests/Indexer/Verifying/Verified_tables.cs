using FsCheck;
using FsCheck.Fluent;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Indexes;
using Mjolnir.Indexer.Tables;
using Mjolnir.Indexer.Tests.Tables;
using Mjolnir.Indexer.Trees;
using Mjolnir.Indexer.Verifying;
using Mjolnir.Storage.Indexes;

namespace Mjolnir.Indexer.Tests.Verifying;

/// <summary>Indexes as a writer leaves them are what the verifier computes; with any row other than they were made of they are not.</summary>
public class Verified_tables
{
    [Fact]
    public void Are_as_the_rows_say_until_a_row_is_another() =>
        Prop.ForAll(ArbMap.Default.ArbFor<int>(), Histories.Of(steps: 6, size: 40), (seed, history) =>
        {
            var random = new Random(seed);
            var plain = PlainTable.Declared(random);
            var declared = random.Next(2) == 0 ? plain : plain with { Search = new SearchDeclaration([new SearchField("s", 2)], "en", random.Next(2) == 0) };
            var rows = new Dictionary<string, RowChange>(StringComparer.Ordinal);
            var pages = new EmbeddedIndexPages();
            var writer = new TableWriter(new TableLayout("t", declared), term: 1, pages, new PageSizes(250, 1200));
            for (var step = 0; step < history.Length; step++)
            {
                Assert.True(Done(writer.StepAsync(Changes(history[step], rows), [new Stamp("log", step + 1)], CancellationToken.None)));
            }

            var there = rows.Values.Where(row => row.Value is not null).ToList();
            var same = Verify(pages, declared, there);
            Assert.Equal((0L, there.Count), (same.Differences, (int)same.Rows));
            Assert.Empty(same.First);

            // Every row has an entry in every list.
            var more = new PlainRow("never", new Dictionary<string, object>());
            var lacks = Verify(pages, declared, [.. there, new RowChange("never", 1, more.ToDocument(isOdd: false))]);
            Assert.Contains(lacks.First, difference => difference.StartsWith("index list0: lacks ", StringComparison.Ordinal) && difference.EndsWith(" of row 'never'", StringComparison.Ordinal));
            if (there.Count > 0)
            {
                var has = Verify(pages, declared, there[1..]);
                Assert.Contains(has.First, difference => difference.StartsWith("index list0: has ", StringComparison.Ordinal) && difference.EndsWith($" of row '{there[0].PrimaryKey}', which does not follow from the rows", StringComparison.Ordinal));
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(60));

    [Fact]
    public void Whose_pages_are_gone_or_say_something_else_of_those_below_are_told()
    {
        var declared = new TableIndexes([new IndexDeclaration("byN", [new IndexColumn("n", IndexedKind.Number)], null, ["n"], IsUnique: false)], [], null);
        var rows = Enumerable.Range(0, 300).Select(i => new RowChange($"k{i}", 1, Core.Documents.Document.FromText($$"""{"n":{{i}}}"""))).ToList();
        var pages = new EmbeddedIndexPages();
        var writer = new TableWriter(new TableLayout("t", declared), term: 1, pages, new PageSizes(250, 1200));
        Assert.True(Done(writer.StepAsync(rows, [new Stamp("log", 1)], CancellationToken.None)));
        var head = pages.Heads.Newest("t")!;
        var root = Done(pages.ReadAsync("t", head.Trees[0].Root, CancellationToken.None))!;
        var (first, second) = (Child(root, 0), Child(root, 1));

        Done(pages.PutAsync("t", [KeyValuePair.Create(first, Done(pages.ReadAsync("t", second, CancellationToken.None))!)], CancellationToken.None));
        Assert.Contains($"index byN: page {first} is not where page {head.Trees[0].Root} says", Verify(pages, declared, rows).First);
        Assert.Contains($"index byN: page {head.Trees[0].Root} says of page {first} what does not follow from it", Verify(pages, declared, rows).First);

        Done(pages.DeleteAsync("t", [first], CancellationToken.None));
        Assert.Contains($"index byN: page {first} is not there", Verify(pages, declared, rows).First);
    }

    private static PageId Child(IndexPage page, int index) => ChildEntry.Of(page.Payload(index).Span, new TreeShape([new IndexColumn("n", IndexedKind.Number)], null, 1)).Page;

    private static List<RowChange> Changes(int[] things, Dictionary<string, RowChange> rows)
    {
        var changes = new List<RowChange>();
        foreach (var thing in things)
        {
            var random = new Random(thing);
            var key = $"key{random.Next(60)}";
            var values = PlainTable.Columns.Select(column => (column.Name, Value: PlainTable.Value(column, random))).Where(value => value.Value is not null);
            var row = random.Next(4) == 0 ? null : new PlainRow(key, values.ToDictionary(value => value.Name, value => value.Value!));
            changes.Add(rows[key] = new RowChange(key, rows.GetValueOrDefault(key).Version + 1, row?.ToDocument(isOdd: false)));
        }

        return changes;
    }

    private static VerifiedTable Verify(EmbeddedIndexPages pages, TableIndexes declared, IEnumerable<RowChange> rows)
    {
        var verifier = new TableVerifier(pages, "t", declared);
        foreach (var row in rows)
        {
            verifier.Add(row.PrimaryKey, row.Version, row.Value!);
        }

        return verifier.VerifyAsync(pages.Heads.Newest("t")!, CancellationToken.None).GetAwaiter().GetResult();
    }

    // Pages in the process are there at once.
    private static T Done<T>(ValueTask<T> task) => task.AsTask().GetAwaiter().GetResult();

    private static void Done(ValueTask task) => task.AsTask().GetAwaiter().GetResult();
}
