using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Mjolnir.Proxy.Http;

/// <summary>Why the proxy did not pass a request on. Nothing has happened.</summary>
/// <param name="Code">the HTTP status</param>
/// <param name="Reason">plain words</param>
/// <param name="RetryAfterSeconds">when to come back; 0 if coming back is no use</param>
internal sealed record Refusal(int Code, string Reason, int RetryAfterSeconds = 0)
{
    public static readonly Refusal NoServer = new(503, "No server of this application is ready; try again in a moment.", ProxyLimits.RetryAfterSeconds);
    public static readonly Refusal Busy = new(503, "Too much to do; try again in a moment.", ProxyLimits.RetryAfterSeconds);
    public static readonly Refusal TooOften = new(429, "Too many requests from your address; wait a moment.", ProxyLimits.RetryAfterSeconds);
    public static readonly Refusal WrongHost = new(421, "This proxy serves no application under that host name.");
    public static readonly Refusal NotFound = new(404, "There is nothing here.");
    public static readonly Refusal BadTarget = new(400, "The request's path or headers are not well formed.");
    public static readonly Refusal BadMethod = new(405, "This method is not passed on.");
    public static readonly Refusal BodyTooLarge = new(413, "The body is too large.");
    public static readonly Refusal Broken = new(502, "The server did not answer; try again.");
    public static readonly Refusal TooSlow = new(504, "The server took too long to answer; try again.");
    public static readonly Refusal Fault = new(500, "Something went wrong in the proxy.");
    public static readonly Refusal TokenNeeded = new(401, "Status and metrics need the status token of the secrets file: Authorization: Bearer …");
}

/// <summary>Answers of the proxy itself; errors as RFC 9457 problem details, like those of app servers.</summary>
internal static class ProxyAnswer
{
    public const string Json = "application/json";

    public static Task RefuseAsync(ProxyExchange exchange, Refusal refusal)
    {
        if (refusal.RetryAfterSeconds > 0)
        {
            exchange.Response.Headers.RetryAfter = refusal.RetryAfterSeconds.ToString(CultureInfo.InvariantCulture);
        }

        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("type", "about:blank");
            json.WriteString("title", ReasonPhrases.GetReasonPhrase(refusal.Code));
            json.WriteString("status", "refused");
            json.WriteNumber("code", refusal.Code);
            json.WriteString("detail", refusal.Reason);
            json.WriteString("reason", refusal.Reason);
            if (refusal.RetryAfterSeconds > 0)
            {
                json.WriteNumber("retryAfter", refusal.RetryAfterSeconds);
            }

            json.WriteEndObject();
        }

        return WriteAsync(exchange, refusal.Code, "application/problem+json", buffer.WrittenMemory);
    }

    /// <summary>A call was sent, and nobody knows what became of it.</summary>
    /// <param name="exchange">the request</param>
    /// <param name="idJson">the call's id as it came; may be empty</param>
    /// <param name="reason">plain words</param>
    public static Task UnknownAsync(ProxyExchange exchange, ReadOnlyMemory<byte> idJson, string reason)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("status", "unknown");
            json.WriteNumber("code", 504);
            if (!idJson.IsEmpty)
            {
                json.WritePropertyName("id");
                json.WriteRawValue(idJson.Span);
            }

            json.WriteString("reason", reason);
            json.WriteEndObject();
        }

        return WriteAsync(exchange, 504, Json, buffer.WrittenMemory);
    }

    public static async Task WriteAsync(ProxyExchange exchange, int code, string contentType, ReadOnlyMemory<byte> body)
    {
        var response = exchange.Response;
        response.StatusCode = code;
        response.Headers.ContentType = contentType;
        response.Headers.ContentLength = body.Length;
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        exchange.BodyBytes = body.Length;
        if (!HttpMethods.IsHead(exchange.Request.Method))
        {
            await response.BodyWriter.WriteAsync(body);
        }
    }
}
