using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Mjolnir.AppServer.Http;

namespace Mjolnir.AppServer.Sessions;

/// <summary>
/// The session's cookie: HttpOnly (no script reads it), Secure over TLS, for the whole site, 30 days from last use. SameSite=Lax, not Strict: with Strict somebody who follows a link
/// to a page would see it as if signed out. Lax sends the cookie on such a GET only, and a GET changes nothing here; everything that changes something also passes the origin check.
/// </summary>
internal static class SessionCookie
{
    public const string Name = "mjolnir-session";

    /// <summary>The session of the first cookie of our name that is valid.</summary>
    public static Session? Find(StringValues header, SessionBook sessions)
    {
        foreach (var line in header)
        {
            foreach (var range in line.AsSpan().Split(';'))
            {
                var cookie = line.AsSpan(range).Trim();
                if (cookie.StartsWith(Name + "=", StringComparison.Ordinal) && sessions.Find(cookie[(Name.Length + 1)..]) is { } session)
                {
                    return session;
                }
            }
        }

        return null;
    }

    public static void Set(HttpExchange exchange, string token)
        => Append(exchange, token, (long)AppServerLimits.SessionLife.TotalSeconds);

    public static void Clear(HttpExchange exchange) => Append(exchange, "", 0);

    /// <summary>Gives a session that is in use a later end, at most once a day. Only on answers that no cache may keep.</summary>
    public static void RenewIfDue(HttpExchange exchange, Session? session, SessionBook sessions)
    {
        if (session is not null && sessions.IsRenewalDue(session))
        {
            Set(exchange, sessions.Token(sessions.Renew(session)));
        }
    }

    private static void Append(HttpExchange exchange, string token, long seconds)
    {
        var secure = RequestOrigin.IsHttps(exchange) ? "; Secure" : "";
        exchange.Response.Headers.Append("Set-Cookie", $"{Name}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    }
}
