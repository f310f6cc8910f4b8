using System.Collections.Frozen;

namespace Mjolnir.Scripting.Applications;

/// <summary>Reads one table of <c>mjolnir.json</c>.</summary>
internal sealed class TableReader(DiagnosticList diagnostics)
{
    private static readonly string[] Known = ["key", "columns", "indexes", "groups", "search", "seed"];

    private static readonly Dictionary<string, ColumnType> Types = new(StringComparer.Ordinal)
    {
        ["integer"] = ColumnType.Integer,
        ["number"] = ColumnType.Number,
        ["string"] = ColumnType.String,
        ["boolean"] = ColumnType.Boolean,
        ["json"] = ColumnType.Json,
        ["time"] = ColumnType.Time,
    };

    // What people write who come from a database.
    private static readonly Dictionary<string, string> OtherNames = new(StringComparer.OrdinalIgnoreCase)
    {
        ["int"] = "integer",
        ["long"] = "integer",
        ["bigint"] = "integer",
        ["float"] = "number",
        ["double"] = "number",
        ["decimal"] = "number",
        ["text"] = "string",
        ["varchar"] = "string",
        ["bool"] = "boolean",
        ["date"] = "time",
        ["datetime"] = "time",
        ["timestamp"] = "time",
        ["object"] = "json",
        ["array"] = "json",
    };

    private readonly HashSet<string> _mistyped = []; // columns of the table being read

    /// <summary>The schema, or null, with diagnostics, if it cannot be used.</summary>
    /// <param name="table">the entry under <c>tables</c></param>
    /// <param name="seed">where the seed file is named; null without one</param>
    public TableSchema? Read(JsonMember table, out SourcePosition? seed)
    {
        seed = null;
        _mistyped.Clear();
        var before = diagnostics.Count;
        CheckName(table);
        if (!table.Value.IsObject)
        {
            diagnostics.Add(table.Value.Position, $"table '{table.Name}' must be an object, not {table.Value.KindInWords}", "Write {\"key\": \"id\", \"columns\": {\"id\": \"string\"}}.");
            return null;
        }

        JsonShape.CheckNames(table.Value, Known, [], $"table '{table.Name}'", diagnostics);
        var columns = ReadColumns(table);
        var key = ReadKey(table, columns);
        var seedPath = ReadSeed(table, ref seed);
        var indexes = new TableIndexReader(table.Name, columns, _mistyped, diagnostics).Read(table.Value);
        return columns.Count == 0 || key is null || (diagnostics.Count > before && !IsTableName(table.Name))
            ? null
            : new TableSchema(table.Name, key, columns.ToFrozenDictionary(column => column.Name, StringComparer.Ordinal), columns, seedPath) { Indexes = indexes };
    }

    private void CheckName(JsonMember table)
    {
        if (table.Name.StartsWith('_'))
        {
            diagnostics.Add(table.Position, $"the table's name '{table.Name}' begins with '_'", "Names that begin with '_' are the system's own: choose another.");
        }
        else if (!IsTableName(table.Name))
        {
            diagnostics.Add(
                table.Position,
                $"'{table.Name}' cannot be a table's name",
                $"Letters, digits and '_', at most {ApplicationLimits.MaxTableNameLength} characters.");
        }
    }

    private static bool IsTableName(string name) =>
        name.Length is > 0 and <= ApplicationLimits.MaxTableNameLength && name[0] != '_' && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');

    private List<Column> ReadColumns(JsonMember table)
    {
        var columns = new List<Column>();
        if (table.Value.Member("columns") is not { Value: var declared })
        {
            diagnostics.Add(table.Position, $"table '{table.Name}' has no 'columns'", "Add \"columns\": {\"id\": \"string\"}.");
            return columns;
        }

        if (!declared.IsObject)
        {
            diagnostics.Add(declared.Position, $"'columns' must be an object, not {declared.KindInWords}", "Write {\"name\": \"string\", \"balance\": \"integer\"}.");
            return columns;
        }

        foreach (var (name, position, value) in declared.Members)
        {
            if (name.Length is 0 or > ApplicationLimits.MaxTableNameLength || name == "__proto__")
            {
                diagnostics.Add(position, $"'{name}' cannot be a column's name", $"1 to {ApplicationLimits.MaxTableNameLength} characters.");
            }
            else
            {
                columns.Add(new Column(name, ReadType(name, value)));
            }
        }

        if (declared.Members.Count == 0)
        {
            diagnostics.Add(declared.Position, $"table '{table.Name}' has no columns", "Declare at least the key's column.");
        }

        return columns;
    }

    // A column of a wrong type still exists: what uses it is not a mistake of its own.
    private ColumnType ReadType(string column, JsonItem type)
    {
        if (type.IsString && Types.TryGetValue(type.Text, out var known))
        {
            return known;
        }

        var what = type.IsString ? $"'{type.Text}' is no type" : $"the type must be a string, not {type.KindInWords}";
        var hint = type.IsString && OtherNames.TryGetValue(type.Text, out var meant) ? $"Did you mean '{meant}'?" : NearestName.Hint(type.IsString ? type.Text : "", Types.Keys, "");
        diagnostics.Add(type.Position, $"column '{column}': {what}", hint);
        _mistyped.Add(column);
        return ColumnType.Json;
    }

    private string? ReadKey(JsonMember table, List<Column> columns)
    {
        if (table.Value.Member("key") is not { Value: var key })
        {
            diagnostics.Add(table.Position, $"table '{table.Name}' has no 'key'", "Add \"key\": the name of the column that tells rows apart.");
            return null;
        }

        if (!key.IsString)
        {
            diagnostics.Add(key.Position, $"'key' must be a column's name, not {key.KindInWords}", "A key is one column.");
            return null;
        }

        var column = columns.Find(column => column.Name == key.Text);
        if (column is null)
        {
            diagnostics.Add(key.Position, $"the key column '{key.Text}' is not among the columns", NearestName.Hint(key.Text, columns.Select(c => c.Name), "Declare it."));
        }
        else if (column.Type is not (ColumnType.String or ColumnType.Integer) && !_mistyped.Contains(column.Name))
        {
            diagnostics.Add(key.Position, $"the key column '{key.Text}' must be a string or an integer", "Keys are compared exactly; other types cannot be.");
        }

        return column?.Name;
    }

    private string? ReadSeed(JsonMember table, ref SourcePosition? position)
    {
        if (table.Value.Member("seed") is not { Value: var seed })
        {
            return null;
        }

        if (!seed.IsString || seed.Text.Length == 0)
        {
            diagnostics.Add(seed.Position, "'seed' must be the name of a file", "Write \"seed\": \"users.json\".");
            return null;
        }

        position = seed.Position;
        return seed.Text.StartsWith("./", StringComparison.Ordinal) ? seed.Text[2..] : seed.Text;
    }
}
