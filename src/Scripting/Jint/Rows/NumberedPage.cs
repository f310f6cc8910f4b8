using Mjolnir.Core.Indexes.Queries;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Rows;

/// <summary>
/// A page of a query by its number. Which rows are before it is as the index counts them, with what the run itself changed:
/// <code>
/// 1 entries that the run took away (R) and put in (A) move others: the index is asked for a window that begins A entries early and has A + R more
/// 2 the number of rows before the window follows from how many of R and A lie before it
/// 3 the rows of the page are read; one that is not what was asked for any more is left out
/// </code>
/// </summary>
internal static class NumberedPage
{
    /// <summary>A row of the run that stands elsewhere than in the index.</summary>
    private readonly record struct Moved(string PrimaryKey, byte[]? From, byte[]? To);

    /// <param name="realm">the run's</param>
    /// <param name="rows">its rows</param>
    /// <param name="table">the table</param>
    /// <param name="query">what is asked for</param>
    /// <param name="skip">rows before the page</param>
    /// <param name="size">rows of a page</param>
    /// <param name="isFresh">everything that is durable by now shall be looked at</param>
    /// <param name="total">how many rows there are on all pages</param>
    public static QueryPage Find(Realm realm, RowStore rows, TableSchema table, TableQuery query, long skip, int size, bool isFresh, out long total)
    {
        var moved = MovedRows(realm, rows, table, query);
        var (left, came) = (moved.Where(static row => row.From is not null).ToList(), moved.Where(static row => row.To is not null).ToList());
        var start = Math.Max(0, skip - came.Count);
        var answer = rows.Ask(query.Numbered(start, size + left.Count + came.Count + 1, isFresh));
        total = answer.Count + came.Count - left.Count;
        if (answer.Found.Count == 0 && start > 0)
        {
            return new QueryPage([], null, answer.IsBehind);
        }

        var first = start == 0 ? null : answer.Found[0].Place;
        var last = answer.IsWhole ? null : answer.Found[^1].Place;
        bool IsBefore(byte[] place) => first is not null && query.Compare(place, first) < 0;
        var before = start - left.Count(row => IsBefore(row.From!)) + came.Count(row => IsBefore(row.To!));

        var changed = moved.Select(static row => row.PrimaryKey).ToHashSet(StringComparer.Ordinal);
        var places = answer.Found.Where(found => !changed.Contains(found.PrimaryKey))
            .Concat(came.Where(row => !IsBefore(row.To!) && (last is null || query.Compare(row.To!, last) <= 0)).Select(static row => new FoundPlace(row.To!, row.PrimaryKey)))
            .ToList();
        realm.Work(places.Count);
        places.Sort((one, other) => query.Compare(one.Place, other.Place));
        var page = places.Skip((int)(skip - before)).Take(size).Select(static place => place.PrimaryKey).ToHashSet(StringComparer.Ordinal);
        foreach (var key in page)
        {
            rows.Load(table, key);
        }

        return new QueryPage(Rows(realm, rows, table, query, page), null, answer.IsBehind);
    }

    /// <summary>The rows of a page, where they stand now.</summary>
    private static List<RowObject> Rows(Realm realm, RowStore rows, TableSchema table, TableQuery query, HashSet<string> page)
    {
        var found = new List<(byte[] Place, RowObject Row)>();
        foreach (var row in rows.Known(table))
        {
            realm.Tick();
            if (page.Contains(row.PrimaryKey) && PlaceOf(table, query, row.PrimaryKey, row.Now) is { } place)
            {
                found.Add((place, row.Row!));
            }
        }

        found.Sort((one, other) => query.Compare(one.Place, other.Place));
        return found.ConvertAll(static row => row.Row);
    }

    private static List<Moved> MovedRows(Realm realm, RowStore rows, TableSchema table, TableQuery query)
    {
        var moved = new List<Moved>();
        foreach (var row in rows.Known(table))
        {
            realm.Tick();
            var (from, to) = (PlaceOf(table, query, row.PrimaryKey, row.Before(realm)), PlaceOf(table, query, row.PrimaryKey, row.Now));
            if (!from.AsSpan().SequenceEqual(to))
            {
                moved.Add(new Moved(row.PrimaryKey, from, to));
            }
        }

        return moved;
    }

    /// <summary>Where a row stands; null if it is none of those asked for.</summary>
    private static byte[]? PlaceOf(TableSchema table, TableQuery query, string primaryKey, Slot[]? columns) =>
        columns is not null && QueryValues.Of(table, columns) is var values && query.Terms.Match(values) ? query.PlaceOf(values, primaryKey) : null;
}
