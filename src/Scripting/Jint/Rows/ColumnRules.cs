using System.Globalization;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Rows;

/// <summary>What may stand in a column. A value that breaks its column's type ends the run, naming table, column and value.</summary>
internal static class ColumnRules
{
    /// <summary>Milliseconds either way of 1970 that the language's dates hold.</summary>
    private const double MaxTime = 8.64e15;

    /// <summary>Characters of a broken value that an error shows.</summary>
    private const int ShownLength = 40;

    /// <summary>Checks a value about to be stored; a Date becomes its milliseconds in a time column.</summary>
    public static JsValue Require(Realm realm, TableSchema table, string name, JsValue value)
    {
        if (!table.Columns.TryGetValue(name, out var column))
        {
            throw realm.Abort($"table '{table.Name}' has no column '{name}'");
        }

        if (value.IsNull)
        {
            return name == table.Key ? throw realm.Abort($"{table.Name}.{name} is the key and cannot be null") : value;
        }

        var stored = column.Type == ColumnType.Time && value.Object is JsDate date ? JsValue.Of(date.Time) : value;
        return Fits(column.Type, stored) ? stored : throw Broken(realm, table, column, value);
    }

    /// <summary>Is the value one of the type? Nested values of json columns are looked at when they are written.</summary>
    private static bool Fits(ColumnType type, JsValue value) => type switch
    {
        ColumnType.Integer => value.IsNumber && Math.Abs(value.Number) <= Numbers.MaxSafeInteger + 1 && Math.Floor(value.Number) == value.Number,
        ColumnType.Number => value.IsNumber && double.IsFinite(value.Number),
        ColumnType.String => value.IsString,
        ColumnType.Boolean => value.IsBoolean,
        ColumnType.Time => value.IsNumber && Math.Abs(value.Number) <= MaxTime && Math.Floor(value.Number) == value.Number,
        _ => value.IsNumber ? double.IsFinite(value.Number) : !value.IsUndefined && value.Function is null,
    };

    private static RunAborted Broken(Realm realm, TableSchema table, Column column, JsValue value) =>
        realm.Abort($"{table.Name}.{column.Name} is {Article(column.Type)}, and {Show(value)} is not");

    private static string Article(ColumnType type) => type switch
    {
        ColumnType.Integer => "an integer",
        ColumnType.Json => "json",
        _ => "a " + type.ToString().ToLower(CultureInfo.InvariantCulture),
    };

    /// <summary>A value in an error message; never runs script code.</summary>
    public static string Show(JsValue value)
    {
        var text = value.Kind switch
        {
            JsKind.String => $"'{value.Text}'",
            JsKind.Object => value.Object is JsDate date && double.IsNaN(date.Time) ? "an invalid date" : value.Object is JsArray ? "an array" : value.Function is null ? "an object" : "a function",
            _ => Operators.ToText(value),
        };
        return text.Length <= ShownLength ? text : text[..ShownLength] + "…";
    }
}
