using System.Collections.Immutable;
using System.Text.Json;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Indexes;
using Mjolnir.Core.Keys;

namespace Mjolnir.Scripting.Unique;

/// <summary>How far a unique index is.</summary>
/// <param name="Columns">its columns: another set is another index</param>
/// <param name="Epoch">stands in the keys of its holders, so that those of an earlier declaration are none of it</param>
/// <param name="IsReady">every row has its holder: values can be taken</param>
/// <param name="Duplicates">rows that have no holder, since another row had their values before the index was declared</param>
public sealed record UniqueIndexState(ImmutableArray<string> Columns, int Epoch, bool IsReady, int Duplicates);

/// <summary>
/// The row <c>_unique/table</c>: which unique indexes of a table are kept. A transaction that changes a value reads it, so whoever changes it is in order with all of them. As JSON:
/// <c>{"next": 3, "indexes": {"byTitle": {"columns": ["title"], "epoch": 2, "ready": true, "duplicates": 0}}}</c>.
/// </summary>
public sealed class UniqueState
{
    /// <summary>Where this row and the holders lie.</summary>
    public const string Table = "_unique";

    /// <summary>Of a table that never had a unique index.</summary>
    public static UniqueState None { get; } = new(1, ImmutableSortedDictionary<string, UniqueIndexState>.Empty);

    private UniqueState(int next, ImmutableSortedDictionary<string, UniqueIndexState> indexes) => (Next, Indexes) = (next, indexes);

    /// <summary>The next epoch.</summary>
    public int Next { get; }

    /// <summary>By the index's name.</summary>
    public ImmutableSortedDictionary<string, UniqueIndexState> Indexes { get; }

    /// <summary>The key of the row.</summary>
    public static RowKey KeyOf(string app, string table) =>
        RowKey.TryCreate(app, Table, table, out var key) ? key : throw new ArgumentException($"The table's name is too long: {table}", nameof(table));

    /// <summary>What the row says.</summary>
    public static UniqueState Of(Document? row)
    {
        if (row is null)
        {
            return None;
        }

        if (row.Decoded is not UniqueState state)
        {
            row.Decoded = state = Read(row);
        }

        return state;
    }

    /// <summary>
    /// What it says from now on: an index that is not declared any more is forgotten, one that is new, or whose columns are others, begins.
    /// </summary>
    /// <param name="declared">the table's declarations</param>
    /// <param name="again">begin those again that have duplicates: they may be gone</param>
    public UniqueState Declare(TableIndexes declared, bool again)
    {
        var (next, indexes) = (Next, ImmutableSortedDictionary.CreateBuilder<string, UniqueIndexState>(StringComparer.Ordinal));
        foreach (var index in declared.Indexes.Where(index => index.IsUnique))
        {
            var columns = index.Columns.Select(column => column.Name).ToImmutableArray();
            var isKept = Indexes.TryGetValue(index.Name, out var known) && known.Columns.SequenceEqual(columns) && known.IsReady && !(again && known.Duplicates > 0);
            indexes[index.Name] = isKept ? known! : new UniqueIndexState(columns, next++, false, 0);
        }

        return new UniqueState(next, indexes.ToImmutable());
    }

    /// <summary>Every row has its holder, but for some.</summary>
    public UniqueState Ready(string index, int duplicates) => new(Next, Indexes.SetItem(index, Indexes[index] with { IsReady = true, Duplicates = duplicates }));

    /// <summary>The row.</summary>
    public Document ToDocument()
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteNumber("next", Next);
            json.WriteStartObject("indexes");
            foreach (var (name, index) in Indexes)
            {
                json.WriteStartObject(name);
                json.WriteStartArray("columns");
                foreach (var column in index.Columns)
                {
                    json.WriteStringValue(column);
                }

                json.WriteEndArray();
                json.WriteNumber("epoch", index.Epoch);
                json.WriteBoolean("ready", index.IsReady);
                json.WriteNumber("duplicates", index.Duplicates);
                json.WriteEndObject();
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        return new Document(stream.ToArray());
    }

    private static UniqueState Read(Document row)
    {
        using var json = JsonDocument.Parse(row.Utf8);
        var indexes = json.RootElement.GetProperty("indexes").EnumerateObject().ToImmutableSortedDictionary(
            index => index.Name,
            index => new UniqueIndexState(
                [.. index.Value.GetProperty("columns").EnumerateArray().Select(column => column.GetString()!)],
                index.Value.GetProperty("epoch").GetInt32(),
                index.Value.GetProperty("ready").GetBoolean(),
                index.Value.GetProperty("duplicates").GetInt32()),
            StringComparer.Ordinal);
        return new UniqueState(json.RootElement.GetProperty("next").GetInt32(), indexes);
    }
}
