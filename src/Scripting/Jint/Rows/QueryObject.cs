using Mjolnir.Core.Indexes;
using Mjolnir.Core.Indexes.Queries;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Engine;
using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Rows;

/// <summary>A query as a handler builds it. Each step gives another query and leaves this one as it is.</summary>
internal sealed class QueryObject(Realm realm, JsObject prototype, string app, TableSchema table, QueryTerms terms) : JsObject(realm, prototype)
{
    /// <summary>Numbers of pages end here: beyond all tables.</summary>
    private const double LastPage = 1e9;

    private QueryPage? _page;

    public TableSchema Table { get; } = table;

    /// <summary>Null: as many rows as there may be, and more are a mistake.</summary>
    public int? Limit { get; private init; }

    public string? After { get; private init; }

    public bool IsFresh { get; init; }

    public QueryObject OrderBy(JsValue by)
    {
        var (name, isDescending) = Ordered(by.Text ?? throw Realm.Abort($"orderBy needs the name of a column, not {ColumnRules.Show(by)}"));
        QueryValues.RequireColumn(Realm, Table, name);
        return With(terms with { Order = name, Descending = isDescending }, Limit, After);
    }

    /// <summary>By a column, the largest first, whatever its name begins with.</summary>
    public QueryObject Largest(JsValue column)
    {
        var name = column.Text ?? throw Realm.Abort($"top needs the name of a column, not {ColumnRules.Show(column)}");
        QueryValues.RequireColumn(Realm, Table, name);
        return With(terms with { Order = name, Descending = true }, Limit, After);
    }

    public QueryObject LimitTo(JsValue rows)
    {
        var most = Realm.Limits.MaxQueryRows;
        return rows.IsNumber && rows.Number >= 1 && rows.Number <= most && Math.Floor(rows.Number) == rows.Number
            ? With(terms, (int)rows.Number, After)
            : throw Realm.Abort($"limit needs a whole number from 1 to {most}, not {ColumnRules.Show(rows)}");
    }

    public QueryObject Behind(JsValue cursor) => With(terms, Limit, cursor switch
    {
        { IsNullish: true } or { Text: "" } => null,
        { Text: { } text } => text,
        _ => throw Realm.Abort($"after needs a cursor that a query gave, not {ColumnRules.Show(cursor)}"),
    });

    /// <summary>The rows, and what <see cref="Page"/> tells of them from now on.</summary>
    public JsArray Rows(RowStore rows)
    {
        _page = Find(rows);
        return new JsArray(Realm, [.. _page.Rows.Select(static row => JsValue.Of(row))]);
    }

    /// <summary>What the last look gave; the first one, if nobody has looked yet.</summary>
    public QueryPage Page(RowStore rows) => _page ??= Find(rows);

    /// <summary>A page by its number: <c>{rows, page, pages, total, behind}</c>.</summary>
    public JsObject Numbered(RowStore rows, JsValue number)
    {
        var page = PageNumber(Realm, number);
        var size = Limit ?? throw Realm.Abort("page needs to know how many rows a page has: say limit(n) before");
        if (After is not null)
        {
            throw Realm.Abort("a page is found by its number or by a cursor, not both: leave after(cursor) out");
        }

        var query = Bound(terms);
        QueryEvaluation.RequireExact(Realm, Table, query.IsExact, "page");
        var skip = (page - 1) * size;
        if (query.IsByOrder && skip + size > Realm.Limits.MaxQueryRows)
        {
            throw Realm.Abort($"by its order '{query.Index.Order!.Name}' an index counts the first {Realm.Limits.MaxQueryRows} rows: after(cursor) goes on at any depth");
        }

        var found = NumberedPage.Find(Realm, rows, Table, query, skip, size, IsFresh, out var total);
        var given = new JsObject(Realm, Realm.Intrinsics.ObjectPrototype);
        given.Set("rows", new JsArray(Realm, [.. found.Rows.Select(static row => JsValue.Of(row))]));
        given.Set("page", number);
        given.Set("pages", Math.Ceiling(total / (double)size));
        given.Set("total", (double)total);
        given.Set("behind", found.IsBehind);
        return given;
    }

    public double Count(RowStore rows) => QueryEvaluation.Count(Realm, rows, Table, Bound(terms with { Order = null, Descending = false }), IsFresh);

    public double Sum(RowStore rows, JsValue column) => QueryEvaluation.Exact(Realm, Table, column.Text ?? "", Summed(rows, column, "sum").Total);

    public JsValue Average(RowStore rows, JsValue column) => QueryEvaluation.Average(Summed(rows, column, "average"));

    /// <summary>Rows counted per value of columns; of a limit the largest groups.</summary>
    public JsArray Groups(RowStore rows, JsValue[] columns)
    {
        var by = GroupColumns(Realm, Table, columns);
        if (terms.Range is { } range)
        {
            throw Realm.Abort($"facets are counted where columns have one value, and this query has bounds on '{range.Column}'");
        }

        if (by.Find(name => terms.Equal.Any(equal => equal.Column == name)) is { } single)
        {
            throw Realm.Abort($"facets by '{single}' are one number where it has one value: count()");
        }

        if (terms.Order is not null || After is not null)
        {
            throw Realm.Abort("facets come with the largest first: orderBy and after have no meaning for them");
        }

        if (!GroupQuery.TryBind(app, Table.Name, Table.Indexes, terms, by, out var query))
        {
            throw Realm.Abort(GroupPlan.Missing(Table.Name, [.. terms.Equal.Select(equal => equal.Column)], by));
        }

        QueryEvaluation.RequireExact(Realm, Table, query.IsExact, "facets");
        return GroupEvaluation.Find(Realm, rows, Table, query, by, Limit, IsFresh);
    }

    /// <summary>The number of a page, from 1.</summary>
    public static long PageNumber(Realm realm, JsValue number) => number.IsNumber && number.Number >= 1 && number.Number <= LastPage && Math.Floor(number.Number) == number.Number
        ? (long)number.Number
        : throw realm.Abort($"page needs the number of a page, from 1, not {ColumnRules.Show(number)}");

    /// <summary>Columns that rows are to be counted by, each once.</summary>
    public static List<string> GroupColumns(Realm realm, TableSchema table, JsValue[] columns)
    {
        var by = columns.Select(column => column.Text ?? throw realm.Abort($"facets needs names of columns, not {ColumnRules.Show(column)}")).Distinct(StringComparer.Ordinal).ToList();
        by.ForEach(name => QueryValues.RequireColumn(realm, table, name));
        return by.Count > 0 ? by : throw realm.Abort("facets needs the name of a column");
    }

    private ColumnSum Summed(RowStore rows, JsValue column, string what)
    {
        var name = column.Text ?? throw Realm.Abort($"{what} needs the name of a column, not {ColumnRules.Show(column)}");
        QueryValues.RequireColumn(Realm, Table, name);
        return QueryEvaluation.Sum(Realm, rows, Table, Bound(terms with { Order = null, Descending = false, Sum = name }), name, IsFresh);
    }

    private QueryPage Find(RowStore rows)
    {
        var query = Bound(terms);
        byte[]? after = [];
        if (After is not null && !query.TryCursor(After, out after))
        {
            throw Realm.Abort("this cursor is not one of this query: begin without", AbortKind.Refused);
        }

        return QueryEvaluation.Find(Realm, rows, Table, query, after, Limit, IsFresh);
    }

    private TableQuery Bound(QueryTerms asked) => TableQuery.TryBind(app, Table.Name, Table.Indexes, asked, out var query) ? query : throw Realm.Abort(QueryPlan.Missing(Table.Name, asked.Shape));

    private QueryObject With(QueryTerms next, int? limit, string? after) => new(Realm, Prototype!, app, Table, next) { Limit = limit, After = after, IsFresh = IsFresh };

    /// <summary><c>-date</c>: the largest first, unless a column is really named so.</summary>
    private (string Name, bool IsDescending) Ordered(string by) => by.StartsWith('-') && !Table.Columns.ContainsKey(by) ? (by[1..], true) : (by, false);
}
