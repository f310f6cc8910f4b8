using System.Buffers;
using System.Text.Json;
using Mjolnir.AppServer.Transactions;

namespace Mjolnir.AppServer.Http.Calls;

/// <summary>Writes answers to calls as JSON (docs/design/pages.md, Messages).</summary>
internal static class CallAnswers
{
    /// <summary>The HTTP status of an answer.</summary>
    public static int Code(TransactionAnswer answer) => answer.Status switch
    {
        TransactionStatus.Committed => 200,
        TransactionStatus.Aborted => 409,
        TransactionStatus.InputMissing => 428,
        TransactionStatus.Unavailable => 503,
        _ => 504,
    };

    /// <summary>The word of an answer.</summary>
    public static string Word(TransactionAnswer answer) => answer.Status switch
    {
        TransactionStatus.Committed => "committed",
        TransactionStatus.Aborted => "aborted",
        TransactionStatus.InputMissing => "need",
        TransactionStatus.Unavailable => Refusal.Status,
        _ => "unknown",
    };

    /// <summary>Plain words for an answer that says no.</summary>
    public static string Reason(TransactionAnswer answer) => answer.Reason ?? answer.Status switch
    {
        TransactionStatus.Aborted => "The handler ended the transaction.",
        TransactionStatus.InputMissing => "The handler read something of the page that was not sent.",
        TransactionStatus.Unavailable => Refusal.Overloaded.Reason,
        _ => "The outcome is not known; ask again with the same id.",
    };

    /// <summary>Seconds after which to come back, at least one.</summary>
    public static int RetryAfter(TransactionAnswer answer) => Math.Max(answer.RetryAfterSeconds, AppServerLimits.RetryAfterSeconds);

    /// <summary>A committed transaction: by hand, for it is the usual answer and all its parts are JSON already.</summary>
    public static void WriteCommitted(IBufferWriter<byte> to, in CallMessage message, TransactionAnswer answer)
    {
        to.Write("{\"status\":\"committed\""u8);
        WriteNames(to, message);
        WriteParts(to, answer);
        to.Write("}"u8);
    }

    /// <summary>An answer to a WebSocket message.</summary>
    public static void WriteMessage(IBufferWriter<byte> to, in CallMessage message, TransactionAnswer answer)
    {
        if (answer.Status == TransactionStatus.Committed)
        {
            WriteCommitted(to, message, answer);
            return;
        }

        using var json = new Utf8JsonWriter(to);
        Begin(json, Word(answer), Code(answer), message, Reason(answer));
        WriteMore(json, answer);
        json.WriteEndObject();
    }

    /// <summary>A refused WebSocket message.</summary>
    public static void WriteRefused(IBufferWriter<byte> to, in CallMessage message, Refusal refusal)
    {
        using var json = new Utf8JsonWriter(to);
        Begin(json, Refusal.Status, refusal.Code, message, refusal.Reason);
        if (refusal.RetryAfterSeconds > 0)
        {
            json.WriteNumber("retryAfter", refusal.RetryAfterSeconds);
        }

        json.WriteEndObject();
    }

    /// <summary>What aborted, missing-input and unavailable answers have besides their reason.</summary>
    public static void WriteMore(Utf8JsonWriter json, TransactionAnswer answer)
    {
        if (answer.Status == TransactionStatus.Aborted)
        {
            WriteAbort(json, answer);
        }

        if (answer.Status == TransactionStatus.Unavailable)
        {
            json.WriteNumber("retryAfter", RetryAfter(answer));
        }

        if (!answer.Reads.IsEmpty)
        {
            json.WritePropertyName("reads");
            json.WriteRawValue(answer.Reads.Span, skipInputValidation: true);
        }
    }

    /// <summary>The answer's part in a WebSocket's or problem's JSON that was given by the client: written back as it came.</summary>
    public static void WriteNames(Utf8JsonWriter json, in CallMessage message)
    {
        if (!message.NumberJson.IsEmpty)
        {
            json.WritePropertyName("n");
            json.WriteRawValue(message.NumberJson.Span, skipInputValidation: true);
        }

        if (!message.IdJson.IsEmpty)
        {
            json.WritePropertyName("id");
            json.WriteRawValue(message.IdJson.Span, skipInputValidation: true);
        }
    }

    private static void WriteAbort(Utf8JsonWriter json, TransactionAnswer answer)
    {
        if (answer.AbortKind != Scripting.Engine.AbortKind.Refused)
        {
            json.WriteBoolean("error", true);
        }

        if (answer.Position is { } position)
        {
            json.WriteStartObject("position");
            json.WriteString("file", position.File);
            json.WriteNumber("line", position.Line);
            json.WriteNumber("column", position.Column);
            json.WriteEndObject();
        }
    }

    private static void WriteParts(IBufferWriter<byte> to, TransactionAnswer answer)
    {
        WritePart(to, ",\"result\":"u8, answer.Result);
        WritePart(to, ",\"changes\":"u8, answer.Changes);
        WritePart(to, ",\"reads\":"u8, answer.Reads);
    }

    private static void WriteNames(IBufferWriter<byte> to, in CallMessage message)
    {
        WritePart(to, ",\"n\":"u8, message.NumberJson);
        WritePart(to, ",\"id\":"u8, message.IdJson);
    }

    private static void WritePart(IBufferWriter<byte> to, ReadOnlySpan<byte> name, ReadOnlyMemory<byte> json)
    {
        if (!json.IsEmpty)
        {
            to.Write(name);
            to.Write(json.Span);
        }
    }

    private static void Begin(Utf8JsonWriter json, string word, int code, in CallMessage message, string reason)
    {
        json.WriteStartObject();
        json.WriteString("status", word);
        json.WriteNumber("code", code);
        WriteNames(json, message);
        json.WriteString("reason", reason);
    }
}
