using System.Diagnostics.CodeAnalysis;

namespace Mjolnir.Core.Indexes;

/// <summary>What a query asks for, without its values: enough to know which index answers it.</summary>
/// <param name="Equal">columns that are to have one value, each once</param>
/// <param name="Range">the column that is to lie between two bounds, or on one side of one; null without</param>
/// <param name="Order">the column by which answers are wanted; null if any order will do</param>
/// <param name="Descending">the largest first; without meaning where no order is wanted</param>
public sealed record QueryShape(IReadOnlyCollection<string> Equal, string? Range, string? Order, bool Descending)
{
    /// <summary>The column whose sum is wanted; null without.</summary>
    public string? Sum { get; init; }
}

/// <summary>In which way an index is walked.</summary>
public enum QueryWalk
{
    /// <summary>In the order of its keys.</summary>
    Forward,

    /// <summary>From the end of the range to its beginning.</summary>
    Backward,

    /// <summary>In its declared order.</summary>
    Top,

    /// <summary>Not row by row, but group by group: rows that have equal values of some columns.</summary>
    Groups,

    /// <summary>By the words of a text, the best answer first.</summary>
    Search,
}

/// <summary>How a query is answered.</summary>
/// <param name="Index">by which index</param>
/// <param name="Walk">in which way</param>
public sealed record QueryPlan(IndexDeclaration Index, QueryWalk Walk)
{
    /// <summary>Finds the index that answers a query: its first columns are those with one value, the next is the range's, and its order fits. False if none is declared.</summary>
    public static bool TryFind(TableIndexes declared, QueryShape query, [NotNullWhen(true)] out QueryPlan? plan)
    {
        plan = null;
        foreach (var index in declared.Indexes)
        {
            // A walk along the keys is the simplest; of several indexes the shortest has the smallest entries.
            if (WalkOf(index, query) is { } walk && (plan is null || Rank(index, walk) < Rank(plan.Index, plan.Walk)))
            {
                plan = new QueryPlan(index, walk);
            }
        }

        return plan is not null;
    }

    /// <summary>What is wrong with a query that no index answers, with the declaration that is missing.</summary>
    /// <param name="table">the table's name</param>
    /// <param name="query">the query</param>
    public static string Missing(string table, QueryShape query)
    {
        var columns = query.Equal.ToList();
        var isOrderOnly = query.Range is null && query.Order is not null && !columns.Contains(query.Order);
        columns.AddRange(((string?[])[query.Range, isOrderOnly ? Directed(query) : null]).OfType<string>());
        var declaration = $"[{string.Join(", ", columns.Select(column => $"\"{column}\""))}]";
        var order = !isOrderOnly && query.Order is not null && !columns.Contains(query.Order) ? $", \"order\": \"{Directed(query)}\"" : "";
        var sum = query.Sum is null ? "" : $", \"sum\": [\"{query.Sum}\"]";
        if (columns.Count == 0)
        {
            return $"no index of table '{table}' lists its rows: declare one by the column that they are to be sorted by{(sum.Length > 0 ? ", with " + sum[2..] : "")}";
        }

        if (order.Length + sum.Length > 0)
        {
            declaration = $"{{\"columns\": {declaration}{order}{sum}}}";
        }

        return $"no index of table '{table}' answers this query: declare \"indexes\": {{\"{NameOf(columns)}\": {declaration}}}";
    }

    private static string Directed(QueryShape query) => query.Descending ? "-" + query.Order : query.Order!;

    private static string NameOf(List<string> columns) =>
        "by" + string.Concat(columns.Select(column => column.TrimStart('-')).Select(column => char.ToUpperInvariant(column[0]) + column[1..]));

    private static int Rank(IndexDeclaration index, QueryWalk walk) => (walk == QueryWalk.Top ? 1000 : 0) + index.Columns.Count + (index.Order is null ? 0 : 100);

    private static QueryWalk? WalkOf(IndexDeclaration index, QueryShape query)
    {
        var equal = query.Equal.Count;
        var isPrefix = equal <= index.Columns.Count && index.Columns.Take(equal).All(column => query.Equal.Contains(column.Name));
        var next = isPrefix && equal < index.Columns.Count ? index.Columns[equal] : null;
        if (!isPrefix || (query.Range is not null && next?.Name != query.Range) || (query.Sum is not null && !index.Sums.Contains(query.Sum)))
        {
            return null;
        }

        if (query.Order is null || query.Equal.Contains(query.Order))
        {
            return QueryWalk.Forward;
        }

        if (next?.Name == query.Order)
        {
            return next.Descending == query.Descending ? QueryWalk.Forward : QueryWalk.Backward;
        }

        return index.Order is { } order && order.Name == query.Order && order.Descending == query.Descending ? QueryWalk.Top : null;
    }
}
