using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Abstractions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Mjolnir.AppServer.Http.Calls;
using Mjolnir.AppServer.Http.Files;
using Mjolnir.AppServer.Http.Operators;
using Mjolnir.AppServer.Live;
using Mjolnir.AppServer.Sessions;

namespace Mjolnir.AppServer.Http;

/// <summary>
/// The server's application: straight on Kestrel, without host, pipeline, routing table or logging scope. A request is found by comparing its path with a handful of
/// names, calls first.
/// </summary>
internal sealed class HttpFront(
    Func<ServedApplication> current,
    AppServerHttpOptions options,
    CallEndpoint calls,
    FileEndpoint files,
    PageEndpoint pages,
    SessionEndpoint sessions,
    LiveEndpoint live,
    OperatorEndpoint operators,
    ClusterEndpoint cluster,
    RowsEndpoint rows,
    BuiltInFiles builtIn,
    HttpMetrics metrics,
    ILogger log) : IHttpApplication<HttpExchange>
{
    private const string Own = "/_mjolnir/";

    private static readonly Refusal MethodNotAllowed = new(405, "Files are asked for by GET or HEAD.");

    private static readonly Refusal BadChunk = new(400, "The body's chunks are not well formed.");

    private readonly TrustedProxies _proxies = new(options.TrustedProxies);

    public HttpExchange CreateContext(IFeatureCollection contextFeatures)
    {
        if (contextFeatures is not IHostContextContainer<HttpExchange> connection)
        {
            return new HttpExchange(contextFeatures, _proxies);
        }

        if (connection.HostContext is { } exchange)
        {
            exchange.Begin(contextFeatures);
            return exchange;
        }

        return connection.HostContext = new HttpExchange(contextFeatures, _proxies);
    }

    public void DisposeContext(HttpExchange context, Exception? exception) => context.End();

    public Task ProcessRequestAsync(HttpExchange context)
    {
        Interlocked.Increment(ref metrics.Requests);
        try
        {
            var task = Handle(context);
            return task.IsCompletedSuccessfully ? task : GuardAsync(context, task);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return FaultAsync(context, e);
        }
    }

    private Task Handle(HttpExchange exchange)
    {
        if (options.SignIn == SignInMode.Open && !RequestOrigin.IsLoopbackHost(exchange.Request))
        {
            return Problem.WriteAsync(exchange, Refusal.WrongHost);
        }

        var path = RequestPath.Raw(exchange.Target);
        if (path.StartsWith(CallEndpoint.Prefix, StringComparison.Ordinal))
        {
            return calls.HandleAsync(exchange, current());
        }

        return path.StartsWith(Own, StringComparison.Ordinal) ? HandleOwn(exchange, path) : HandleFile(exchange, path);
    }

    private Task HandleOwn(HttpExchange exchange, ReadOnlySpan<char> path) => path[Own.Length..] switch
    {
        "session" => sessions.HandleSessionAsync(exchange),
        "users" => sessions.HandleUsersAsync(exchange),
        "live" => live.HandleAsync(exchange),
        "leave" => operators.LeaveAsync(exchange),
        var rest when rest.StartsWith(RowsEndpoint.Prefix, StringComparison.Ordinal) => rows.HandleAsync(exchange, current().Application, rest[RowsEndpoint.Prefix.Length..].ToString()),
        var rest => IsRead(exchange) ? HandleRead(exchange, rest) : Problem.WriteAsync(exchange, MethodNotAllowed),
    };

    private Task HandleRead(HttpExchange exchange, ReadOnlySpan<char> name) => name switch
    {
        "mjolnir.js" when builtIn.Script is { } script => files.HandleAsync(exchange, script, builtIn.IsVersioned(exchange.Target)),
        "sign-in" => builtIn.SignIn.HandleAsync(exchange, files),
        "health" or "health/ready" => operators.HealthAsync(exchange, onlyLive: false),
        "health/live" => operators.HealthAsync(exchange, onlyLive: true),
        "metrics" => operators.MetricsAsync(exchange),
        "status" => operators.StatusAsync(exchange),
        "cluster" => cluster.HandleAsync(exchange),
        _ => Problem.WriteAsync(exchange, Refusal.NotFound),
    };

    private Task HandleFile(HttpExchange exchange, ReadOnlySpan<char> rawPath)
    {
        if (!IsRead(exchange))
        {
            exchange.Response.Headers.Allow = "GET, HEAD";
            return Problem.WriteAsync(exchange, MethodNotAllowed);
        }

        if (!RequestPath.TryRead(rawPath, out var path))
        {
            return Problem.WriteAsync(exchange, Refusal.BadPath);
        }

        var application = current();
        if (application.File(path) is { } file)
        {
            return files.HandleAsync(exchange, file);
        }

        return application.Page(path) is { } page ? pages.HandleAsync(exchange, application, page) : Problem.WriteAsync(exchange, Refusal.NotFound);
    }

    private static bool IsRead(HttpExchange exchange) => HttpMethods.IsGet(exchange.Request.Method) || HttpMethods.IsHead(exchange.Request.Method);

    private async Task GuardAsync(HttpExchange exchange, Task task)
    {
        try
        {
            await task;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            await FaultAsync(exchange, e);
        }
    }

    /// <summary>The client's fault (too large, cut off, malformed) is answered as such; anything else is ours and is logged.</summary>
    private Task FaultAsync(HttpExchange exchange, Exception error)
    {
        var started = exchange.Response.HasStarted;
        if (exchange.Context.RequestAborted.IsCancellationRequested && error is OperationCanceledException or IOException)
        {
            // The client has gone: nobody is left to answer, and nothing of ours is wrong.
            return Task.CompletedTask;
        }

        if (error is BadHttpRequestException bad)
        {
            return started ? Task.CompletedTask : Problem.WriteAsync(exchange, new Refusal(bad.StatusCode, bad.Message));
        }

        if (error is IOException { InnerException: OverflowException })
        {
            // What Kestrel makes of a chunk that says to be larger than numbers go.
            return started ? Task.CompletedTask : Problem.WriteAsync(exchange, BadChunk);
        }

        Interlocked.Increment(ref metrics.Faults);
        HttpLog.RequestFaulted(log, error, exchange.Request.Method, RequestPath.Raw(exchange.Target).ToString());
        if (started)
        {
            // Half an answer must not look like a whole one.
            exchange.Context.Abort();
            return Task.CompletedTask;
        }

        exchange.Response.Headers.Clear();
        return Problem.WriteAsync(exchange, new Refusal(500, "Something went wrong on the server."));
    }
}
