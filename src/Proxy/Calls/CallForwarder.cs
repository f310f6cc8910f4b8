using System.IO.Pipelines;
using System.Text;
using Mjolnir.Core.Routing;
using Mjolnir.Core.Telemetry;
using Mjolnir.Proxy.Cluster;
using Mjolnir.Proxy.Http;
using Mjolnir.Proxy.Servers;
using Mjolnir.Proxy.Telemetry;
using Mjolnir.Proxy.Watching;

namespace Mjolnir.Proxy.Calls;

/// <summary>
/// <c>POST /_mjolnir/tx/{handler}</c>: the body is read whole, the slots that the call touches are predicted, and it goes to the server beside the hottest of them. What certainly was not processed
/// (no connection; 503 with <c>Mjolnir-Retry: elsewhere</c>) goes to another server at once. What may have been processed goes elsewhere only if it has an id, which makes that safe; else it is answered as unknown.
/// </summary>
internal sealed class CallForwarder(ProxyLimits limits, ProxyMetrics metrics, TimeProvider time)
{
    public const string Prefix = "/_mjolnir/tx/";

    private const string ServerGone = "The server went away before it answered; ask again with the same id.";
    private const string TooSlow = "The server took too long to answer; ask again with the same id.";

    private readonly LargeBodies _large = new(limits.LargeBodies);
    private readonly long _patience = (long)(limits.Call.TotalSeconds * time.TimestampFrequency);

    public Task HandleAsync(ProxyExchange exchange, ApplicationCluster application)
    {
        var request = exchange.Request;
        return request.ContentLength <= limits.SmallBodyBytes || (request.ContentLength is null && request.Headers.TransferEncoding.Count == 0)
            ? ForwardAsync(exchange, application)
            : ForwardLargeAsync(exchange, application);
    }

    private async Task ForwardLargeAsync(ProxyExchange exchange, ApplicationCluster application)
    {
        if (!_large.TryEnter())
        {
            await ProxyAnswer.RefuseAsync(exchange, Refusal.Busy);
            return;
        }

        try
        {
            await ForwardAsync(exchange, application);
        }
        finally
        {
            _large.Leave();
        }
    }

    private async Task ForwardAsync(ProxyExchange exchange, ApplicationCluster application)
    {
        var handler = Handler(exchange);
        using var span = Tracing.IsOn ? CallSpan.Begin(exchange) : null;
        var learn = application.Predictor.WantsToLearn(handler);
        using var request = await ReadAsync(exchange, learn);
        if (request is null)
        {
            return;
        }

        exchange.Received(time.GetTimestamp());
        await SendAsync(exchange, application, request, handler, learn);
        CallSpan.Answered(span, handler, exchange);
    }

    private async Task SendAsync(ProxyExchange exchange, ApplicationCluster application, CallRequest request, string handler, bool learn)
    {
        var body = CallBody.Read(request.Body);
        var parts = new CallParts(exchange.UserHint(), body.Args, body.Inputs);
        var route = new CallRoute(application, limits.Attempts);
        route.Predict(handler, parts);
        var deadline = exchange.Started + _patience;
        var doubt = default(string);
        while (route.Next() is { } server)
        {
            if (await server.RentAsync() is not { } connection)
            {
                metrics.PassedOn();
                continue;
            }

            exchange.Attempts++;
            var end = await connection.ExchangeAsync(request.Bytes, deadline);
            if (end == ExchangeEnd.Answered && (!SaysElsewhere(connection) || route.IsLast))
            {
                await AnswerAsync(exchange, application, server, connection, body, doubt, learn ? (handler, parts) : default);
                return;
            }

            server.Return(connection);
            if (end != ExchangeEnd.Answered)
            {
                metrics.UpstreamError();
                doubt = end == ExchangeEnd.TimedOut ? TooSlow : ServerGone;
                if (!body.HasId || end == ExchangeEnd.TimedOut)
                {
                    break;
                }
            }

            metrics.PassedOn();
        }

        await (doubt is null ? ProxyAnswer.RefuseAsync(exchange, Refusal.NoServer) : ProxyAnswer.UnknownAsync(exchange, body.IdJson, doubt));
    }

    private static bool SaysElsewhere(ServerConnection connection) =>
        connection.Answer.Status == 503 && CallAnswer.Value(connection.Head, "Mjolnir-Retry"u8).SequenceEqual("elsewhere"u8);

    /// <param name="exchange">the request</param>
    /// <param name="application">whose predictor learns</param>
    /// <param name="server">who answered</param>
    /// <param name="connection">holds the answer; given back here</param>
    /// <param name="body">the call</param>
    /// <param name="doubt">why a server before may have run the call; then "nothing happened" would be too much said</param>
    /// <param name="lesson">what to learn from</param>
    private Task AnswerAsync(ProxyExchange exchange, ApplicationCluster application, AppServer server, ServerConnection connection, in CallBody body, string? doubt, (string Handler, CallParts Parts) lesson)
    {
        if (doubt is not null && connection.Answer.Status is 503 or 429)
        {
            server.Return(connection);
            return ProxyAnswer.UnknownAsync(exchange, body.IdJson, doubt);
        }

        exchange.Server = server.Name;
        ValueTask<FlushResult> flush;
        try
        {
            CallAnswer.Begin(exchange, connection, time.GetElapsedTime(exchange.Started));
            if (lesson.Handler is not null)
            {
                Learn(application.Predictor, lesson.Handler, lesson.Parts, CallAnswer.Value(connection.Head, "Mjolnir-Keys"u8));
            }

            // This copies the body before it returns, so the connection is free again while the browser takes its time.
            flush = exchange.Response.BodyWriter.WriteAsync(connection.Body);
        }
        finally
        {
            server.Return(connection);
        }

        return flush.IsCompletedSuccessfully ? Task.CompletedTask : flush.AsTask();
    }

    private static void Learn(KeyPredictor predictor, string handler, in CallParts parts, ReadOnlySpan<byte> keys)
    {
        if (keys.IsEmpty)
        {
            return;
        }

        var touched = Encoding.ASCII.GetString(keys).Split(',', ProxyLimits.LearnedKeys + 1, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        predictor.Learn(handler, parts, Array.ConvertAll(touched, Uri.UnescapeDataString));
    }

    private static string Handler(ProxyExchange exchange)
    {
        var name = exchange.RawPath[Prefix.Length..];
        return name.Contains('%') ? Uri.UnescapeDataString(name) : name.ToString();
    }

    /// <summary>Reads the body and writes the request; null if that was answered with a refusal.</summary>
    private async ValueTask<CallRequest?> ReadAsync(ProxyExchange exchange, bool learn)
    {
        if (exchange.Request.ContentLength > limits.BodyBytes)
        {
            await ProxyAnswer.RefuseAsync(exchange, Refusal.BodyTooLarge);
            return null;
        }

        var reader = exchange.Request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync();
            var buffer = read.Buffer;
            if (buffer.Length > limits.BodyBytes)
            {
                reader.AdvanceTo(buffer.End);
                await ProxyAnswer.RefuseAsync(exchange, Refusal.BodyTooLarge);
                return null;
            }

            if (read.IsCompleted)
            {
                var request = CallRequest.Create(exchange, buffer, learn);
                reader.AdvanceTo(buffer.End);
                if (request is null)
                {
                    await ProxyAnswer.RefuseAsync(exchange, Refusal.BadTarget);
                }

                return request;
            }

            reader.AdvanceTo(buffer.Start, buffer.End);
        }
    }
}
