using System.Buffers;
using System.Text.Json;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Keys;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Engine;

namespace Mjolnir.AppServer.Committing;

/// <summary>
/// The first outcome of a transaction id, kept as the row <c>_tx/{user}id</c> and written by the transaction itself, so that both are durable or neither (V15).
/// The user stands in braces: his ids share his slot.
/// </summary>
internal static class Outcomes
{
    /// <summary>The table; no application can name it.</summary>
    public const string Table = "_tx";

    /// <summary>Whoever is not signed in. A user of this name is written otherwise (<see cref="Caller"/>).</summary>
    private const string Anonymous = "-";

    public static bool IsOutcome(RowKey key) => key.Text.AsSpan(key.Text.IndexOf('/') + 1).StartsWith("_tx/", StringComparison.Ordinal);

    public static bool TryKey(string app, string? user, string id, out RowKey key) =>
        RowKey.TryCreate(app, Table, $"{{{Caller(user)}}}{id}", out key);

    /// <summary>
    /// The caller with no closing brace in the name, so that the first one ends it and no two callers share a row whatever their names and ids are: <c>a</c> with the id <c>x}y</c> and <c>a}x</c> with
    /// <c>y</c> would. Whoever has a row in common with somebody is answered with the other's outcome. Usual names stand as they are.
    /// </summary>
    private static string Caller(string? user) => user switch
    {
        null => Anonymous,
        Anonymous => "~-",
        _ => user.AsSpan().ContainsAny('~', '}') ? user.Replace("~", "~0", StringComparison.Ordinal).Replace("}", "~1", StringComparison.Ordinal) : user,
    };

    /// <summary>The outcome as a row: <c>at</c> is when, for its expiry.</summary>
    public static Document Encode(string handler, RunResult outcome, long unixMilliseconds)
    {
        var buffer = new ArrayBufferWriter<byte>(128 + outcome.Result.Length + outcome.Changes.Length);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteNumber("at", unixMilliseconds);
        json.WriteString("handler", handler);
        if (outcome.Status == RunStatus.Aborted)
        {
            json.WriteString("reason", outcome.Reason);
            json.WriteString("kind", outcome.AbortKind.ToString());
            if (outcome.Position is { } position)
            {
                json.WriteString("file", position.File);
                json.WriteNumber("line", position.Line);
                json.WriteNumber("column", position.Column);
            }
        }

        WriteRaw(json, "result", outcome.Result);
        WriteRaw(json, "changes", outcome.Changes);
        json.WriteEndObject();
        json.Flush();
        return new Document(buffer.WrittenMemory);
    }

    /// <summary>The first outcome again. An id that another handler used first is refused: it can only be a mistake.</summary>
    public static RunResult Decode(Document row, string handler)
    {
        using var json = JsonDocument.Parse(row.Utf8);
        var root = json.RootElement;
        var first = root.GetProperty("handler").GetString();
        if (first != handler)
        {
            return new RunResult { Status = RunStatus.Aborted, AbortKind = AbortKind.Error, Reason = $"This id was used for the handler '{first}' before; an id belongs to one transaction." };
        }

        if (root.TryGetProperty("kind", out var kind))
        {
            return new RunResult
            {
                Status = RunStatus.Aborted,
                AbortKind = Enum.Parse<AbortKind>(kind.GetString()!),
                Reason = root.GetProperty("reason").GetString(),
                Position = root.TryGetProperty("file", out var file)
                    ? new SourcePosition(file.GetString()!, root.GetProperty("line").GetInt32(), root.GetProperty("column").GetInt32())
                    : null,
            };
        }

        return new RunResult { Status = RunStatus.Completed, Result = Raw(root, "result"), Changes = Raw(root, "changes") };
    }

    private static void WriteRaw(Utf8JsonWriter json, string name, ReadOnlyMemory<byte> value)
    {
        if (!value.IsEmpty)
        {
            json.WritePropertyName(name);
            json.WriteRawValue(value.Span, skipInputValidation: true);
        }
    }

    private static ReadOnlyMemory<byte> Raw(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) ? System.Text.Encoding.UTF8.GetBytes(value.GetRawText()) : default;
}
