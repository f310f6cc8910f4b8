using System.Net;
using Microsoft.AspNetCore.Http;

namespace Mjolnir.AppServer.Http;

/// <summary>Where a request comes from, as far as its headers can be believed.</summary>
internal static class RequestOrigin
{
    /// <summary>
    /// True unless a browser says that another site's page sent this request. Browsers put <c>Origin</c> on every POST, DELETE and WebSocket handshake, and scripts cannot take it
    /// off or change it; current ones also send <c>Sec-Fetch-Site</c>, and where a privacy tool strips the first, <c>Referer</c> may be left. A request with none of the three is from no
    /// browser (curl, wrk, another server): nobody's cookies are sent along with it against their will, so there is nothing to forge and it passes.
    /// </summary>
    public static bool IsSameSite(HttpExchange exchange)
    {
        var request = exchange.Request;
        var headers = request.Headers;
        var origin = headers.Origin;
        if (origin.Count > 0)
        {
            return origin.Count == 1 && IsOurs(origin[0], exchange);
        }

        if (headers.TryGetValue("Sec-Fetch-Site", out var site))
        {
            return site.Count == 1 && site[0] is "same-origin" or "none";
        }

        var referer = headers.Referer;
        return referer.Count == 0 || (referer.Count == 1 && IsOurs(AuthorityAndScheme(referer[0]), exchange));
    }

    /// <summary>
    /// Whether the browser's end is TLS: ours, or that of a trusted proxy in front.
    /// </summary>
    public static bool IsHttps(HttpExchange exchange) => exchange.Request.IsHttps || (exchange.Request.Headers["X-Forwarded-Proto"] is ["https"] && exchange.IsFromProxy);

    /// <summary>
    /// With open sign-in, names that are not this machine's are refused: a site whose DNS answer is changed to 127.0.0.1 (rebinding) would otherwise be "the same site".
    /// </summary>
    public static bool IsLoopbackHost(HttpRequest request)
    {
        var host = request.Host.Host;
        return host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
            || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
    }

    /// <summary>
    /// The address to count by. Behind a trusted proxy it is what the proxy added last to <c>X-Forwarded-For</c>; from elsewhere that header is anybody's invention.
    /// </summary>
    public static string Address(HttpExchange exchange)
    {
        var address = exchange.Context.Connection.RemoteIpAddress;
        if (address is not null && exchange.Request.Headers["X-Forwarded-For"] is [.., { Length: > 0 } forwarded] && exchange.IsFromProxy)
        {
            var last = forwarded.AsSpan(forwarded.LastIndexOf(',') + 1).Trim();
            return IPAddress.TryParse(last, out var client) ? client.ToString() : address.ToString();
        }

        return address?.ToString() ?? "";
    }

    private static bool IsOurs(string? origin, HttpExchange exchange)
    {
        const string Separator = "://";
        var at = origin?.IndexOf(Separator, StringComparison.Ordinal) ?? -1;
        if (at < 0)
        {
            return false;
        }

        var scheme = origin.AsSpan(0, at);
        var schemeFits = scheme is "https" || (scheme is "http" && !IsHttps(exchange));
        return schemeFits && origin.AsSpan(at + Separator.Length).Equals(exchange.Request.Headers.Host.ToString(), StringComparison.OrdinalIgnoreCase);
    }

    private static string? AuthorityAndScheme(string? url)
        => Uri.TryCreate(url, UriKind.Absolute, out var uri) ? uri.GetLeftPart(UriPartial.Authority) : null;
}
