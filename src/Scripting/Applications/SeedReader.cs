using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Mjolnir.Core.Keys;

namespace Mjolnir.Scripting.Applications;

/// <summary>
/// Reads a table's seed rows in one pass: a JSON array of objects, or one object per line. Rows are checked against the table's columns
/// and kept as compact slices of one buffer.
/// </summary>
internal sealed class SeedReader
{
    private readonly TableSchema _table;
    private readonly string _application;
    private readonly DiagnosticList _diagnostics;
    private readonly SourceFile _file;
    private readonly Utf8Lines _lines;
    private readonly ArrayBufferWriter<byte> _buffer;
    private readonly List<(string Key, int Start, int End)> _rows = [];
    private readonly Dictionary<string, int> _keys = new(StringComparer.Ordinal);
    private readonly Column[] _columns;
    private readonly byte[][] _columnNames;
    private readonly bool[] _given;

    private SeedReader(string application, TableSchema table, SourceFile file, DiagnosticList diagnostics)
    {
        (_application, _table, _file, _diagnostics, _lines) = (application, table, file, diagnostics, new Utf8Lines(file));
        _buffer = new ArrayBufferWriter<byte>(Math.Max(256, file.Bytes.Length));
        _columns = [.. table.ColumnOrder];
        _columnNames = [.. _columns.Select(column => Encoding.UTF8.GetBytes(column.Name))];
        _given = new bool[_columns.Length];
    }

    /// <summary>The rows; those with mistakes are diagnostics instead.</summary>
    public static IReadOnlyList<SeedRow> Read(string application, TableSchema table, SourceFile file, DiagnosticList diagnostics)
    {
        var reader = new SeedReader(application, table, file, diagnostics);
        reader.ReadFile();
        return reader.Rows();
    }

    private SeedRow[] Rows()
    {
        var bytes = _buffer.WrittenMemory.ToArray().AsMemory();
        return [.. _rows.Select(row => new SeedRow(row.Key, bytes[row.Start..row.End]))];
    }

    private void ReadFile()
    {
        var bytes = _lines.Bytes;
        var invalid = System.Text.Unicode.Utf8.IsValid(bytes) ? null : SourceText.Decode(_file, _diagnostics);
        if (invalid is not null || !System.Text.Unicode.Utf8.IsValid(bytes))
        {
            return;
        }

        var reader = new Utf8JsonReader(bytes, new JsonReaderOptions { AllowMultipleValues = true });
        try
        {
            if (!reader.Read())
            {
                return; // no rows yet
            }

            var isArray = reader.TokenType == JsonTokenType.StartArray;
            if (isArray)
            {
                reader.Read();
            }

            ReadRows(ref reader, isArray ? JsonTokenType.EndArray : JsonTokenType.None);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            var hint = JsonMistake.Hint(bytes, _lines.OffsetOf(e)) ?? "A seed file is a JSON array of rows, or one row per line.";
            _diagnostics.Add(_lines.PositionAt(e), JsonMistake.Message(e), hint);
        }
    }

    private void ReadRows(ref Utf8JsonReader reader, JsonTokenType end)
    {
        do
        {
            if (reader.TokenType == end)
            {
                if (reader.Read())
                {
                    _diagnostics.Add(Here(reader), "there is something behind the end of the list", "A seed file is one JSON array of rows, or one row per line.");
                }

                return;
            }

            if (reader.TokenType == JsonTokenType.StartObject)
            {
                ReadRow(ref reader);
            }
            else
            {
                _diagnostics.Add(Here(reader), "a row must be an object", $"Write {{\"{_table.Key}\": …}}. A seed file is a JSON array of rows, or one row per line.");
                reader.Skip();
            }
        }
        while (!_diagnostics.IsFull(_file.Path) && reader.Read());
    }

    private void ReadRow(ref Utf8JsonReader reader)
    {
        var rowOffset = (int)reader.TokenStartIndex;
        var start = _buffer.WrittenCount;
        var keyOffset = rowOffset;
        string? key = null;
        var isRight = true;
        Array.Clear(_given);
        CompactJson.Write(_buffer, (byte)'{');
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var index = ColumnOf(ref reader);
            if (index < 0)
            {
                isRight = false;
                reader.Skip();
                continue;
            }

            if (_buffer.WrittenCount > start + 1)
            {
                CompactJson.Write(_buffer, (byte)',');
            }

            CompactJson.WriteName(_buffer, reader);
            reader.Read();
            var isKey = _columns[index].Name == _table.Key;
            keyOffset = isKey ? (int)reader.TokenStartIndex : keyOffset;
            key = isKey && reader.TokenType is (JsonTokenType.String or JsonTokenType.Number) ? KeyText(ref reader) : key;
            isRight &= WriteValue(ref reader, _columns[index], isKey);
        }

        CompactJson.Write(_buffer, (byte)'}');
        if (CheckKey(key, keyOffset, isRight) && isRight)
        {
            _rows.Add((key!, start, _buffer.WrittenCount));
        }
    }

    private static string KeyText(ref Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.String ? reader.GetString()! : reader.TryGetInt64(out var number) ? number.ToString(CultureInfo.InvariantCulture) : "";

    private int ColumnOf(ref Utf8JsonReader reader)
    {
        for (var i = 0; i < _columns.Length; i++)
        {
            if (!reader.ValueTextEquals(_columnNames[i]))
            {
                continue;
            }

            if (!_given[i])
            {
                _given[i] = true;
                return i;
            }

            _diagnostics.Add(Here(reader), $"column '{_columns[i].Name}' is given twice in this row", "Remove one of them.");
            return -1;
        }

        var name = reader.GetString()!;
        _diagnostics.Add(Here(reader), $"table '{_table.Name}' has no column '{name}'", NearestName.Hint(name, _columns.Select(c => c.Name), ""));
        return -1;
    }

    private bool CheckKey(string? key, int offset, bool isRight)
    {
        if (key is null)
        {
            if (isRight)
            {
                _diagnostics.Add(_lines.PositionAt(offset), $"this row has no '{_table.Key}'", $"Every row of '{_table.Name}' needs its key.");
            }

            return false;
        }

        if (!isRight)
        {
            return false;
        }

        if (!_keys.TryAdd(key, offset))
        {
            var first = _lines.PositionAt(_keys[key]);
            _diagnostics.Add(_lines.PositionAt(offset), $"the key '{key}' is used twice", $"It is first used in line {first.Line}. Keys tell rows apart.");
            return false;
        }

        if (_application.Length > 0 && !RowKey.TryCreate(_application, _table.Name, key, out _))
        {
            _diagnostics.Add(_lines.PositionAt(offset), "the key is empty or too long", $"Application, table and key together may have {RowKey.MaxBytes} bytes.");
            return false;
        }

        return true;
    }

    private bool WriteValue(ref Utf8JsonReader reader, Column column, bool isKey)
    {
        if (reader.TokenType == JsonTokenType.Null && !isKey)
        {
            CompactJson.WriteValue(_buffer, ref reader);
            return true;
        }

        if (column.Type == ColumnType.Time && reader.TokenType == JsonTokenType.String && reader.TryGetDateTimeOffset(out var moment))
        {
            CompactJson.WriteNumber(_buffer, moment.ToUnixTimeMilliseconds());
            return true;
        }

        if (Fits(ref reader, column.Type))
        {
            CompactJson.WriteValue(_buffer, ref reader);
            return true;
        }

        _diagnostics.Add(Here(reader), $"column '{column.Name}' is {Words(column.Type)}, not {KindInWords(ref reader)}", Repair(column.Type));
        reader.Skip();
        return false;
    }

    private static bool Fits(ref Utf8JsonReader reader, ColumnType type) => type switch
    {
        ColumnType.Integer or ColumnType.Time =>
            reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var n) && n is >= -ApplicationLimits.MaxInteger and <= ApplicationLimits.MaxInteger,
        ColumnType.Number => reader.TokenType == JsonTokenType.Number && reader.TryGetDouble(out var d) && double.IsFinite(d),
        ColumnType.String => reader.TokenType == JsonTokenType.String,
        ColumnType.Boolean => reader.TokenType is JsonTokenType.True or JsonTokenType.False,
        _ => true,
    };

    private static string Words(ColumnType type) => type switch
    {
        ColumnType.Integer => "an integer",
        ColumnType.Number => "a number",
        ColumnType.String => "a string",
        ColumnType.Boolean => "a boolean",
        _ => "a time",
    };

    private static string Repair(ColumnType type) => type switch
    {
        ColumnType.Integer => "Write a whole number, at most 2^53 either way.",
        ColumnType.Number => "Write a number without quotes.",
        ColumnType.String => "Write it in double quotes.",
        ColumnType.Boolean => "Write true or false.",
        _ => "Write milliseconds since 1970 UTC, or a date and time such as \"2026-01-31T12:00:00Z\".",
    };

    private static string KindInWords(ref Utf8JsonReader reader)
    {
        return reader.TokenType switch
        {
            JsonTokenType.String => $"the string {Cut(reader.GetString()!)}",
            JsonTokenType.Number => "the number " + Encoding.UTF8.GetString(reader.ValueSpan[..Math.Min(40, reader.ValueSpan.Length)]),
            JsonTokenType.True => "true",
            JsonTokenType.False => "false",
            JsonTokenType.Null => "null",
            JsonTokenType.StartArray => "an array",
            _ => "an object",
        };

        static string Cut(string text) => JsonSerializer.Serialize(text.Length <= 40 ? text : text[..40] + "…", JsonText.Plain);
    }

    private SourcePosition Here(in Utf8JsonReader reader) => _lines.PositionAt((int)reader.TokenStartIndex);
}
