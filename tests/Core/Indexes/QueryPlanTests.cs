using Mjolnir.Core.Indexes;

namespace Mjolnir.Core.Tests.Indexes;

public class QueryPlanTests
{
    private static readonly TableIndexes Declared = new(
        [
            Index("travel", ["category", "city", "date"], "price"),
            Index("cheap", ["city", "date"], "price"),
            Index("dear", ["city"], "-price"),
            Index("latest", ["-date"], null),
        ],
        [],
        null);

    [Theory]
    [InlineData("", null, null, "latest Forward")]
    [InlineData("", null, "-date", "latest Forward")]
    [InlineData("", null, "date", "latest Backward")]
    [InlineData("", "date", "date", "latest Backward")]
    [InlineData("", "date", null, "latest Forward")]
    [InlineData("city", null, null, "dear Forward")]
    [InlineData("city", "date", null, "cheap Forward")]
    [InlineData("city", "date", "-date", "cheap Backward")]
    [InlineData("city", "date", "price", "cheap Top")]
    [InlineData("city", null, "price", "cheap Top")]
    [InlineData("city", null, "-price", "dear Top")]
    [InlineData("city", null, "city", "dear Forward")]
    [InlineData("city,category", "date", "price", "travel Top")]
    [InlineData("category", null, "city", "travel Forward")]
    [InlineData("category,city,date", null, null, "travel Forward")]
    public void A_query_is_answered_by_the_index_that_begins_with_its_columns(string equal, string? range, string? order, string expected)
    {
        Assert.True(QueryPlan.TryFind(Declared, Query(equal, range, order), out var plan));
        Assert.Equal(expected, $"{plan.Index.Name} {plan.Walk}");
    }

    [Theory]
    [InlineData("date", "city", null, "{\"byDateCity\": [\"date\", \"city\"]}")]
    [InlineData("city", "date", "-price", "{\"byCityDate\": {\"columns\": [\"city\", \"date\"], \"order\": \"-price\"}}")]
    [InlineData("category", "date", "price", "{\"byCategoryDate\": {\"columns\": [\"category\", \"date\"], \"order\": \"price\"}}")]
    [InlineData("title", null, null, "{\"byTitle\": [\"title\"]}")]
    [InlineData("title", null, "-date", "{\"byTitleDate\": [\"title\", \"-date\"]}")]
    [InlineData("category", "date", "date", "{\"byCategoryDate\": [\"category\", \"date\"]}")]
    public void A_query_that_none_answers_is_told_what_is_missing_and_that_would_answer_it(string equal, string? range, string? order, string declaration)
    {
        var query = Query(equal, range, order);

        Assert.False(QueryPlan.TryFind(Declared, query, out _));
        Assert.Equal($"no index of table 'events' answers this query: declare \"indexes\": {declaration}", QueryPlan.Missing("events", query));
        Assert.True(QueryPlan.TryFind(Parsed(declaration), query, out _));
    }

    private static QueryShape Query(string equal, string? range, string? order) =>
        new(equal.Split(',', StringSplitOptions.RemoveEmptyEntries), range, order?.TrimStart('-'), order?[0] == '-');

    private static TableIndexes Parsed(string declaration)
    {
        var member = System.Text.Json.JsonDocument.Parse(declaration).RootElement.EnumerateObject().Single();
        var columns = member.Value.ValueKind == System.Text.Json.JsonValueKind.Array ? member.Value : member.Value.GetProperty("columns");
        var order = member.Value.ValueKind == System.Text.Json.JsonValueKind.Array ? null : member.Value.GetProperty("order").GetString();
        return new TableIndexes([Index(member.Name, [.. columns.EnumerateArray().Select(column => column.GetString()!)], order)], [], null);
    }

    private static IndexDeclaration Index(string name, string[] columns, string? order) => new(name, [.. columns.Select(Column)], order is null ? null : Column(order), [], IsUnique: false);

    private static IndexColumn Column(string name) => new(name.TrimStart('-'), IndexedKind.Number, name[0] == '-');
}
