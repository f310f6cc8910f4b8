using Mjolnir.Core.Indexes;
using Mjolnir.Scripting.Applications;

namespace Mjolnir.Scripting.Tests.Applications;

public class TableIndexTests
{
    private const string Hint = "Write [\"category\", \"-date\"] ('-': largest first), or {\"columns\": [\"category\", \"date\"], \"order\": \"price\", \"sum\": [\"seats\"], \"unique\": true}.";

    [Fact]
    public void What_is_declared_is_what_is_read()
    {
        var (read, mistakes) = Read("""
            { "indexes": { "byDate": ["-date", "city"],
                           "cheapest": { "columns": ["category", "city", "date"], "order": "price", "sum": ["seats"] },
                           "byCode": { "columns": ["code"], "unique": true } },
              "groups": { "perCity": ["city"], "seats": { "columns": ["category", "city"], "sum": ["seats"] } },
              "search": { "fields": { "title": 3, "text": 0.5 }, "language": "en", "fuzzy": true, "facets": ["city", "date"], "popularity": "seats" } }
            """);

        Assert.Empty(mistakes);
        Assert.Equal(["byDate", "cheapest", "byCode"], read.Indexes.Select(index => index.Name));
        Assert.Equal([new("date", IndexedKind.Number, Descending: true), new("city", IndexedKind.Text)], read.Indexes[0].Columns);
        Assert.Equal(new IndexColumn("price", IndexedKind.Number), read.Indexes[1].Order);
        Assert.Equal(["seats"], read.Indexes[1].Sums);
        Assert.Equal([false, false, true], read.Indexes.Select(index => index.IsUnique));
        Assert.Equal(["perCity", "seats"], read.Groups.Select(group => group.Name));
        Assert.Equal(["seats"], read.Groups[1].Sums);
        Assert.Equal([new("title", 3), new("text", 0.5)], read.Search!.Fields);
        Assert.Equal(("en", true), (read.Search.Language, read.Search.IsFuzzy));
        Assert.Equal([new("city", IndexedKind.Text), new("date", IndexedKind.Number)], read.Search.Facets);
        Assert.Equal("seats", read.Search.Popularity);
    }

    [Fact]
    public void Nothing_declared_is_nothing_kept() => Assert.Same(TableIndexes.None.Search, Read("{}").Read.Search);

    [Fact]
    public void A_list_of_columns_is_searched_with_equal_weights_and_words_as_they_are()
    {
        var search = Read("""{"search":["title","text"]}""").Read.Search!;

        Assert.Equal([new("title", 1), new("text", 1)], search.Fields);
        Assert.Equal((null, false), (search.Language, search.IsFuzzy));
    }

    [Fact]
    public void A_column_whose_name_begins_with_a_minus_is_meant_by_its_name() =>
        Assert.Equal([new("-odd", IndexedKind.Number)], Read("""{"indexes":{"x":["-odd"]}}""").Read.Indexes[0].Columns);

    [Theory]
    [InlineData("""{"indexes":[]}""", "'indexes' must be an object, not an array | Write \"indexes\": { … }.")]
    [InlineData("""{"indexes":{"x":"date"}}""", "index 'x' must be a list of columns or an object, not a string | " + Hint)]
    [InlineData("""{"indexes":{"x":[]}}""", "index 'x' has no columns | " + Hint)]
    [InlineData("""{"indexes":{"x":{"order":"price"}}}""", "index 'x' has no 'columns' | " + Hint)]
    [InlineData("""{"indexes":{"x":[3]}}""", "index 'x' may hold only names, not a number | " + Hint)]
    [InlineData("""{"indexes":{"x":["dat"]}}""", "table 'events' has no column 'dat' | Did you mean 'date'?")]
    [InlineData("""{"indexes":{"x":["-dat"]}}""", "table 'events' has no column 'dat' | Did you mean 'date'?")]
    [InlineData("""{"indexes":{"x":["extra"]}}""", "column 'extra' is json, which has no order | Put what is looked for into a column of its own.")]
    [InlineData("""{"search":{"fields":{"title":1},"facets":["extra"]}}""", "column 'extra' is json, which has no order | Put what is looked for into a column of its own.")]
    [InlineData("""{"search":{"fields":{"title":1},"facets":["-date"]}}""", "the facet '-date' cannot be sorted | Write the column's name alone.")]
    [InlineData("""{"search":{"fields":{"title":1},"facets":["date","date"]}}""", "'facets' has column 'date' twice | Remove one of them.")]
    [InlineData("""{"search":{"fields":{"title":1},"facets":"date"}}""", "'facets' must be a list, not a string | Write \"facets\": [\"category\", \"price\"].")]
    [InlineData("""{"search":{"fields":{"title":1},"popularity":["seats"]}}""", "'popularity' must be a column's name, not an array | Write \"popularity\": \"sold\".")]
    [InlineData("""{"search":{"fields":{"title":1},"popularity":"seat"}}""", "table 'events' has no column 'seat' | Did you mean 'seats'?")]
    [InlineData("""{"search":{"fields":{"title":1},"popularity":"date"}}""", "column 'date' cannot make rows count more: it is neither integer nor number | It tells how often something was sold or needed: the more, the more its row counts.")]
    [InlineData("""{"indexes":{"x":["date","-date"]}}""", "index 'x' has column 'date' twice | Remove one of them.")]
    [InlineData("""{"indexes":{"x y":["date"]}}""", "the index cannot be named 'x y' | Letters, digits and '_', at most 48 characters.")]
    [InlineData("""{"indexes":{"x":["date"]},"groups":{"x":["city"]}}""", "'x' names an index and a group | Give them different names.")]
    [InlineData("""{"indexes":{"x":{"columns":["city"],"order":"city"}}}""", "the order 'city' is a column of the index already | An order is for another column than those that the index is sorted by: remove it.")]
    [InlineData("""{"indexes":{"x":{"columns":["city"],"order":["price"]}}}""", "'order' must be a column's name, not an array | Write \"order\": \"price\", or \"-price\" for the largest first.")]
    [InlineData("""{"indexes":{"x":{"columns":["city"],"sum":["price"]}}}""", "column 'price' cannot be summed: it is no integer | Sums are exact: keep money in cents.")]
    [InlineData("""{"indexes":{"x":{"columns":["city"],"sum":["seat"]}}}""", "table 'events' has no column 'seat' | Did you mean 'seats'?")]
    [InlineData("""{"indexes":{"x":{"columns":["city"],"unique":"yes"}}}""", "'unique' must be true or false, not a string | Write it without quotes.")]
    [InlineData("""{"indexes":{"x":{"columns":["city"],"uniqe":true}}}""", "'uniqe' is not known in index 'x' | Did you mean 'unique'?")]
    [InlineData("""{"indexes":{"x":["id","date","city","category","price","seats","code","title","text"]}}""", "index 'x' has 9 columns; at most 8 are possible | Leave out those behind the one that a range is asked of.")]
    [InlineData("""{"search":[]}""", "'search' has no columns | Write [\"title\", \"text\"], or {\"fields\": {\"title\": 3, \"text\": 1}, \"language\": \"en\"}.")]
    [InlineData("""{"search":["date"]}""", "column 'date' cannot be searched: it is no string | Text search looks at strings.")]
    [InlineData("""{"search":["titel"]}""", "table 'events' has no column 'titel' | Did you mean 'title'?")]
    [InlineData("""{"search":{"fields":{"title":0}}}""", "the weight of 'title' must be a number above 0, at most 100 | 1 is usual; a title may count 3.")]
    [InlineData("""{"search":{"fields":{"title":1},"language":"tlh"}}""", "'tlh' is no language whose endings are known | There are: de, en. Without one, words are taken as they are.")]
    public void Mistakes_are_told(string declared, string expected) => Assert.Equal([expected], Read(declared).Mistakes);

    [Fact]
    public void More_indexes_than_can_be_kept_are_a_mistake()
    {
        var many = string.Join(',', Enumerable.Range(0, IndexLimits.PerTable + 1).Select(i => $"\"x{i}\":[\"date\"]"));

        Assert.Equal(["table 'events' has more than 16 indexes | Each of them is written with every row: keep those that queries use."], Read("{\"indexes\":{" + many + "}}").Mistakes);
    }

    private static (TableIndexes Read, string[] Mistakes) Read(string declared)
    {
        var diagnostics = new DiagnosticList();
        Column[] columns =
        [
            new("id", ColumnType.String), new("date", ColumnType.Time), new("city", ColumnType.String), new("category", ColumnType.String), new("price", ColumnType.Number),
            new("seats", ColumnType.Integer), new("code", ColumnType.String), new("title", ColumnType.String), new("text", ColumnType.String), new("extra", ColumnType.Json), new("-odd", ColumnType.Integer),
        ];
        var item = JsonItemReader.Read(new SourceFile("mjolnir.json", System.Text.Encoding.UTF8.GetBytes(declared)), diagnostics)!;
        var read = new TableIndexReader("events", columns, new HashSet<string>(), diagnostics).Read(item);
        return (read, [.. diagnostics.Sorted().Select(mistake => $"{mistake.Message} | {mistake.Hint}")]);
    }
}
