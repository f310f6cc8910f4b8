using Mjolnir.Core.Indexes;
using Mjolnir.Core.Indexes.Queries;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Rows;

/// <summary>Rows counted per value: what an index says, with the difference that the run's own writes make, the largest group first.</summary>
internal static class GroupEvaluation
{
    private static readonly Comparer<byte[]> ByKey = Comparer<byte[]>.Create(static (left, right) => left.AsSpan().SequenceCompareTo(right));

    /// <param name="realm">the run's</param>
    /// <param name="rows">its rows</param>
    /// <param name="table">the table</param>
    /// <param name="query">what is asked for</param>
    /// <param name="by">the columns that make groups</param>
    /// <param name="limit">groups wanted; null for all</param>
    /// <param name="isFresh">everything that is durable by now shall be counted</param>
    public static JsArray Find(Realm realm, RowStore rows, TableSchema table, GroupQuery query, IReadOnlyList<string> by, int? limit, bool isFresh)
    {
        var most = realm.Limits.MaxQueryRows;
        var answer = rows.Ask(query.Question(most, isFresh));
        var groups = new SortedDictionary<byte[], GroupRecord>(ByKey);
        foreach (var found in answer.Groups)
        {
            groups[found.Key] = new GroupRecord(query.Sums.Count);
            groups[found.Key].Add(found.Total);
        }

        foreach (var row in rows.Known(table))
        {
            realm.Tick();
            AddRow(groups, table, query, row.Before(realm), -1);
            AddRow(groups, table, query, row.Now, 1);
        }

        // A row that left since the index was written may have been the last of its group.
        var left = groups.Where(static group => group.Value.Count > 0).ToList();
        if (!answer.IsWhole || left.Count > most)
        {
            throw realm.Abort($"more than {most} groups of table '{table.Name}' by {string.Join(", ", by)}: ask within where({{…}})");
        }

        realm.Work(left.Count * 4);
        return new JsArray(realm, [.. left.OrderByDescending(static group => group.Value.Count).Take(limit ?? most).Select(group => (JsValue)ToObject(realm, table, query, by, group.Key, group.Value))]);
    }

    private static void AddRow(SortedDictionary<byte[], GroupRecord> groups, TableSchema table, GroupQuery query, Slot[]? columns, int sign)
    {
        if (columns is null || QueryValues.Of(table, columns) is var values && !query.Terms.Match(values))
        {
            return;
        }

        var key = query.KeyOf(values);
        if (!groups.TryGetValue(key, out var group))
        {
            groups[key] = group = new GroupRecord(query.Sums.Count);
        }

        group.AddCount(sign);
        for (var i = 0; i < query.Sums.Count; i++)
        {
            if (values(query.Sums[i]) is { Kind: not null } value)
            {
                group.Sums[i] += new ColumnSum(sign * (Int128)value.Number, sign);
            }
        }
    }

    /// <summary>A group as handlers get it: <c>{value, count}</c>.</summary>
    public static JsObject Counted(Realm realm, IReadOnlyList<string> by, IEnumerable<ColumnValue> columns, long count)
    {
        var values = columns.ToDictionary(static value => value.Column, static value => ToScript(value.Value), StringComparer.Ordinal);
        var group = new JsObject(realm, realm.Intrinsics.ObjectPrototype);
        group.Set("value", by.Count == 1 ? values[by[0]] : Named(realm, by.Select(name => (name, values[name]))));
        group.Set("count", (double)count);
        return group;
    }

    private static JsObject ToObject(Realm realm, TableSchema table, GroupQuery query, IReadOnlyList<string> by, byte[] key, GroupRecord total)
    {
        var group = Counted(realm, by, query.ValuesOf(key), total.Count);
        group.Set("sum", Named(realm, query.Sums.Select((name, i) => (name, (JsValue)QueryEvaluation.Exact(realm, table, name, total.Sums[i].Total)))));
        group.Set("average", Named(realm, query.Sums.Select((name, i) => (name, QueryEvaluation.Average(total.Sums[i])))));
        return group;
    }

    private static JsObject Named(Realm realm, IEnumerable<(string Name, JsValue Value)> values)
    {
        var named = new JsObject(realm, realm.Intrinsics.ObjectPrototype);
        foreach (var (name, value) in values)
        {
            named.Set(name, value);
        }

        return named;
    }

    private static JsValue ToScript(IndexValue value) => value.Kind switch
    {
        IndexedKind.Text => value.Text!,
        IndexedKind.Boolean => value.Number != 0,
        IndexedKind.Number => value.Number,
        _ => JsValue.Null,
    };
}
