using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Mjolnir.Core.Indexes;
using Mjolnir.Core.Indexes.Walks;
using Mjolnir.Indexer.Tables;
using Mjolnir.Indexer.Trees;

namespace Mjolnir.Indexer.Tests.Tables;

public class TableTreesTests
{
    private static readonly PageSizes Small = new(250, 1200);

    /// <summary>Random declarations, rows, updates and removals; versions come late, twice, and in any order. After each step every list, range, sum and group is compared.</summary>
    [Fact]
    public void Whatever_is_declared_and_however_versions_come_the_answers_are_those_of_a_plain_evaluation() =>
        Prop.ForAll(ArbMap.Default.ArbFor<int>(), Histories.Of(steps: 8, size: 40), (seed, history) =>
        {
            var random = new Random(seed);
            var world = new World(PlainTable.Declared(random), random);
            foreach (var step in history)
            {
                world.Step(step);
                world.Compare();
            }

            world.DeliverAll();
            world.Compare();
            world.BuildAnew();
            world.Compare();
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(150));

    [Fact]
    public void A_change_of_other_columns_touches_no_list()
    {
        var trees = new TableTrees(new TableLayout("t", new TableIndexes([new("byN", [new("n", IndexedKind.Number)], null, [], false)], [], null)), term: 1, PageSizes.Usual);
        trees.Apply([new RowChange("a", 1, Core.Documents.Document.FromText("""{"n":1,"x":1}"""))]);
        trees.Settle();
        trees.Apply([new RowChange("a", 2, Core.Documents.Document.FromText("""{"n":1,"x":2}"""))]);

        Assert.Empty(trees.Pages.Made);
        Assert.Single(trees.RowPages.Made);
    }

    [Fact]
    public void A_step_with_a_damaged_row_changes_nothing()
    {
        var trees = new TableTrees(new TableLayout("t", new TableIndexes([new("byN", [new("n", IndexedKind.Number)], null, [], false)], [], null)), term: 1, PageSizes.Usual);
        trees.Apply([new RowChange("a", 1, Core.Documents.Document.FromText("""{"n":1}"""))]);
        trees.Settle();
        var roots = trees.Roots;

        Assert.Throws<Core.CorruptDataException>(() => trees.Apply([new RowChange("b", 1, Core.Documents.Document.FromText("""{"n":2}""")), new RowChange("c", 1, Core.Documents.Document.FromText("{\"n\":"))]));

        Assert.Equal(roots, trees.Roots);
        Assert.Empty(trees.Pages.Made);
        trees.Apply([new RowChange("b", 1, Core.Documents.Document.FromText("""{"n":2}"""))]);
        Assert.NotEqual(roots, trees.Roots);
    }

    [Fact]
    public void A_range_that_ends_with_a_text_too_long_for_a_key_has_all_that_begin_alike()
    {
        IndexColumn[] columns = [new("s", IndexedKind.Text)];
        var layout = new TableLayout("t", new TableIndexes([new("byS", columns, null, [], false)], [], null));
        var trees = new TableTrees(layout, term: 1, PageSizes.Usual);
        var text = new string('x', IndexLimits.TextBytes);
        trees.Apply(((string[])["w", text + "a", text + "b", "y"]).Select((s, i) => new RowChange($"k{i}", 1, Core.Documents.Document.FromText($$"""{"s":"{{s}}"}"""))));
        var bound = new ValueBound(IndexValue.Of(text + "b"), IsIncluded: false);

        Assert.Equal(["k0", "k1", "k2"], Found(KeyRanges.Of(columns, [], null, bound)));
        Assert.Equal(["k1", "k2", "k3"], Found(KeyRanges.Of(columns, [], bound, null)));

        List<string> Found(KeyRange range)
        {
            var walk = new RangeWalk(layout.Lists[0].Shape, trees.Roots[0], range, backward: false, skip: 0, limit: 10);
            while (walk.TryNext(out var page))
            {
                walk.Give(trees.Pages[page]);
            }

            return [.. walk.Found.Select(entry => Encoding.UTF8.GetString(layout.Lists[0].Shape.PrimaryKeyOf(entry.Key)))];
        }
    }

    private sealed class World
    {
        private readonly TableIndexes _declared;
        private readonly Random _random;
        private TableTrees _trees;
        private readonly Dictionary<string, long> _versions = [];
        private readonly List<(RowChange Change, PlainRow? Row)> _sent = [];
        private readonly List<int> _late = [];
        private readonly Dictionary<string, (RowChange Change, PlainRow? Row)> _delivered = [];

        public World(TableIndexes declared, Random random)
        {
            (_declared, _random) = (declared, random);
            _trees = new TableTrees(new TableLayout("t", declared), term: 1, Small);
        }

        private List<PlainRow> Rows => [.. _delivered.Values.Select(row => row.Row).OfType<PlainRow>()];

        public void Step(int[] things)
        {
            var now = new List<int>();
            foreach (var thing in things)
            {
                var random = new Random(thing);
                Write($"key{random.Next(80)}", random);
                (random.Next(5) == 0 ? _late : now).Add(_sent.Count - 1);
                if (random.Next(4) == 0)
                {
                    now.Add(random.Next(_sent.Count)); // anything once more, or for the first time
                }
            }

            Deliver(now);
        }

        public void DeliverAll() => Deliver(_late);

        /// <summary>A new writer, from the rows.</summary>
        public void BuildAnew()
        {
            _trees = new TableTrees(new TableLayout("t", _declared), term: 2, Small);
            _trees.Build(new TableBuild(new TableLayout("t", _declared), _delivered.Values.Select(row => row.Change)));
            _trees.Settle();
        }

        public void Compare()
        {
            for (var i = 0; i < _declared.Indexes.Count; i++)
            {
                CompareList(_declared.Indexes[i], _trees.Roots[i]);
            }

            for (var i = 0; i < _declared.Groups.Count; i++)
            {
                CompareGroups(_declared.Groups[i], _trees.Roots[_declared.Indexes.Count + i]);
            }
        }

        private void Write(string key, Random random)
        {
            var version = _versions[key] = _versions.GetValueOrDefault(key) + 1;
            var values = PlainTable.Columns.Select(column => (column.Name, Value: PlainTable.Value(column, random))).Where(value => value.Value is not null);
            var row = random.Next(4) == 0 ? null : new PlainRow(key, values.ToDictionary(value => value.Name, value => value.Value!));
            _sent.Add((new RowChange(key, version, row?.ToDocument(isOdd: random.Next(3) == 0)), row));
        }

        private void Deliver(List<int> numbers)
        {
            _trees.Apply(numbers.Select(number => _sent[number].Change));
            _trees.Settle();
            foreach (var (change, row) in numbers.Select(number => _sent[number]))
            {
                if (change.Version > _delivered.GetValueOrDefault(change.PrimaryKey).Change.Version)
                {
                    _delivered[change.PrimaryKey] = (change, row);
                }
            }
        }

        private void CompareList(IndexDeclaration list, TreeRoot root)
        {
            var shape = TreeShape.Of(list);
            var all = PlainTable.Sorted(Rows, list.Columns).ToList();
            Assert.Equal(all.Select(row => row.PrimaryKey), Keys(shape, root, KeyRange.All));
            for (var n = 0; n < 6; n++)
            {
                var equal = list.Columns.Take(_random.Next(list.Columns.Count + 1)).Select(column => PlainTable.Value(column, _random)).ToList();
                var next = equal.Count < list.Columns.Count ? list.Columns[equal.Count] : null;
                var (from, to) = next is null ? (null, null) : (Bound(next), Bound(next));
                var expected = all.Where(row => Fits(row, list, equal, next, from, to)).ToList();
                var range = KeyRanges.Of(list.Columns, [.. equal.Select(PlainTable.ToIndexed)], Indexed(from), Indexed(to));

                Assert.Equal(expected.Select(row => row.PrimaryKey), Keys(shape, root, range));
                CompareSums(list, shape, root, range, expected);
                CompareTop(list, shape, root, range, expected);
                CompareCounted(shape, list.Sums, root, groupSums: -1, range, expected);
            }
        }

        private void CompareSums(IndexDeclaration list, TreeShape shape, TreeRoot root, KeyRange range, List<PlainRow> expected)
        {
            var walk = new SumWalk(shape, root, range);
            Run(walk);
            Assert.Equal(expected.Count, walk.Count);
            Assert.Equal(list.Sums.Select(column => PlainTable.Sum(expected, column)), walk.Sums);
        }

        private void CompareTop(IndexDeclaration list, TreeShape shape, TreeRoot root, KeyRange range, List<PlainRow> expected)
        {
            if (list.Order is null)
            {
                return;
            }

            var walk = new TopWalk(shape, root, range, [], 10);
            Run(walk);
            var found = walk.Found.Select(place => Encoding.UTF8.GetString(shape.PrimaryKeyOfPlace(place)));
            Assert.Equal(PlainTable.Sorted(expected, [list.Order]).Take(10).Select(row => row.PrimaryKey), found);
        }

        private void CompareGroups(GroupDeclaration group, TreeRoot root)
        {
            var expected = PlainTable.Sorted(Rows, group.Columns)
                .GroupBy(row => string.Join('|', group.Columns.Select(column => $"{row[column.Name]?.GetType().Name}:{row[column.Name]}")))
                .Select(rows => (rows.LongCount(), string.Join(' ', group.Sums.Select(column => PlainTable.Sum(rows, column)))));
            var walk = new RangeWalk(new TreeShape(group.Columns, null, 0), root, KeyRange.All, backward: false, skip: 0, limit: int.MaxValue);
            Run(walk);
            var records = walk.Found.Select(found => GroupRecord.Read(found.Payload.Span, group.Sums.Count));
            Assert.Equal(expected, records.Select(record => (record.Count, string.Join(' ', record.Sums))));
            CompareCounted(TreeShape.Of(group), group.Sums, root, groupSums: group.Sums.Count, KeyRange.All, Rows);
        }

        /// <summary>Rows counted per value of the first columns, whatever tree they are counted by.</summary>
        private void CompareCounted(TreeShape shape, IReadOnlyList<string> sums, TreeRoot root, int groupSums, KeyRange range, List<PlainRow> rows)
        {
            for (var depth = 1; depth <= shape.Columns.Count; depth++)
            {
                var columns = shape.Columns.Take(depth).ToList();
                var expected = PlainTable.Sorted(rows, columns)
                    .GroupBy(row => string.Join('|', columns.Select(column => $"{row[column.Name]?.GetType().Name}:{row[column.Name]}")))
                    .Select(rows => $"{rows.Count()} {string.Join(' ', sums.Select(column => PlainTable.Sum(rows, column)))}")
                    .ToList();
                var walk = new GroupWalk(shape, root, range, depth, groupSums, limit: int.MaxValue);
                Run(walk);
                Assert.Equal(expected, walk.Found.Select(group => $"{group.Value.Count} {string.Join(' ', group.Value.Sums)}"));
                Assert.True(walk.IsWhole);

                var few = new GroupWalk(shape, root, range, depth, groupSums, limit: expected.Count / 2);
                Run(few);
                Assert.Equal(expected.Take(expected.Count / 2), few.Found.Take(expected.Count / 2).Select(group => $"{group.Value.Count} {string.Join(' ', group.Value.Sums)}"));
                Assert.Equal(expected.Count == 0, few.IsWhole);
            }
        }

        // Ranges that begin or end with a text too long for a key are wider than asked: another test.
        private (object Value, bool IsIncluded)? Bound(IndexColumn column) =>
            _random.Next(3) == 0 || PlainTable.Value(column, _random) is not { } value || value is string { Length: > IndexLimits.TextBytes } ? null : (value, _random.Next(2) == 0);

        private static ValueBound? Indexed((object Value, bool IsIncluded)? bound) => bound is { } b ? new ValueBound(PlainTable.ToIndexed(b.Value), b.IsIncluded) : null;

        private static bool Fits(PlainRow row, IndexDeclaration list, List<object?> equal, IndexColumn? next, (object Value, bool IsIncluded)? from, (object Value, bool IsIncluded)? to)
        {
            var isEqual = equal.Select((value, i) => Equals(row[list.Columns[i].Name], value)).All(fits => fits);
            if (!isEqual || next is null || (from is null && to is null))
            {
                return isEqual;
            }

            var ascending = next with { Descending = false };
            var value = row[next.Name];
            return value is not null
                && (from is not { } low || PlainTable.Compare(ascending, value, low.Value) >= (low.IsIncluded ? 0 : 1))
                && (to is not { } high || PlainTable.Compare(ascending, value, high.Value) <= (high.IsIncluded ? 0 : -1));
        }

        private List<string> Keys(TreeShape shape, TreeRoot root, KeyRange range)
        {
            var walk = new RangeWalk(shape, root, range, backward: false, skip: 0, limit: int.MaxValue);
            Run(walk);
            return [.. walk.Found.Select(entry => Encoding.UTF8.GetString(shape.PrimaryKeyOf(entry.Key)))];
        }

        private void Run(IndexWalk walk)
        {
            while (walk.TryNext(out var page))
            {
                walk.Give(_trees.Pages[page]);
            }
        }
    }
}
