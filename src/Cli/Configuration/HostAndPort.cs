using System.Globalization;

namespace Mjolnir.Cli.Configuration;

/// <summary>Where something is reached: a name or address, and a port.</summary>
internal sealed record HostAndPort(string Host, int Port)
{
    /// <summary><c>host:port</c> or <c>[ipv6]:port</c>; null if it is neither.</summary>
    public static HostAndPort? TryParse(string text)
    {
        var colon = text.LastIndexOf(':');
        var host = colon > 0 ? text[..colon].TrimStart('[').TrimEnd(']') : "";
        return Uri.CheckHostName(host) != UriHostNameType.Unknown
            && int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and <= 65535
            ? new HostAndPort(host, port)
            : null;
    }
}
