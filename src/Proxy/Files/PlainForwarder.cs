using System.Net;
using Microsoft.AspNetCore.Http;
using Mjolnir.Core.Keys;
using Mjolnir.Proxy.Cluster;
using Mjolnir.Proxy.Http;
using Mjolnir.Proxy.Servers;
using Mjolnir.Proxy.Watching;
using Yarp.ReverseProxy.Forwarder;

namespace Mjolnir.Proxy.Files;

/// <summary>
/// Everything but calls, by YARP: pages, files, sessions, WebSockets. A user's requests go to the server beside the row that has the user's name, which is where most of that user's rows are and their page is rendered already; a WebSocket stays
/// where it was opened. What certainly was not processed, or does no harm twice (GET, HEAD), goes to another server.
/// </summary>
internal sealed class PlainForwarder(IHttpForwarder forwarder, HttpMessageInvoker client, ProxyLimits limits, ProxyMetrics metrics, TimeProvider time)
{
    private readonly PlainTransformer _transformer = new(time);
    private readonly ForwarderRequestConfig _plain = Config(limits.Silence);
    private readonly ForwarderRequestConfig _webSocket = Config(limits.WebSocketSilence);

    public async Task HandleAsync(ProxyExchange exchange, ApplicationCluster application, bool isLive)
    {
        if (HttpMethods.IsTrace(exchange.Request.Method) || (HttpMethods.IsConnect(exchange.Request.Method) && !isLive))
        {
            await ProxyAnswer.RefuseAsync(exchange, Refusal.BadMethod);
        }
        else if (!isLive)
        {
            await SendAsync(exchange, application, _plain);
        }
        else
        {
            await HoldAsync(exchange, application);
        }
    }

    /// <summary>A WebSocket counts for itself, not as a request under way: it is there for hours.</summary>
    private async Task HoldAsync(ProxyExchange exchange, ApplicationCluster application)
    {
        metrics.EndRequest();
        try
        {
            await (metrics.BeginWebSocket() > limits.WebSockets ? ProxyAnswer.RefuseAsync(exchange, Refusal.Busy) : SendAsync(exchange, application, _webSocket));
        }
        finally
        {
            metrics.EndWebSocket();
            metrics.BeginRequest();
        }
    }

    private async Task SendAsync(ProxyExchange exchange, ApplicationCluster application, ForwarderRequestConfig config)
    {
        var context = exchange.Context;
        context.Items[PlainTransformer.ExchangeKey] = exchange;
        var method = exchange.Request.Method;
        var isHarmless = HttpMethods.IsGet(method) || HttpMethods.IsHead(method);
        var tried = new AppServer?[limits.Attempts];
        var slots = UserSlot(exchange);
        var error = default(ForwarderError?);
        var isConnected = true;
        for (var i = 0; i < tried.Length && application.Pick(slots, tried) is { } server; i++)
        {
            tried[i] = server;
            exchange.Attempts++;
            exchange.Server = server.Name;
            exchange.IsSentElsewhere = isHarmless && i + 1 < tried.Length && application.HasOther(tried);
            error = await forwarder.SendAsync(context, server.Prefix, client, config, _transformer);
            if ((error == ForwarderError.None && !exchange.IsSentElsewhere) || exchange.Response.HasStarted || context.RequestAborted.IsCancellationRequested)
            {
                return;
            }

            isConnected = error != ForwarderError.None && !WasNotConnected(context, server);
            Forget(exchange);
            if (error != ForwarderError.None)
            {
                metrics.UpstreamError();
            }

            if (isConnected && !isHarmless)
            {
                break;
            }

            metrics.PassedOn();
        }

        exchange.Server = null;
        await ProxyAnswer.RefuseAsync(exchange, error is null || !isConnected ? Refusal.NoServer : error == ForwarderError.RequestTimedOut ? Refusal.TooSlow : Refusal.Broken);
    }

    /// <summary>True if the request certainly did not reach the server, which then is down.</summary>
    private static bool WasNotConnected(HttpContext context, AppServer server)
    {
        var fault = context.Features.Get<IForwarderErrorFeature>()?.Exception;
        if (fault is not HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError })
        {
            return false;
        }

        server.SetDown(fault.Message);
        return true;
    }

    /// <summary>What YARP set for an answer that is not given.</summary>
    private static void Forget(ProxyExchange exchange)
    {
        exchange.Response.StatusCode = StatusCodes.Status200OK;
        exchange.Response.Headers.Clear();
        exchange.Context.Features.Set<IForwarderErrorFeature>(null);
    }

    private static int[] UserSlot(ProxyExchange exchange) =>
        exchange.UserHint() is { } user && RowKey.TryCreate("a", "t", user, out var key) ? [Slots.Of(key)] : [];

    private static ForwarderRequestConfig Config(TimeSpan silence) => new()
    {
        ActivityTimeout = silence,
        Version = HttpVersion.Version11,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };
}
