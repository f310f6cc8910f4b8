using Mjolnir.Core.Documents;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Jint.Builtins;
using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Rows;

/// <summary>
/// Writes a row's document: the declared columns in their declared order, then stored columns that the application no longer declares, as they
/// were. The same row always gives the same bytes.
/// </summary>
internal static class RowEncoder
{
    public static Document Encode(Realm realm, JsonWriter writer, TableSchema table, RowObject row)
    {
        writer.Clear();
        writer.ForBytes = true;
        writer.Raw('{');
        foreach (var column in table.ColumnOrder)
        {
            if (TryFind(row, column.Name, out var value))
            {
                Column(realm, writer, table, column.Name, value);
            }
        }

        foreach (ref readonly var slot in row.Columns)
        {
            if (!table.Columns.ContainsKey(slot.Key))
            {
                Column(realm, writer, table, slot.Key, slot.Value);
            }
        }

        writer.Raw('}');
        var utf8 = writer.ToUtf8();
        return utf8.Length <= realm.Limits.MaxRowBytes
            ? new Document(utf8)
            : throw realm.Abort($"a row of table '{table.Name}' would take {utf8.Length} bytes; at most {realm.Limits.MaxRowBytes} are allowed");
    }

    private static bool TryFind(RowObject row, string name, out JsValue value)
    {
        foreach (ref readonly var slot in row.Columns)
        {
            if (slot.Key == name)
            {
                value = slot.Value;
                return true;
            }
        }

        value = default;
        return false;
    }

    private static void Column(Realm realm, JsonWriter writer, TableSchema table, string name, JsValue value)
    {
        if (writer.Length > 1)
        {
            writer.Raw(',');
        }

        writer.Quoted(name);
        writer.Raw(':');
        if (value.Reference is NestedJson nested)
        {
            writer.Raw(nested.Text);
        }
        else if (!Write(realm, writer, table, name, value))
        {
            throw realm.Abort($"{table.Name}.{name} is json, and {ColumnRules.Show(value)} has none");
        }
    }

    private static bool Write(Realm realm, JsonWriter writer, TableSchema table, string name, JsValue value)
    {
        try
        {
            return JsonStringifier.Write(realm, writer, value);
        }
        catch (ScriptThrow e) when (e.Value.Object is JsError error)
        {
            throw realm.Abort($"{table.Name}.{name} cannot be written as JSON: {ErrorLibrary.Describe(error)}");
        }
    }
}
