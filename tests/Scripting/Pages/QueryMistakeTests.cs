using Mjolnir.Scripting.Tests.Applications;

namespace Mjolnir.Scripting.Tests.Pages;

public class QueryMistakeTests
{
    private const string Manifest = """
        {"name":"shop","tables":{
          "events":{"key":"id","columns":{"id":"string","city":"string","date":"time","price":"integer","seats":"integer","extra":"json"},
                    "indexes":{"cheapest":{"columns":["city","date"],"order":"price","sum":["seats"]}, "byPrice":["price"]},
                    "groups":{"perDay":["city","date","price"]}},
          "plain":{"key":"id","columns":{"id":"string","n":"integer"}},
          "words":{"key":"id","columns":{"id":"string"},"search":["id"]},
          "alike":{"key":"id","columns":{"id":"string"},"search":{"fields":{"id":1},"fuzzy":true,"facets":["id"]}}}}
        """;

    private const string Never = "Queries never search all rows.";

    [Theory]
    [InlineData("t('events').where({city: c}).rows()")]
    [InlineData("t('events').where({city: 'Rom', date: {from: a, to: b}}).orderBy('price').limit(20).after(c).rows()")]
    [InlineData("t('events').where({city: c, date: d}).orderBy('price').rows()")]
    [InlineData("t('events').where({city: {above: 'A'}}).count()")]
    [InlineData("t('events').where({city: c}).orderBy('-price').limit(1).count()")]
    [InlineData("t('events').where({city: c}).sum('seats')")]
    [InlineData("t('events').where({city: c}).average('seats')")]
    [InlineData("t('events').where({city: c}).facets('date')")]
    [InlineData("t('events').where({date: d, city: 'Rom'}).limit(3).facets('price')")]
    [InlineData("t('events').where({}).facets('date', 'city')")]
    [InlineData("t('events').facets('city')")]
    [InlineData("t('events').facets(x)")]
    [InlineData("t('events').where({}).orderBy('-price').rows()")]
    [InlineData("t('events').where().rows()")]
    [InlineData("t('events').top(3, 'price')")]
    [InlineData("t('events').top(3, x)")]
    [InlineData("t('events').where(any).orderBy('seats').rows()")]
    [InlineData("t('events').where({seats: 1}).orderBy(any).rows()")]
    [InlineData("t(any).where({seats: 1}).rows()")]
    [InlineData("t('words').search('x', {limit: 3})")]
    [InlineData("t('words').search('x', {fuzzy: false})")]
    [InlineData("t('words').search('x', options)")]
    [InlineData("t('alike').search('x', {fuzzy: true})")]
    [InlineData("t('alike').search('x').facets('id')")]
    [InlineData("t('words').search('x').facets(any)")]
    [InlineData("t('words').search('x').page(3)")]
    [InlineData("rows(t('events').where({seats: 1}))")]
    public void What_a_declaration_answers_or_nobody_can_tell_is_no_mistake(string code) => Assert.Empty(Mistakes(code));

    [Theory]
    [InlineData("t('plain').where({n: 1}).rows()", "no index of table 'plain' answers this query: declare \"indexes\": {\"byN\": [\"n\"]}", Never)]
    [InlineData("t('plain').where({n: x}).limit(5).count()", "no index of table 'plain' answers this query: declare \"indexes\": {\"byN\": [\"n\"]}", Never)]
    [InlineData("t('events').where({date: {from: a}}).rows()", "no index of table 'events' answers this query: declare \"indexes\": {\"byDate\": [\"date\"]}", Never)]
    [InlineData("t('events').where({city: c}).orderBy('-price').rows()", "no index of table 'events' answers this query: declare \"indexes\": {\"byCityPrice\": [\"city\", \"-price\"]}", Never)]
    [InlineData("t('events').where({price: 3}).sum('seats')", "no index of table 'events' answers this query: declare \"indexes\": {\"byPrice\": {\"columns\": [\"price\"], \"sum\": [\"seats\"]}}", Never)]
    [InlineData("t('events').where({city: c}).facets('price')", "no group or index of table 'events' counts rows like this: declare \"groups\": {\"perCityPrice\": [\"city\", \"price\"]}", Never)]
    [InlineData("t('plain').search('x')", "table 'plain' declares no text search", "Declare \"search\": [\"…\"] with the columns to look at.")]
    [InlineData("t('words').search('x', {fuzzy: true})", "table 'words' finds no mistyped words", "Declare \"fuzzy\": true in its \"search\".")]
    [InlineData("t('words').search('x').facets('id')", "a search of table 'words' is not counted by 'id'", "Declare \"facets\": [\"id\"] in its \"search\".")]
    [InlineData("t('words').search('x').facets('di')", "table 'words' has no column 'di'", "Did you mean 'id'?")]
    [InlineData("t('plain').facets('n')", "no group or index of table 'plain' counts rows like this: declare \"groups\": {\"perN\": [\"n\"]}", Never)]
    [InlineData("t('plain').facets('m')", "table 'plain' has no column 'm'", "Did you mean 'n'?")]
    [InlineData("t('events').where({city: {from: 'A'}}).facets('date')", "facets are counted where columns have one value, and this query has bounds on 'city'", "Leave the bounds out.")]
    [InlineData("t('events').where({city: {from: 'A'}, date: {to: b}}).rows()", "a query may have bounds on one column, and this one has them on 'city' and 'date'", "Ask for one, and look at the rows for the other.")]
    [InlineData("t('plain').top(3, 'n')", "no index of table 'plain' answers this query: declare \"indexes\": {\"byN\": [\"-n\"]}", Never)]
    [InlineData("t('events').top(3, 'prce')", "table 'events' has no column 'prce'", "Did you mean 'price'?")]
    [InlineData("t('events').where({cty: 'A'}).rows()", "table 'events' has no column 'cty'", "Did you mean 'city'?")]
    [InlineData("t('events').where({city: 'A'}).orderBy('-pric').rows()", "table 'events' has no column 'pric'", "Did you mean 'price'?")]
    [InlineData("t('events').where({extra: 1}).rows()", "column 'extra' is json, which no query can ask for", "Put what is looked for into a column of its own.")]
    public void A_query_that_no_index_answers_is_told_with_the_declaration_that_is_missing(string code, string message, string hint) =>
        Assert.Equal([$"index.html:1:23: {message} | {hint}"], Mistakes(code));

    [Fact]
    public void Templates_are_looked_at_too()
    {
        using var folder = TestFolder.With(("index.html", "<p>{{ table('plain').where({n: 1}).count() }}</p>"));
        folder.Write("mjolnir.json", Manifest);

        Assert.Equal([$"index.html:1:7: no index of table 'plain' answers this query: declare \"indexes\": {{\"byN\": [\"n\"]}} | {Never}"], TestFolder.Lines(folder.Load()));
    }

    private static string[] Mistakes(string code)
    {
        var script = $"<script>function f(){{ {code.Replace("t('", "mjolnir.table('", StringComparison.Ordinal).Replace("t(any", "mjolnir.table(any", StringComparison.Ordinal)}; }} var a, b, c, d, x, any, rows;</script><b onclick=\"f()\">x</b>";
        using var folder = TestFolder.With(("index.html", script));
        folder.Write("mjolnir.json", Manifest);
        return [.. TestFolder.Lines(folder.Load())];
    }
}
