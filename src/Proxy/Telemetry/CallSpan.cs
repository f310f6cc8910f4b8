using System.Diagnostics;
using Mjolnir.Core.Telemetry;
using Mjolnir.Proxy.Http;

namespace Mjolnir.Proxy.Telemetry;

/// <summary>A call through the proxy in a trace: whether it is traced is decided here, and the app server follows.</summary>
internal static class CallSpan
{
    public static Activity? Begin(ProxyExchange exchange)
    {
        var span = Tracing.Begin("call", ActivityKind.Server, exchange.Request.Headers.TraceParent);
        exchange.TraceParent = span?.Id;
        return span;
    }

    public static void Answered(Activity? span, string handler, ProxyExchange exchange)
    {
        if (span is { Recorded: true })
        {
            span.SetTag("mjolnir.handler", handler);
            span.SetTag("mjolnir.server", exchange.Server);
            span.SetTag("mjolnir.servers_tried", exchange.Attempts);
            span.SetTag("http.response.status_code", exchange.Response.StatusCode);
        }
    }
}
