using System.Collections.Frozen;
using Microsoft.AspNetCore.Http;

namespace Mjolnir.Proxy.Http;

/// <summary>Which headers of a request go on to an app server, and what is added.</summary>
internal static class ForwardedHeaders
{
    public const string For = "X-Forwarded-For";
    public const string Proto = "X-Forwarded-Proto";
    public const string Host = "X-Forwarded-Host";
    public const string Learn = "Mjolnir-Learn";
    public const string Keys = "Mjolnir-Keys";
    public const string RoutedHeader = "Mjolnir-Routed";
    public const string Retry = "Mjolnir-Retry";
    public const string Elsewhere = "elsewhere";
    public const string ServerTiming = "Server-Timing";

    // RFC 9110, 7.6.1, and what is said anew for each hop.
    private static readonly FrozenSet<string> OfOneHop = new[]
    {
        "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Authentication-Info", "TE", "Trailer",
        "Transfer-Encoding", "Upgrade", "HTTP2-Settings", "Expect", "Content-Length", "Host", "Forwarded", "X-Real-IP", "Alt-Used",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>True for what must not come from outside: app servers would believe it.</summary>
    public static bool IsOurs(string name) =>
        name.StartsWith("X-Forwarded-", StringComparison.OrdinalIgnoreCase) || name.StartsWith("Mjolnir-", StringComparison.OrdinalIgnoreCase) || name is "Forwarded" or "forwarded" or "X-Real-IP";

    /// <summary>True for a request's header that is passed on as it is. Headers that only <c>Connection</c> names as of one hop pass too: Kestrel does not show that list, and no app server reads such a header.</summary>
    public static bool Passes(string name) => !OfOneHop.Contains(name) && !name.StartsWith(':') && !IsOurs(name);

    /// <summary>The address to tell app servers.</summary>
    public static string ClientAddress(HttpContext context)
    {
        var address = context.Connection.RemoteIpAddress;
        return address is null ? "unknown" : (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString();
    }
}
