using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Abstractions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Mjolnir.Proxy.Calls;
using Mjolnir.Proxy.Files;
using Mjolnir.Proxy.Watching;

namespace Mjolnir.Proxy.Http;

/// <summary>
/// The proxy's application: straight on Kestrel, without host, pipeline, routing table or logging scope. Its own endpoints first, then what needs no server (redirect, rate, host, paths that are not for outside), then calls, then
/// everything else.
/// </summary>
internal sealed class ProxyFront(
    HostTable hosts,
    CallForwarder calls,
    PlainForwarder plain,
    OwnEndpoint own,
    ClientRates? rates,
    ProxyMetrics metrics,
    AccessLog? accessLog,
    bool isHttpsOnly,
    ProxyLimits limits,
    TimeProvider time,
    ILogger log) : IHttpApplication<ProxyExchange>
{
    private const string Own = "/_mjolnir/";

    // A year, as browsers' lists of such hosts ask for.
    private const string OnlyHttps = "max-age=31536000";

    private static readonly Refusal BadChunk = new(400, "The body's chunks are not well formed.");

    public ProxyExchange CreateContext(IFeatureCollection contextFeatures)
    {
        if (contextFeatures is not IHostContextContainer<ProxyExchange> connection)
        {
            return new ProxyExchange(contextFeatures);
        }

        if (connection.HostContext is { } exchange)
        {
            exchange.Begin(contextFeatures);
            return exchange;
        }

        return connection.HostContext = new ProxyExchange(contextFeatures);
    }

    public void DisposeContext(ProxyExchange context, Exception? exception) => context.End();

    public async Task ProcessRequestAsync(ProxyExchange context)
    {
        context.Start(time.GetTimestamp());
        if (isHttpsOnly && context.Request.IsHttps && !IsThisMachine(context.Request.Host.Host))
        {
            context.Response.OnStarting(SayHttpsOnly, context);
        }

        var isBusy = metrics.BeginRequest() > limits.Requests;
        try
        {
            await (isBusy ? ProxyAnswer.RefuseAsync(context, Refusal.Busy) : HandleAsync(context));
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            await FaultAsync(context, e);
        }
        finally
        {
            metrics.EndRequest();
            Note(context);
        }
    }

    private Task HandleAsync(ProxyExchange exchange)
    {
        var path = exchange.RawPath;
        if (path.IsEmpty)
        {
            return ProxyAnswer.RefuseAsync(exchange, Refusal.BadTarget);
        }

        // What a server makes of a path may differ from what stands on the line; neither may lead inside.
        var isOwn = path.StartsWith(Own, StringComparison.Ordinal);
        var meant = exchange.Request.Path.Value ?? "";
        if (isOwn && OwnEndpoint.Finds(path[Own.Length..]))
        {
            return own.HandleAsync(exchange, path[Own.Length..].ToString());
        }

        if (rates is not null && !rates.TryTake(exchange.Context.Connection.RemoteIpAddress))
        {
            return ProxyAnswer.RefuseAsync(exchange, Refusal.TooOften);
        }

        if (exchange.Application(hosts) is not { } application)
        {
            return ProxyAnswer.RefuseAsync(exchange, Refusal.WrongHost);
        }

        if (RedirectPort(exchange) is { } port)
        {
            return RedirectAsync(exchange, port);
        }

        if (IsInside(path) || IsInside(meant) || isOwn != meant.StartsWith(Own, StringComparison.Ordinal))
        {
            return ProxyAnswer.RefuseAsync(exchange, Refusal.NotFound);
        }

        return isOwn && path.StartsWith(CallForwarder.Prefix, StringComparison.Ordinal) && HttpMethods.IsPost(exchange.Request.Method)
            ? calls.HandleAsync(exchange, application)
            : plain.HandleAsync(exchange, application, path is "/_mjolnir/live");
    }

    /// <summary>Browsers would keep to https for every server that a developer runs here, on whatever port.</summary>
    private static bool IsThisMachine(string host) => host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase);

    /// <summary>Where plain http is only redirected, browsers that were here once need not ask over it again: nobody on the way can keep them from https.</summary>
    private static Task SayHttpsOnly(object exchange)
    {
        ((ProxyExchange)exchange).Response.Headers.StrictTransportSecurity = OnlyHttps;
        return Task.CompletedTask;
    }

    /// <summary>True for all under <c>/_mjolnir/</c> that is not for browsers: what app servers, proxies and operators' tools ask each other, now and in later versions.</summary>
    private static bool IsInside(ReadOnlySpan<char> path) =>
        path.StartsWith(Own, StringComparison.OrdinalIgnoreCase)
        && !path.StartsWith(CallForwarder.Prefix, StringComparison.Ordinal)
        && path is not ("/_mjolnir/session" or "/_mjolnir/users" or "/_mjolnir/live" or "/_mjolnir/mjolnir.js" or "/_mjolnir/sign-in");

    private static int? RedirectPort(ProxyExchange exchange) =>
        exchange.Request.IsHttps ? null : exchange.Context.Features.Get<ProxyListener>()?.RedirectTo;

    /// <summary>308: the method stays.</summary>
    private static Task RedirectAsync(ProxyExchange exchange, int port)
    {
        var host = exchange.Request.Host.Host;
        exchange.Response.StatusCode = StatusCodes.Status308PermanentRedirect;
        exchange.Response.Headers.Location = $"https://{host}{(port == 443 ? "" : $":{port}")}{exchange.Target}";
        exchange.Response.Headers.ContentLength = 0;
        return Task.CompletedTask;
    }

    /// <summary>The client's fault (too large, cut off, malformed) is answered as such; anything else is ours and is logged.</summary>
    private Task FaultAsync(ProxyExchange exchange, Exception error)
    {
        var started = exchange.Response.HasStarted;
        if (exchange.Context.RequestAborted.IsCancellationRequested && error is OperationCanceledException or IOException or ConnectionResetException)
        {
            // The client has gone: nobody is left to answer, and nothing of ours is wrong.
            return Task.CompletedTask;
        }

        if (error is BadHttpRequestException bad)
        {
            return started ? Task.CompletedTask : ProxyAnswer.RefuseAsync(exchange, new Refusal(bad.StatusCode, bad.Message));
        }

        if (error is IOException { InnerException: OverflowException })
        {
            // What Kestrel makes of a chunk that says to be larger than numbers go.
            return started ? Task.CompletedTask : ProxyAnswer.RefuseAsync(exchange, BadChunk);
        }

        metrics.Fault();
        ProxyLog.RequestFaulted(log, error, exchange.Request.Method, exchange.RawPath.ToString());
        if (started)
        {
            // Half an answer must not look like a whole one.
            exchange.Context.Abort();
            return Task.CompletedTask;
        }

        exchange.Response.Headers.Clear();
        return ProxyAnswer.RefuseAsync(exchange, Refusal.Fault);
    }

    private void Note(ProxyExchange exchange)
    {
        var spent = time.GetElapsedTime(exchange.Started);
        var code = exchange.Response.StatusCode;
        metrics.Answered(code, exchange.Routed, spent);
        if (accessLog is not null)
        {
            var request = exchange.Request;
            accessLog.Add(new AccessLine(
                time.GetUtcNow(),
                ForwardedHeaders.ClientAddress(exchange.Context),
                request.Method,
                request.Host.Host,
                exchange.RawPath.ToString(),
                request.Protocol,
                code,
                exchange.BodyBytes,
                spent,
                exchange.Server,
                exchange.Attempts,
                exchange.Routed));
        }
    }
}
