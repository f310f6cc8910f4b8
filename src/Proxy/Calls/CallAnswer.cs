using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using Mjolnir.Proxy.Http;
using Mjolnir.Proxy.Servers;

namespace Mjolnir.Proxy.Calls;

/// <summary>Passes an app server's answer on to the browser, header by header.</summary>
internal static class CallAnswer
{
    // What nearly every answer has, so that no text is made of it.
    private static readonly (byte[] Bytes, string Text)[] Names = Known(
        "Content-Type", "Server-Timing", "Mjolnir-Routed", "Cache-Control", "X-Content-Type-Options", "Retry-After", "Set-Cookie", "WWW-Authenticate", "Allow");

    private static readonly (byte[] Bytes, string Text)[] Values = Known(
        "application/json", "application/problem+json", "no-store", "nosniff", "predicted", "missed", "1");

    // Of the connection to the app server, said anew by Kestrel, or between servers only.
    private static readonly (byte[] Bytes, string Text)[] Kept = Known(
        "Connection", "Keep-Alive", "Content-Length", "Date", "Server", "Transfer-Encoding", "Mjolnir-Keys", "Mjolnir-Retry", "Upgrade", "Trailer", "Proxy-Connection");

    /// <summary>The value of a header; empty if the answer has none.</summary>
    public static ReadOnlySpan<byte> Value(ReadOnlySpan<byte> head, ReadOnlySpan<byte> name)
    {
        var lines = new AnswerLines(head);
        while (lines.Next())
        {
            if (Ascii.EqualsIgnoreCase(lines.Name, name))
            {
                return lines.Value;
            }
        }

        return default;
    }

    /// <summary>Sets status and headers.</summary>
    /// <param name="exchange">the request; how it was routed is noted in it</param>
    /// <param name="answer">the connection that holds the answer</param>
    /// <param name="spent">since the request came</param>
    public static void Begin(ProxyExchange exchange, ServerConnection answer, TimeSpan spent)
    {
        var response = exchange.Response;
        var headers = response.Headers;
        response.StatusCode = answer.Answer.Status;
        headers.ContentLength = answer.Answer.BodyLength;
        exchange.BodyBytes = answer.Answer.BodyLength;
        var isTimed = false;
        var lines = new AnswerLines(answer.Head);
        while (lines.Next())
        {
            if (Find(Kept, lines.Name) is not null)
            {
                continue;
            }

            var name = Find(Names, lines.Name) ?? Encoding.Latin1.GetString(lines.Name);
            if (ReferenceEquals(name, Names[1].Text))
            {
                isTimed = true;
                headers[name] = Timing(lines.Value, spent);
                continue;
            }

            var value = Find(Values, lines.Value) ?? Encoding.Latin1.GetString(lines.Value);
            if (ReferenceEquals(name, Names[2].Text))
            {
                exchange.Routed = value == "predicted" ? Routed.Predicted : Routed.Missed;
            }

            headers.Append(name, value);
        }

        if (!isTimed)
        {
            headers[ForwardedHeaders.ServerTiming] = Timing(default, spent);
        }
    }

    /// <summary>Adds <c>proxy;dur=</c>, milliseconds from the request's last byte to here: what the app server took is part of it.</summary>
    private static string Timing(ReadOnlySpan<byte> before, TimeSpan spent)
    {
        const int Room = 64;
        Span<char> text = stackalloc char[512];
        if (before.Length > text.Length - Room)
        {
            before = default;
        }

        var length = Encoding.Latin1.GetChars(before, text);
        var own = length == 0 ? "proxy;dur=" : ", proxy;dur=";
        own.CopyTo(text[length..]);
        length += own.Length;
        spent.TotalMilliseconds.TryFormat(text[length..], out var digits, "0.###", CultureInfo.InvariantCulture);
        return text[..(length + digits)].ToString();
    }

    private static string? Find((byte[] Bytes, string Text)[] known, ReadOnlySpan<byte> bytes)
    {
        foreach (var (candidate, text) in known)
        {
            if (candidate.Length == bytes.Length && Ascii.EqualsIgnoreCase(candidate, bytes))
            {
                return text;
            }
        }

        return null;
    }

    private static (byte[] Bytes, string Text)[] Known(params string[] texts) => Array.ConvertAll(texts, static text => (Encoding.ASCII.GetBytes(text), text));
}
