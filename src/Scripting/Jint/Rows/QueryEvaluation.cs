using Mjolnir.Core.Indexes;
using Mjolnir.Core.Indexes.Queries;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Rows;

/// <summary>What a query gave.</summary>
/// <param name="Rows">the rows, in order</param>
/// <param name="Cursor">behind the last of them; null if there are no more</param>
/// <param name="IsBehind">what the session wrote before may be missing</param>
internal sealed record QueryPage(IReadOnlyList<RowObject> Rows, string? Cursor, bool IsBehind);

/// <summary>
/// Turns what an index says into rows of the run:
/// <code>
/// 1 ask the index which rows to look at, and read them through the transaction
/// 2 of all rows of the table that the run knows, those it wrote itself among them, take those that are what was asked for and stand between the beginning and the last place
///   that the index named, in order
/// 3 too few, and the index has more: go on behind that place
/// </code>
/// So a row that changed since the index was written is taken as it is now, or left out, and what the run wrote itself stands where it belongs.
/// </summary>
internal static class QueryEvaluation
{
    /// <summary>Places asked for beyond the page: one tells whether there are more rows, the others make up for rows that changed meanwhile.</summary>
    private const int Spare = 4;

    private static readonly Comparison<(byte[] Place, RowObject Row)> Ascending = static (left, right) => left.Place.AsSpan().SequenceCompareTo(right.Place);

    /// <param name="realm">the run's</param>
    /// <param name="rows">its rows</param>
    /// <param name="table">the table</param>
    /// <param name="query">what is asked for</param>
    /// <param name="after">the place behind which rows are wanted; empty for the first</param>
    /// <param name="limit">rows wanted; null: all there are, and a mistake if there are too many</param>
    /// <param name="isFresh">everything that is durable by now shall be looked at</param>
    public static QueryPage Find(Realm realm, RowStore rows, TableSchema table, TableQuery query, byte[] after, int? limit, bool isFresh)
    {
        var most = limit ?? realm.Limits.MaxQueryRows;
        var (from, isBehind) = (after, false);
        while (true)
        {
            var answer = rows.Ask(query.Rows(from, most + Spare, isFresh));
            isBehind |= answer.IsBehind;
            foreach (var found in answer.Found)
            {
                rows.Load(table, found.PrimaryKey);
            }

            var last = answer.IsWhole ? null : answer.Found[^1].Place;
            var picked = Pick(realm, rows, table, query, after, last);
            if (last is null || picked.Count > most)
            {
                return Page(realm, table, query, picked, most, limit is null, isBehind);
            }

            from = last;
        }
    }

    /// <summary>How many rows there are: what the index says, with what the run itself changed.</summary>
    public static double Count(Realm realm, RowStore rows, TableSchema table, TableQuery query, bool isFresh)
    {
        RequireExact(realm, table, query.IsExact, "count");
        var count = rows.Ask(query.Total(isFresh)).Count;
        foreach (var row in rows.Known(table))
        {
            realm.Tick();
            count += Matches(table, query, row.Now) - Matches(table, query, row.Before(realm));
        }

        return count;
    }

    /// <summary>The sum of a column over all rows, in the same way, and how many of them have a value.</summary>
    public static ColumnSum Sum(Realm realm, RowStore rows, TableSchema table, TableQuery query, string column, bool isFresh)
    {
        RequireExact(realm, table, query.IsExact, "sum");
        var at = query.Index.Sums.TakeWhile(each => each != column).Count();
        var total = rows.Ask(query.Total(isFresh)).Sums[at];
        foreach (var row in rows.Known(table))
        {
            realm.Tick();
            total = total + Summed(table, query, row.Now, column) - Summed(table, query, row.Before(realm), column);
        }

        return total;
    }

    /// <summary>A sum as a number, if that holds it.</summary>
    public static double Exact(Realm realm, TableSchema table, string column, Int128 total) => total >= -(1L << 53) && total <= 1L << 53
        ? (double)total
        : throw realm.Abort($"the sum of {table.Name}.{column} is {total}, beyond what a number holds exactly");

    /// <summary>The average of the rows that have a value; null if none has.</summary>
    public static JsValue Average(ColumnSum sum) => sum.Count > 0 ? (double)sum.Total / sum.Count : JsValue.Null;

    /// <summary>Refuses to count what an index cannot tell apart.</summary>
    public static void RequireExact(Realm realm, TableSchema table, bool isExact, string what)
    {
        if (!isExact)
        {
            throw realm.Abort($"{what} cannot tell texts of table '{table.Name}' apart that are longer than {IndexLimits.TextBytes - 4} bytes: ask for rows");
        }
    }

    private static List<(byte[] Place, RowObject Row)> Pick(Realm realm, RowStore rows, TableSchema table, TableQuery query, byte[] after, byte[]? last)
    {
        var picked = new List<(byte[], RowObject)>();
        foreach (var row in rows.Known(table))
        {
            realm.Tick();
            if (row.Row is null || QueryValues.Of(table, row.Now!) is var values && !query.Terms.Match(values))
            {
                continue;
            }

            var place = query.PlaceOf(values, row.PrimaryKey);
            if ((after.Length == 0 || query.Compare(place, after) > 0) && (last is null || query.Compare(place, last) <= 0))
            {
                picked.Add((place, row.Row));
            }
        }

        realm.Work(picked.Count);
        picked.Sort(query.IsBackward ? static (left, right) => Ascending(right, left) : Ascending);
        return picked;
    }

    private static QueryPage Page(Realm realm, TableSchema table, TableQuery query, List<(byte[] Place, RowObject Row)> picked, int most, bool isAll, bool isBehind)
    {
        if (picked.Count <= most)
        {
            return new QueryPage(picked.ConvertAll(static row => row.Row), null, isBehind);
        }

        return isAll
            ? throw realm.Abort($"more than {most} rows of table '{table.Name}' answer this query: say limit(n), and after(cursor) for those behind")
            : new QueryPage(picked.GetRange(0, most).ConvertAll(static row => row.Row), query.CursorOf(picked[most - 1].Place), isBehind);
    }

    private static int Matches(TableSchema table, TableQuery query, Slot[]? columns) => columns is not null && query.Terms.Match(QueryValues.Of(table, columns)) ? 1 : 0;

    private static ColumnSum Summed(TableSchema table, TableQuery query, Slot[]? columns, string column) =>
        Matches(table, query, columns) > 0 && QueryValues.Of(table, columns!)(column) is { Kind: not null } value ? new ColumnSum((Int128)value.Number, 1) : default;
}
