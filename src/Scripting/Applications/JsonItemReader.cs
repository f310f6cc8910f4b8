using System.Text.Json;

namespace Mjolnir.Scripting.Applications;

/// <summary>Reads a JSON file into items with positions. Strict: no comments, no trailing commas, no property twice.</summary>
internal static class JsonItemReader
{
    /// <summary>The value of the file; null, with a diagnostic, if it is no JSON.</summary>
    public static JsonItem? Read(SourceFile file, DiagnosticList diagnostics)
    {
        var lines = new Utf8Lines(file);
        var reader = new Utf8JsonReader(lines.Bytes);
        try
        {
            reader.Read();
            var item = ReadValue(ref reader, lines, diagnostics);
            reader.Read(); // anything behind the value throws
            return item;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            diagnostics.Add(lines.PositionAt(e), JsonMistake.Message(e), JsonMistake.Hint(lines.Bytes, lines.OffsetOf(e)));
            return null;
        }
    }

    private static JsonItem ReadValue(ref Utf8JsonReader reader, Utf8Lines lines, DiagnosticList diagnostics)
    {
        var position = lines.PositionAt((int)reader.TokenStartIndex);
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                return new JsonItem { Kind = JsonTokenType.StartObject, Position = position, Members = ReadMembers(ref reader, lines, diagnostics) };
            case JsonTokenType.StartArray:
                var items = new List<JsonItem>();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    items.Add(ReadValue(ref reader, lines, diagnostics));
                }

                return new JsonItem { Kind = JsonTokenType.StartArray, Position = position, Items = items };
            case JsonTokenType.String:
                return new JsonItem { Kind = JsonTokenType.String, Position = position, Text = reader.GetString()! };
            default:
                return new JsonItem { Kind = reader.TokenType, Position = position, Text = System.Text.Encoding.UTF8.GetString(reader.ValueSpan) };
        }
    }

    private static List<JsonMember> ReadMembers(ref Utf8JsonReader reader, Utf8Lines lines, DiagnosticList diagnostics)
    {
        var members = new List<JsonMember>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var position = lines.PositionAt((int)reader.TokenStartIndex);
            var name = reader.GetString()!;
            reader.Read();
            var value = ReadValue(ref reader, lines, diagnostics);
            if (names.Add(name))
            {
                members.Add(new JsonMember(name, position, value));
            }
            else
            {
                diagnostics.Add(position, $"'{name}' is given twice", "Remove one of them.");
            }
        }

        return members;
    }
}
