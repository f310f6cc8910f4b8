using System.Text;
using Mjolnir.Core.Indexes;
using Mjolnir.Core.Indexes.Queries;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Rows;

/// <summary>Conditions as handlers write them, and rows as indexes see them.</summary>
internal static class QueryValues
{
    private const string Bounds = "from, to (included), above, below (not included)";

    /// <summary>The terms of <c>where({category: 'jazz', date: {from: a, to: b}})</c>.</summary>
    public static QueryTerms Terms(Realm realm, TableSchema table, JsValue conditions)
    {
        var equal = new List<ColumnValue>();
        ColumnRange? range = null;
        if (!conditions.IsUndefined && (conditions.Object is not { } given || conditions.Function is not null || given is JsArray))
        {
            throw realm.Abort($"where needs an object with the columns asked for, not {ColumnRules.Show(conditions)}");
        }

        foreach (var name in conditions.Object?.EnumerableKeys() ?? [])
        {
            RequireColumn(realm, table, name);
            var value = conditions.Object!.Get(name);
            if (value.Object is not { } bounds || bounds is JsDate or JsArray || value.Function is not null)
            {
                equal.Add(new ColumnValue(name, Value(realm, table, name, value)));
            }
            else if (range is null)
            {
                range = Range(realm, table, name, bounds);
            }
            else
            {
                throw realm.Abort($"a query may have bounds on one column, and this one has them on '{range.Column}' and '{name}'");
            }
        }

        return new QueryTerms(equal, range, null, false);
    }

    /// <summary>Refuses a column that no index can have.</summary>
    public static void RequireColumn(Realm realm, TableSchema table, string name)
    {
        if (!table.Columns.TryGetValue(name, out var column))
        {
            throw realm.Abort($"table '{table.Name}' has no column '{name}'");
        }

        if (column.Type == ColumnType.Json)
        {
            throw realm.Abort($"{table.Name}.{name} is json, which no query can ask for: put what is looked for into a column of its own");
        }
    }

    /// <summary>A row's value of a column as indexes see it: null if it is of another kind than the column's.</summary>
    public static Func<string, IndexValue> Of(TableSchema table, Slot[] columns) => name =>
    {
        foreach (ref readonly var slot in columns.AsSpan())
        {
            if (slot.Key == name)
            {
                return Indexed(KindOf(table.Columns[name].Type), slot.Value);
            }
        }

        return IndexValue.Null;
    };

    private static IndexValue Indexed(IndexedKind kind, JsValue value) => kind switch
    {
        IndexedKind.Text when value.IsString => IndexValue.Of(Whole(value.Text!)),
        IndexedKind.Number when value.IsNumber && double.IsFinite(value.Number) => IndexValue.Of(value.Number),
        IndexedKind.Boolean when value.IsBoolean => IndexValue.Of(value.IsTrue),
        _ => IndexValue.Null,
    };

    private static ColumnRange Range(Realm realm, TableSchema table, string name, JsObject bounds)
    {
        ValueBound? from = null, to = null;
        foreach (var key in bounds.EnumerableKeys())
        {
            var value = bounds.Get(key);
            var isLow = key is "from" or "above";
            if (!isLow && key is not ("to" or "below"))
            {
                throw realm.Abort($"{table.Name}.{name} cannot be asked for by '{key}': there are {Bounds}");
            }

            if (value.IsNullish)
            {
                continue;
            }

            if ((isLow ? from : to) is not null)
            {
                throw realm.Abort($"{table.Name}.{name} is given two bounds on one side");
            }

            var bound = new ValueBound(Value(realm, table, name, value), key is "from" or "to");
            from = isLow ? bound : from;
            to = isLow ? to : bound;
        }

        return from is null && to is null
            ? throw realm.Abort($"{table.Name}.{name} is asked for without a bound: there are {Bounds}")
            : new ColumnRange(name, from, to);
    }

    private static IndexValue Value(Realm realm, TableSchema table, string name, JsValue value)
    {
        var kind = KindOf(table.Columns[name].Type);
        return value.IsNull ? IndexValue.Null : Indexed(kind, ColumnRules.Require(realm, table, name, value));
    }

    private static IndexedKind KindOf(ColumnType type) => type switch
    {
        ColumnType.String => IndexedKind.Text,
        ColumnType.Boolean => IndexedKind.Boolean,
        _ => IndexedKind.Number,
    };

    /// <summary>As it is stored: half a surrogate pair becomes U+FFFD.</summary>
    private static string Whole(string text) =>
        text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') < 0 ? text : Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
}
