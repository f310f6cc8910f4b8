using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Mjolnir.AppServer.Sessions;

namespace Mjolnir.AppServer.Http;

/// <summary>
/// One request and its answer; kept by the connection and used again for its next request. It remembers the connection's last cookie header: the server gives the same
/// string again while the browser sends the same bytes, so on a busy connection a session is found by comparing one reference.
/// </summary>
internal sealed class HttpExchange
{
    private readonly DefaultHttpContext _context;
    private readonly TrustedProxies _proxies;
    private string? _cookies;
    private Session? _session;
    private int _endsSeen;

    public HttpExchange(IFeatureCollection features, TrustedProxies proxies) => (_context, _proxies) = (new DefaultHttpContext(features), proxies);

    public HttpContext Context => _context;

    public HttpRequest Request => _context.Request;

    public HttpResponse Response => _context.Response;

    /// <summary>The connection is a trusted proxy's: what it says of the browser's end is believed.</summary>
    public bool IsFromProxy => _proxies.Contain(_context.Connection.RemoteIpAddress);

    public void Begin(IFeatureCollection features) => _context.Initialize(features);

    public void End() => _context.Uninitialize();

    /// <summary>The path and query as they came over the wire.</summary>
    public string Target => _context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;

    /// <summary>Who asks; null if nobody is signed in.</summary>
    public Session? Session(SessionBook sessions)
    {
        var header = Request.Headers.Cookie;
        if (header.Count != 1)
        {
            return header.Count == 0 ? null : SessionCookie.Find(header, sessions);
        }

        // Sessions that others hold may be forgotten by the book, which then cannot tell them that they were signed out: so they ask.
        var ends = sessions.Ends;
        if (!ReferenceEquals(header[0], _cookies) || ends != _endsSeen)
        {
            (_cookies, _endsSeen) = (header[0], ends);
            _session = SessionCookie.Find(header, sessions);
        }

        return _session is { } session && session.IsAlive(sessions.Now) ? session : null;
    }
}
