using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Mjolnir.AppServer.Http;

/// <summary>Why something was not done. Nothing has happened.</summary>
/// <param name="Code">the HTTP status</param>
/// <param name="Reason">plain words</param>
/// <param name="RetryAfterSeconds">when to come back; 0 if coming back is no use</param>
internal sealed record Refusal(int Code, string Reason, int RetryAfterSeconds = 0)
{
    /// <summary>The word that pages.md gives for it.</summary>
    public const string Status = "refused";

    public static readonly Refusal BodyTooLarge = new(413, $"The body is larger than {AppServerLimits.BodyBytes} bytes.");
    public static readonly Refusal OtherSite = new(403, "The request comes from another site's page.");
    public static readonly Refusal NotSignedIn = new(401, "Sign in first.");
    public static readonly Refusal NotAllowed = new(403, "You are not allowed to do this.");
    public static readonly Refusal TooOften = new(429, "Too many requests; wait a moment.", AppServerLimits.RetryAfterSeconds);
    public static readonly Refusal Overloaded = new(503, "Too much to do; try again in a moment.", AppServerLimits.RetryAfterSeconds);
    public static readonly Refusal BadPath = new(400, "The path is not well formed.");
    public static readonly Refusal NotFound = new(404, "There is nothing here.");
    public static readonly Refusal NotJson = new(400, "The body must be sent with Content-Type: application/json.");
    public static readonly Refusal WrongHost = new(400, "With open sign-in this server answers only to names of this machine, such as localhost.");
}

/// <summary>Errors as RFC 9457 problem details.</summary>
internal static class Problem
{
    private const string ContentType = "application/problem+json";

    /// <summary>Writes a refusal.</summary>
    public static Task WriteAsync(HttpExchange exchange, Refusal refusal)
    {
        if (refusal.RetryAfterSeconds > 0)
        {
            exchange.Response.Headers.RetryAfter = refusal.RetryAfterSeconds.ToString(CultureInfo.InvariantCulture);
        }

        return WriteAsync(exchange, refusal.Code, Refusal.Status, refusal.Reason, refusal, static (json, refusal) =>
        {
            if (refusal.RetryAfterSeconds > 0)
            {
                json.WriteNumber("retryAfter", refusal.RetryAfterSeconds);
            }
        });
    }

    /// <summary>Writes a problem with further members.</summary>
    public static Task WriteAsync<TState>(HttpExchange exchange, int code, string status, string reason, TState state, Action<Utf8JsonWriter, TState> more)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("type", "about:blank");
            json.WriteString("title", Title(code));
            json.WriteString("status", status);
            json.WriteNumber("code", code);
            json.WriteString("detail", reason);
            json.WriteString("reason", reason);
            more(json, state);
            json.WriteEndObject();
        }

        return Answer.WriteAsync(exchange, code, ContentType, buffer.WrittenMemory);
    }

    private static string Title(int code) => code switch
    {
        409 => "Aborted by the handler",
        428 => "More of the page is needed",
        _ => Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(code),
    };
}

/// <summary>Small answers that are complete in memory.</summary>
internal static class Answer
{
    public const string Json = "application/json";

    public static Task WriteAsync(HttpExchange exchange, int code, string contentType, ReadOnlyMemory<byte> body)
    {
        var response = exchange.Response;
        response.StatusCode = code;
        var headers = response.Headers;
        headers.ContentType = contentType;
        headers.ContentLength = body.Length;
        headers.CacheControl = "no-store";
        headers.XContentTypeOptions = "nosniff";
        return HttpMethods.IsHead(exchange.Request.Method) ? Task.CompletedTask : SendAsync(response, body);
    }

    public static Task EmptyAsync(HttpExchange exchange, int code)
    {
        exchange.Response.StatusCode = code;
        return Task.CompletedTask;
    }

    private static Task SendAsync(HttpResponse response, ReadOnlyMemory<byte> body)
    {
        var flush = response.BodyWriter.WriteAsync(body);
        return flush.IsCompletedSuccessfully ? Task.CompletedTask : flush.AsTask();
    }
}
