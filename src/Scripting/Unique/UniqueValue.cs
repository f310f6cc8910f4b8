using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Indexes;
using Mjolnir.Core.Keys;

namespace Mjolnir.Scripting.Unique;

/// <summary>
/// What one row has in the columns of a unique index, and the row that tells who holds it: <c>_unique/table.index.epoch/value</c> with <c>{"key": primary key}</c>.
/// Two transactions that take one value write one row, and so exclude each other.
/// </summary>
public static class UniqueValue
{
    /// <summary>Bytes of a value that stand in its holder's key as they are; a longer one is told by its SHA-256. A key has 220 bytes, and each of these may take three.</summary>
    private const int PlainBytes = 24;

    /// <summary>The values of the index's columns; null if one of them is null: then nobody holds anything.</summary>
    /// <param name="index">the index</param>
    /// <param name="row">the row; null if there is none</param>
    public static IndexValue[]? Of(IndexDeclaration index, Document? row) =>
        row is null ? null : Of(index, RowValues.Read(row, [.. index.Columns.Select(column => Encoding.UTF8.GetBytes(column.Name))]));

    /// <summary>The same, of values in the order of the index's columns.</summary>
    public static IndexValue[]? Of(IndexDeclaration index, IndexValue[] values) =>
        values.Where((value, i) => value.Kind != index.Columns[i].Kind).Any() ? null : values;

    /// <summary>The key of the row that tells who holds these values.</summary>
    public static RowKey HolderOf(string app, string table, string index, int epoch, IndexValue[] values)
    {
        var text = new StringBuilder();
        foreach (var value in values)
        {
            // Each part tells its kind, and a text its length: no two lists of values are one text.
            text.Append(value.Kind switch
            {
                IndexedKind.Text => string.Create(CultureInfo.InvariantCulture, $"t{value.Text!.Length}:{value.Text}"),
                IndexedKind.Number => string.Create(CultureInfo.InvariantCulture, $"n{value.Number:R};"),
                _ => value.Number != 0 ? "b1;" : "b0;",
            });
        }

        var bytes = Encoding.UTF8.GetBytes(text.ToString());
        var told = bytes.Length <= PlainBytes ? Encoding.UTF8.GetString(bytes) : "#" + Convert.ToHexStringLower(SHA256.HashData(bytes));
        var name = string.Create(CultureInfo.InvariantCulture, $"{table}.{index}.{epoch}/{told}");
        return RowKey.TryCreate(app, UniqueState.Table, name, out var key) ? key : throw new ArgumentException($"The names of the index are too long: {table}.{index}", nameof(index));
    }

    /// <summary>The row that says that a row holds a value.</summary>
    public static Document HeldBy(string primaryKey) => Document.FromText($"{{\"key\":{JsonSerializer.Serialize(primaryKey)}}}");

    /// <summary>Whom a holder's row names; null if there is none.</summary>
    public static string? Holder(Document? row)
    {
        if (row is null)
        {
            return null;
        }

        using var json = JsonDocument.Parse(row.Utf8);
        return json.RootElement.GetProperty("key").GetString();
    }

    /// <summary>Values as people read them.</summary>
    public static string Shown(IndexDeclaration index, IndexValue[] values) => string.Join(", ", index.Columns.Select((column, i) => $"{column.Name} {Shown(values[i])}"));

    private static string Shown(IndexValue value) => value.Kind switch
    {
        IndexedKind.Text => value.Text!.Length > 40 ? $"'{value.Text[..40]}…'" : $"'{value.Text}'",
        IndexedKind.Number => value.Number.ToString("R", CultureInfo.InvariantCulture),
        _ => value.Number != 0 ? "true" : "false",
    };
}
