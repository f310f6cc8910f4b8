using System.Text.Json;

namespace Mjolnir.Checking.Histories;

/// <summary>
/// A history as newline-delimited JSON, an operation a line:
/// <c>{"client":3,"id":"c3-7","start":100,"end":120,"outcome":"committed","accesses":[["append","x",5],["list","x",[4,5]],["write","r",2,7],["read","r",1,6]]}</c>. A register's access has version and value.
/// </summary>
public static class HistoryFile
{
    /// <summary>Writes all operations.</summary>
    public static void Save(History history, Stream stream)
    {
        using var writer = new Utf8JsonWriter(stream);
        foreach (var operation in history.Operations)
        {
            Write(writer, operation);
            writer.Flush();
            stream.WriteByte((byte)'\n');
            writer.Reset();
        }
    }

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    /// <exception cref="FormatException">a line is no operation; says which</exception>
    public static History Load(Stream stream)
    {
        using var reader = new StreamReader(stream, leaveOpen: true);
        var operations = new List<Operation>();
        while (reader.ReadLine() is { } line)
        {
            operations.Add(Read(line, operations.Count + 1));
        }

        return new History(operations);
    }

    private static void Write(Utf8JsonWriter writer, Operation operation)
    {
        writer.WriteStartObject();
        writer.WriteNumber("client", operation.Client);
        writer.WriteString("id", operation.Id);
        writer.WriteNumber("start", operation.Start);
        writer.WriteNumber("end", operation.End);
        writer.WriteString("outcome", Word(operation.Outcome));
        writer.WriteStartArray("accesses");
        foreach (var access in operation.Accesses)
        {
            Write(writer, access);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, Access access)
    {
        writer.WriteStartArray();
        writer.WriteStringValue(Word(access.Kind));
        writer.WriteStringValue(access.Key);
        if (access.Kind == AccessKind.ReadList)
        {
            writer.WriteStartArray();
            foreach (var value in access.List.Span)
            {
                writer.WriteNumberValue(value);
            }

            writer.WriteEndArray();
        }
        else
        {
            if (!access.IsOfList)
            {
                writer.WriteNumberValue(access.Version);
            }

            writer.WriteNumberValue(access.Value);
        }

        writer.WriteEndArray();
    }

    private static Operation Read(string line, int number)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            var root = json.RootElement;
            return new Operation(
                root.GetProperty("client").GetInt32(),
                root.GetProperty("id").GetString()!,
                root.GetProperty("start").GetInt64(),
                root.GetProperty("end").GetInt64(),
                OutcomeOf(root.GetProperty("outcome").GetString()!),
                [.. root.GetProperty("accesses").EnumerateArray().Select(Access)]);
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException or InvalidOperationException or IndexOutOfRangeException or FormatException)
        {
            throw new FormatException($"Line {number} is no operation: {fault.Message}", fault);
        }
    }

    private static Access Access(JsonElement json)
    {
        var key = json[1].GetString()!;
        return json[0].GetString() switch
        {
            "append" => Histories.Access.Append(key, json[2].GetInt64()),
            "list" => Histories.Access.ReadList(key, [.. json[2].EnumerateArray().Select(value => value.GetInt64())]),
            "write" => Histories.Access.Write(key, json[2].GetInt64(), json[3].GetInt64()),
            "read" => Histories.Access.Read(key, json[2].GetInt64(), json[3].GetInt64()),
            var other => throw new FormatException($"'{other}' is no access."),
        };
    }

    private static string Word(AccessKind kind) => kind switch
    {
        AccessKind.Append => "append",
        AccessKind.ReadList => "list",
        AccessKind.Write => "write",
        _ => "read",
    };

    private static string Word(Outcome outcome) => outcome switch
    {
        Outcome.Committed => "committed",
        Outcome.Refused => "refused",
        _ => "unknown",
    };

    private static Outcome OutcomeOf(string word) => word switch
    {
        "committed" => Outcome.Committed,
        "refused" => Outcome.Refused,
        "unknown" => Outcome.Unknown,
        _ => throw new FormatException($"'{word}' is no outcome."),
    };
}
