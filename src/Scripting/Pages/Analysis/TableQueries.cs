using Jint.Parser.Ast;
using Mjolnir.Core.Indexes;
using Mjolnir.Core.Indexes.Queries;
using Mjolnir.Scripting.Applications;

namespace Mjolnir.Scripting.Pages.Analysis;

/// <summary>
/// Finds queries that no declared index answers, where they are written out: <c>table('events').where({city: c, date: {from: a}}).orderBy('price').rows()</c>. A query that is put together
/// elsewhere is judged when it runs, with the same words.
/// </summary>
internal sealed class TableQueries(DiagnosticList diagnostics)
{
    private const string Never = "Queries never search all rows.";

    private static readonly string[] Ends = ["rows", "page", "count", "sum", "average", "facets"];
    private static readonly string[] Bounds = ["from", "to", "above", "below"];

    /// <summary>A query as it is written.</summary>
    private sealed class Written
    {
        public required CallExpression Where { get; init; }

        public string? Order { get; init; }

        public string? Sum { get; set; }

        /// <summary>Columns that rows are counted by; null where rows are not counted per value.</summary>
        public List<string>? Groups { get; init; }

        public List<string> Equal { get; } = [];

        public List<string> Ranges { get; } = [];

        /// <summary>Columns whose condition is a variable: a value, or bounds.</summary>
        public List<string> Either { get; } = [];
    }

    /// <summary>Looks at a call that ends a query; any other is passed over.</summary>
    /// <param name="code">where it stands</param>
    /// <param name="call">the call</param>
    /// <param name="tableOf">the table that a call names; null if it names none</param>
    public void Check(PageCode code, CallExpression call, Func<CallExpression, TableSchema?> tableOf)
    {
        if (Method(call) == "top")
        {
            CheckTop(code, call, tableOf);
            return;
        }

        if (Method(call) == "search" && call.Callee is MemberExpression { Object: CallExpression within } && tableOf(within) is { } searched)
        {
            CheckSearch(code, call, searched);
            return;
        }

        if (Method(call) == "facets" && call.Callee is MemberExpression { Object: CallExpression search } && Method(search) == "search" && search.Callee is MemberExpression { Object: CallExpression found } && tableOf(found) is { Indexes.Search: not null } kept)
        {
            CheckSearchGroups(code, call, kept);
            return;
        }

        if (Method(call) == "facets" && call.Callee is MemberExpression { Object: CallExpression named } && tableOf(named) is { } counted)
        {
            CheckGroups(code, new Written { Where = call, Groups = Names(call) }, counted);
            return;
        }

        if (Method(call) is not { } end || !Ends.Contains(end) || Read(call, end, tableOf, out var table) is not { } query || !HasColumns(code, query, table!))
        {
            return;
        }

        if (query.Ranges.Count > 1)
        {
            diagnostics.Add(code.PositionOf(query.Where), $"a query may have bounds on one column, and this one has them on '{query.Ranges[0]}' and '{query.Ranges[1]}'", "Ask for one, and look at the rows for the other.");
            return;
        }

        if (end == "facets")
        {
            CheckGroups(code, query, table!);
            return;
        }

        var shapes = Shapes(query, table!).ToList();
        if (!shapes.Exists(shape => QueryPlan.TryFind(table!.Indexes, shape, out _)))
        {
            diagnostics.Add(code.PositionOf(query.Where), QueryPlan.Missing(table!.Name, shapes[0]), Never);
        }
    }

    /// <summary><c>table('events').search('jazz', {fuzzy: true})</c>.</summary>
    private void CheckSearch(PageCode code, CallExpression call, TableSchema table)
    {
        if (table.Indexes.Search is not { } search)
        {
            diagnostics.Add(code.PositionOf(call), $"table '{table.Name}' declares no text search", "Declare \"search\": [\"…\"] with the columns to look at.");
        }
        else if (!search.IsFuzzy && call.Arguments.ElementAtOrDefault(1) is ObjectExpression options && options.Properties.Any(static option => option.Key.GetKey() == "fuzzy" && option.Value is Literal { Value: true }))
        {
            diagnostics.Add(code.PositionOf(call), $"table '{table.Name}' finds no mistyped words", "Declare \"fuzzy\": true in its \"search\".");
        }
    }

    /// <summary><c>table('events').search('jazz').facets('city')</c>.</summary>
    private void CheckSearchGroups(PageCode code, CallExpression call, TableSchema table)
    {
        var by = Names(call) ?? [];
        if (HasColumns(code, new Written { Where = call, Groups = by }, table) && by.Find(name => !SearchQuery.Keeps(table.Indexes, name)) is { } missing)
        {
            diagnostics.Add(code.PositionOf(call), $"a search of table '{table.Name}' is not counted by '{missing}'", $"Declare \"facets\": [\"{missing}\"] in its \"search\".");
        }
    }

    /// <summary><c>facets('city', 'category')</c>, of a query or of the table itself.</summary>
    private void CheckGroups(PageCode code, Written query, TableSchema table)
    {
        if (query.Groups is not { Count: > 0 } by || !HasColumns(code, query, table))
        {
            return;
        }

        string[] equal = [.. query.Equal, .. query.Either];
        if (query.Ranges.Count > 0)
        {
            diagnostics.Add(code.PositionOf(query.Where), $"facets are counted where columns have one value, and this query has bounds on '{query.Ranges[0]}'", "Leave the bounds out.");
        }
        else if (!GroupPlan.TryFind(table.Indexes, equal, by, out _))
        {
            diagnostics.Add(code.PositionOf(query.Where), GroupPlan.Missing(table.Name, equal, by), Never);
        }
    }

    /// <summary>The names given to a call; null if one of them is not written out.</summary>
    private static List<string>? Names(CallExpression call)
    {
        var names = call.Arguments.Select(argument => (argument as Literal)?.Value as string).ToList();
        return names.Contains(null) ? null : names.ConvertAll(static name => name!);
    }

    /// <summary><c>table('users').top(10, 'balance')</c>.</summary>
    private void CheckTop(PageCode code, CallExpression call, Func<CallExpression, TableSchema?> tableOf)
    {
        if (call.Callee is not MemberExpression { Object: CallExpression named } || tableOf(named) is not { } table || call.Arguments.Count < 2 || call.Arguments[1] is not Literal { Value: string by })
        {
            return;
        }

        var shape = new QueryShape([], null, by, Descending: true);
        if (HasColumns(code, new Written { Where = call, Equal = { by } }, table) && !QueryPlan.TryFind(table.Indexes, shape, out _))
        {
            diagnostics.Add(code.PositionOf(call), QueryPlan.Missing(table.Name, shape), Never);
        }
    }

    private static string? Method(CallExpression call) => call.Callee is MemberExpression member ? SyntaxTree.PropertyName(member) : null;

    private static Written? Read(CallExpression end, string name, Func<CallExpression, TableSchema?> tableOf, out TableSchema? table)
    {
        table = null;
        string? order = null;
        var at = end;
        while (at.Callee is MemberExpression { Object: CallExpression inner })
        {
            switch (Method(inner))
            {
                case "limit" or "after":
                    break;
                case "orderBy" when inner.Arguments.Count > 0 && inner.Arguments[0] is Literal { Value: string by }:
                    order ??= by;
                    break;
                case "where" when inner.Callee is MemberExpression { Object: CallExpression named }:
                    table = tableOf(named);
                    return table is null ? null : Of(inner, name, order, end);
                default:
                    return null;
            }

            at = inner;
        }

        return null;
    }

    private static Written? Of(CallExpression where, string end, string? order, CallExpression call)
    {
        var query = new Written { Where = where, Order = end is "rows" or "page" ? order : null, Groups = end == "facets" ? Names(call) : null };
        if (end is "sum" or "average")
        {
            if (call.Arguments.Count == 0 || call.Arguments[0] is not Literal { Value: string summed })
            {
                return null;
            }

            query.Sum = summed;
        }

        if (where.Arguments.Count > 0 && where.Arguments[0] is not ObjectExpression)
        {
            return null;
        }

        foreach (var property in where.Arguments.Count == 0 ? [] : ((ObjectExpression)where.Arguments[0]).Properties)
        {
            ListFor(query, property.Value).Add(property.Key.GetKey());
        }

        return query;
    }

    private static List<string> ListFor(Written query, Expression value) => value switch
    {
        ObjectExpression bounds when bounds.Properties.Any() && bounds.Properties.All(property => Bounds.Contains(property.Key.GetKey())) => query.Ranges,
        Literal or UnaryExpression or BinaryExpression => query.Equal,
        _ => query.Either,
    };

    private bool HasColumns(PageCode code, Written query, TableSchema table)
    {
        var order = query.Order is { } by && by.StartsWith('-') && !table.Columns.ContainsKey(by) ? by[1..] : query.Order;
        var before = diagnostics.Count;
        foreach (var name in ((IEnumerable<string>)[.. query.Equal, .. query.Ranges, .. query.Either, .. query.Groups ?? [], order ?? "", query.Sum ?? ""]).Where(name => name.Length > 0))
        {
            if (!table.Columns.TryGetValue(name, out var column))
            {
                diagnostics.Add(code.PositionOf(query.Where), $"table '{table.Name}' has no column '{name}'", NearestName.Hint(name, table.Columns.Keys, ""));
            }
            else if (column.Type == ColumnType.Json)
            {
                diagnostics.Add(code.PositionOf(query.Where), $"column '{name}' is json, which no query can ask for", "Put what is looked for into a column of its own.");
            }
        }

        return diagnostics.Count == before;
    }

    /// <summary>What the query may turn out to be; the likeliest first.</summary>
    private static IEnumerable<QueryShape> Shapes(Written query, TableSchema table)
    {
        var isDescending = query.Order is { } by && by.StartsWith('-') && !table.Columns.ContainsKey(by);
        QueryShape Shape(string? range) => new([.. query.Equal, .. query.Either.Where(name => name != range)], range, isDescending ? query.Order![1..] : query.Order, isDescending) { Sum = query.Sum };
        yield return Shape(query.Ranges.FirstOrDefault());
        foreach (var either in query.Ranges.Count == 0 ? query.Either : [])
        {
            yield return Shape(either);
        }
    }
}
