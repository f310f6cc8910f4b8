using System.Buffers;
using System.Buffers.Text;
using System.Text;
using Microsoft.Extensions.Primitives;

namespace Mjolnir.Proxy.Http;

/// <summary>The user named in a session's cookie, <c>mjolnir-session=1.USER.…</c> with the name in base64url. Not verified, which only an app server can: whoever invents one is routed worse, nothing else.</summary>
internal static class SessionHint
{
    private const string Name = "mjolnir-session=";

    public static string? User(StringValues cookies)
    {
        foreach (var line in cookies)
        {
            foreach (var range in line.AsSpan().Split(';'))
            {
                var cookie = line.AsSpan(range).Trim();
                if (cookie.StartsWith(Name, StringComparison.Ordinal))
                {
                    return Named(cookie[Name.Length..]);
                }
            }
        }

        return null;
    }

    private static string? Named(ReadOnlySpan<char> token)
    {
        if (token.Length > ProxyLimits.CookieCharacters || !token.StartsWith("1."))
        {
            return null;
        }

        var rest = token[2..];
        var user = rest.IndexOf('.') is > 0 and var end ? rest[..end] : default;
        Span<byte> utf8 = stackalloc byte[ProxyLimits.CookieCharacters];
        return user.Length > 0 && Base64Url.DecodeFromChars(user, utf8, out _, out var length) == OperationStatus.Done ? Encoding.UTF8.GetString(utf8[..length]) : null;
    }
}
