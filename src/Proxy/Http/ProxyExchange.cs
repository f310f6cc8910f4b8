using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Mjolnir.Proxy.Cluster;

namespace Mjolnir.Proxy.Http;

/// <summary>How a call was routed, as its app server says.</summary>
internal enum Routed : byte
{
    /// <summary>No call, or no answer.</summary>
    None,

    /// <summary>It ran beside one of its rows.</summary>
    Predicted,

    /// <summary>It did not.</summary>
    Missed,
}

/// <summary>
/// One request and its answer; kept by the connection and used again for its next request. It remembers what it made of the connection's last cookie and host: the server gives the same string again while the
/// browser sends the same bytes.
/// </summary>
internal sealed class ProxyExchange
{
    private readonly DefaultHttpContext _context;
    private string? _cookies;
    private string? _user;
    private string? _hostText;
    private ApplicationCluster? _application;

    public ProxyExchange(IFeatureCollection features) => _context = new DefaultHttpContext(features);

    public HttpContext Context => _context;

    public HttpRequest Request => _context.Request;

    public HttpResponse Response => _context.Response;

    /// <summary>Path and query as they came over the wire; of <c>http://host/path</c> only what begins with the slash. Empty if it is neither.</summary>
    public string Target { get; private set; } = "";

    /// <summary>Timestamp of its beginning.</summary>
    public long Started { get; private set; }

    /// <summary>Name of the server that answered; null: the proxy itself.</summary>
    public string? Server { get; set; }

    /// <summary>Servers it was sent to.</summary>
    public int Attempts { get; set; }

    public Routed Routed { get; set; }

    /// <summary>Bytes of the answer's body that are known.</summary>
    public long BodyBytes { get; set; }

    /// <summary>W3C context to pass on in place of the browser's; null: the browser's.</summary>
    public string? TraceParent { get; set; }

    /// <summary>Set when a server asked for another one to be tried.</summary>
    public bool IsSentElsewhere { get; set; }

    public void Begin(IFeatureCollection features) => _context.Initialize(features);

    public void Start(long timestamp)
    {
        Started = timestamp;
        Target = PathAndQuery(_context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget);
        (Server, Attempts, Routed, BodyBytes, IsSentElsewhere, TraceParent) = (null, 0, Routed.None, 0, false, null);
    }

    /// <summary>The whole request is here: time counts from now, since how fast a browser sends is not the servers' doing.</summary>
    public void Received(long timestamp) => Started = timestamp;

    public void End() => _context.Uninitialize();

    /// <summary>Path without query, still escaped.</summary>
    public ReadOnlySpan<char> RawPath => Target.AsSpan() is var target && target.IndexOf('?') is >= 0 and var end ? target[..end] : target;

    /// <summary>Who asks, as the session's cookie says; nobody has looked whether it is true.</summary>
    public string? UserHint()
    {
        var header = Request.Headers.Cookie;
        if (header.Count != 1)
        {
            return header.Count == 0 ? null : SessionHint.User(header);
        }

        if (!ReferenceEquals(header[0], _cookies))
        {
            _cookies = header[0];
            _user = SessionHint.User(header);
        }

        return _user;
    }

    /// <summary>The application of the host that was asked for; null if there is none.</summary>
    public ApplicationCluster? Application(HostTable hosts)
    {
        var header = Request.Headers.Host;
        var text = header.Count == 1 ? header[0] : null;
        if (text is null)
        {
            return null;
        }

        if (!ReferenceEquals(text, _hostText))
        {
            _hostText = text;
            _application = hosts.Find(Request.Host.Host);
        }

        return _application;
    }

    private static string PathAndQuery(string target)
    {
        if (target.StartsWith('/'))
        {
            return target;
        }

        var scheme = target.IndexOf("://", StringComparison.Ordinal);
        var slash = scheme < 0 ? -1 : target.IndexOf('/', scheme + 3);
        return slash < 0 ? "" : target[slash..];
    }
}
