using System.Text;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Indexes;
using Mjolnir.Core.Indexes.Walks;
using Mjolnir.Indexer.Tables;
using Mjolnir.Indexer.Trees;

namespace Mjolnir.Indexer.Tests.Tables;

/// <summary>"Events of a category, in a city, between two arbitrary dates, cheapest first, 20 after this cursor" over a million events, of which one pair of category and city has a third.</summary>
public class TravelTests
{
    private const int Events = 1_000_000;
    private const int Days = 1000;
    private const int MostPages = 8;

    private static readonly IndexDeclaration Cheapest = new(
        "cheapest",
        [new("category", IndexedKind.Text), new("city", IndexedKind.Text), new("date", IndexedKind.Number)],
        new IndexColumn("price", IndexedKind.Number),
        ["seats"],
        IsUnique: false);

    private readonly record struct Event(int Category, int City, int Day, int Price, int Seats);

    /// <summary>Prices as they come, and prices that fall with the date: then the cheapest of all are never in the range, and a walk by price would look at everything.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_page_of_results_is_a_handful_of_pages(bool pricesFall)
    {
        var random = new Random(7);
        var events = new Event[Events];
        foreach (ref var one in events.AsSpan())
        {
            var day = random.Next(Days);
            var isPopular = random.Next(3) == 0;
            one = new Event(isPopular ? 0 : random.Next(20), isPopular ? 0 : random.Next(100), day, pricesFall ? 100_000 - (day * 100) + random.Next(100) : random.Next(100_000), random.Next(1, 500));
        }

        var layout = new TableLayout("events", new TableIndexes([Cheapest], [], null));
        var trees = new TableTrees(layout, term: 1, PageSizes.Usual);
        trees.Build(new TableBuild(layout, events.Select((one, id) => new RowChange(NameOf(id), 1, ToDocument(one)))));
        trees.Settle();

        foreach (var (from, to) in ((int, int)[])[(0, Days), (500, 501), (100, 110), (37, 222), (990, 1000), (1, 999), (333, 900)])
        {
            foreach (var (category, city) in ((int, int)[])[(0, 0), (3, 17)])
            {
                Compare(trees, events, category, city, from, to);
            }
        }
    }

    private static void Compare(TableTrees trees, Event[] events, int category, int city, int from, int to)
    {
        var fitting = Enumerable.Range(0, Events).Where(id => events[id].Category == category && events[id].City == city && events[id].Day >= from && events[id].Day < to);
        var expected = fitting.OrderBy(id => events[id].Price).ThenBy(id => id).ToList();
        var range = KeyRanges.Of(Cheapest.Columns, [IndexValue.Of($"category{category}"), IndexValue.Of($"city{city}")], new ValueBound(IndexValue.Of(from), true), new ValueBound(IndexValue.Of(to), false));
        var shape = TreeShape.Of(Cheapest);

        var first = new TopWalk(shape, trees.Roots[0], range, [], 20);
        Assert.InRange(PagesOf(trees, first), 1, MostPages);
        Assert.Equal(expected.Take(20).Select(NameOf), Names(shape, first));

        var second = new TopWalk(shape, trees.Roots[0], range, first.Found.LastOrDefault([]), 20);
        PagesOf(trees, second);
        Assert.Equal(expected.Skip(20).Take(20).Select(NameOf), Names(shape, second));

        var sum = new SumWalk(shape, trees.Roots[0], range);
        Assert.InRange(PagesOf(trees, sum), 1, MostPages);
        Assert.Equal((expected.Count, new ColumnSum(expected.Sum(id => (long)events[id].Seats), expected.Count)), (sum.Count, sum.Sums[0]));
    }

    private static string NameOf(int id) => $"e{id:D7}";

    private static Document ToDocument(Event one) =>
        Document.FromText($$"""{"category":"category{{one.Category}}","city":"city{{one.City}}","date":{{one.Day}},"price":{{one.Price}},"seats":{{one.Seats}}}""");

    private static IEnumerable<string> Names(TreeShape shape, TopWalk walk) => walk.Found.Select(place => Encoding.UTF8.GetString(shape.PrimaryKeyOfPlace(place)));

    private static int PagesOf(TableTrees trees, IndexWalk walk)
    {
        while (walk.TryNext(out var page))
        {
            walk.Give(trees.Pages[page]);
        }

        return walk.PagesRead;
    }
}
