using System.Diagnostics;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Indexes;
using Mjolnir.Core.Indexes.Walks;
using Mjolnir.Indexer.Tables;
using Mjolnir.Indexer.Trees;

namespace Mjolnir.Benchmarks;

/// <summary>
/// The trees of indexes alone, one thread, no log and no shard: building them from rows, steps of changes, and "events of a category, in a city, between two dates, cheapest first".
/// </summary>
internal static class IndexBenchmark
{
    private const int Categories = 20;
    private const int Cities = 200;
    private const int Days = 3 * 365;
    private const int StepRows = 100; // 2,000 writes/s in steps of 50 ms
    private const int Steps = 200;
    private const int Queries = 20_000;
    private static readonly IndexColumn Category = new("category", IndexedKind.Text);
    private static readonly IndexColumn City = new("city", IndexedKind.Text);
    private static readonly IndexColumn Date = new("date", IndexedKind.Number);
    private static readonly IndexColumn Price = new("price", IndexedKind.Number);

    private static readonly TableIndexes Declared = new(
        [
            new IndexDeclaration("cheapest", [Category, City, Date], Price, ["seats"], IsUnique: false),
            new IndexDeclaration("byCity", [City, Date], null, [], IsUnique: false),
            new IndexDeclaration("byPrice", [Price], null, [], IsUnique: false),
        ],
        [],
        null);

    public static int Run(int rows)
    {
        var random = new Random(1);
        var layout = new TableLayout("events", Declared);
        var trees = new TableTrees(layout, term: 1, PageSizes.Usual);
        var (watch, before) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
        trees.Build(new TableBuild(layout, Enumerable.Range(0, rows).Select(id => Event(id, 1, random))));
        trees.Free(trees.Settle());
        Console.WriteLine($"built from {rows:N0} rows: {watch.Elapsed.TotalSeconds:F1} s ({(Environment.CpuUsage.TotalTime - before).TotalSeconds:F1} s of CPU), {(double)trees.Pages.Bytes / rows:F0} bytes a row in three indexes, {(double)trees.RowPages.Bytes / rows:F0} in the tree of rows");

        MeasureSteps(trees, rows, random);
        Console.WriteLine($"after the steps: {(double)trees.Pages.Bytes / rows:F0} bytes a row in three indexes, {(double)trees.RowPages.Bytes / rows:F0} in the tree of rows");
        for (var share = 1; share <= Days; share *= 8)
        {
            MeasureQueries(trees, Math.Min(Days, share), popular: false, random);
            MeasureQueries(trees, Math.Min(Days, share), popular: true, random);
        }

        return 0;
    }

    private static void MeasureSteps(TableTrees trees, int rows, Random random)
    {
        var times = new double[Steps];
        var (pages, bytes, cpu) = (0L, 0L, TimeSpan.Zero);
        for (var step = 0; step < Steps; step++)
        {
            var changes = Enumerable.Range(0, StepRows).Select(_ => Event(random.Next(rows), step + 2, random)).ToList();
            var (began, before) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
            trees.Apply(changes);
            cpu += Environment.CpuUsage.TotalTime - before;
            times[step] = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
            pages += trees.Pages.Made.Count;
            bytes += trees.Pages.Made.Sum(id => (long)trees.Pages[id].Bytes.Length);
            trees.Free(trees.Settle());
        }

        Array.Sort(times);
        Console.WriteLine(
            $"steps of {StepRows} rows, every indexed column changed: p50 {times[Steps / 2]:F1} ms, p99 {times[Steps * 99 / 100]:F1} ms, {cpu.TotalMilliseconds / Steps:F1} ms of CPU; {StepRows * 6 * Steps / cpu.TotalSeconds:N0} entries per second of CPU; "
            + $"{(double)pages / Steps:F0} pages, {(double)bytes / Steps / 1e6:F2} MB a step");
    }

    private static void MeasureQueries(TableTrees trees, int days, bool popular, Random random)
    {
        var shape = TreeShape.Of(Declared.Indexes[0]);
        var (times, pages) = (new double[Queries], new int[Queries]);
        var found = 0L;
        for (var i = 0; i < Queries; i++)
        {
            var from = random.Next(Days - days + 1);
            IndexValue[] equal = popular ? [IndexValue.Of("category00"), IndexValue.Of("city000")] : [IndexValue.Of(CategoryOf(random)), IndexValue.Of(CityOf(random))];
            var began = Stopwatch.GetTimestamp();
            var range = KeyRanges.Of(shape.Columns, equal, new ValueBound(Day(from), true), new ValueBound(Day(from + days), false));
            var walk = new TopWalk(shape, trees.Roots[0], range, [], 20);
            while (walk.TryNext(out var page))
            {
                walk.Give(trees.Pages[page]);
            }

            times[i] = Stopwatch.GetElapsedTime(began).TotalMicroseconds;
            pages[i] = walk.PagesRead;
            found += walk.Found.Count;
        }

        Array.Sort(times);
        Array.Sort(pages);
        Console.WriteLine(
            $"{days,5} days, {(popular ? "the most popular category and city" : "category and city as popular as they are")}: p50 {times[Queries / 2]:F0} µs, p99 {times[Queries * 99 / 100]:F0} µs; "
            + $"pages read p50 {pages[Queries / 2]}, p99 {pages[Queries * 99 / 100]}, most {pages[^1]}; {(double)found / Queries:F1} found");
    }

    private static RowChange Event(int id, int version, Random random) => new(
        $"e{id:D7}",
        version,
        Document.FromText($$"""{"id":"e{{id:D7}}","category":"{{CategoryOf(random)}}","city":"{{CityOf(random)}}","date":{{1_700_000_000_000 + (random.Next(Days * 24) * 3_600_000L)}},"price":{{random.Next(500, 50_000)}},"seats":{{random.Next(1, 500)}},"title":"An evening of music"}"""));

    private static IndexValue Day(int day) => IndexValue.Of(1_700_000_000_000 + (day * 86_400_000L));

    // A few are popular: the most popular pair has one row in 26.
    private static string CategoryOf(Random random) => $"category{(int)(Categories * Math.Pow(random.NextDouble(), 2)):D2}";

    private static string CityOf(Random random) => $"city{(int)(Cities * Math.Pow(random.NextDouble(), 3)):D3}";
}
