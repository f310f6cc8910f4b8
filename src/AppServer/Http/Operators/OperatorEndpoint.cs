using System.Buffers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Mjolnir.AppServer.Http.Operators;

/// <summary>What operators and their tools ask: health, metrics, status.</summary>
internal sealed class OperatorEndpoint(AppServerHttpOptions options, HttpMetrics metrics, string statusToken)
{
    private static readonly Refusal TokenNeeded = new(401, "Status and metrics need the status token of the secrets file: Authorization: Bearer …");

    private static readonly Refusal PostNeeded = new(405, "Leaving is asked for by POST.");
    private static readonly Refusal NoCluster = new(409, "This server is no part of a cluster: stop its process instead.");

    private readonly BearerToken _token = new(statusToken);

    /// <summary>Live as long as it answers; ready when transactions run.</summary>
    public Task HealthAsync(HttpExchange exchange, bool onlyLive)
    {
        var ready = options.IsReady();
        return Answer.WriteAsync(
            exchange,
            ready || onlyLive ? 200 : 503,
            Answer.Json,
            ready ? "{\"live\":true,\"ready\":true}"u8.ToArray() : "{\"live\":true,\"ready\":false}"u8.ToArray());
    }

    /// <summary>With the token: how many users there are, who fails to sign in and what is slow is nobody else's business.</summary>
    public Task MetricsAsync(HttpExchange exchange)
    {
        if (!_token.IsIn(exchange.Request))
        {
            return BearerToken.RefuseAsync(exchange, TokenNeeded);
        }

        var writer = new PrometheusWriter();
        metrics.Write(writer);
        options.WriteMetrics?.Invoke(writer);
        return Answer.WriteAsync(exchange, 200, "text/plain; version=0.0.4; charset=utf-8", Encoding.UTF8.GetBytes(writer.ToString()));
    }

    /// <summary>Has this server leave its cluster: answered at once; the process ends when its slots are with others.</summary>
    public Task LeaveAsync(HttpExchange exchange)
    {
        if (!HttpMethods.IsPost(exchange.Request.Method))
        {
            exchange.Response.Headers.Allow = "POST";
            return Problem.WriteAsync(exchange, PostNeeded);
        }

        if (!_token.IsIn(exchange.Request))
        {
            return BearerToken.RefuseAsync(exchange, TokenNeeded);
        }

        if (options.Leave is not { } leave)
        {
            return Problem.WriteAsync(exchange, NoCluster);
        }

        leave();
        return Answer.WriteAsync(exchange, 202, Answer.Json, "{\"leaving\":true}"u8.ToArray());
    }

    public Task StatusAsync(HttpExchange exchange)
    {
        if (!_token.IsIn(exchange.Request))
        {
            return BearerToken.RefuseAsync(exchange, TokenNeeded);
        }

        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteBoolean("ready", options.IsReady());
            options.WriteStatus?.Invoke(json);
            json.WriteEndObject();
        }

        return Answer.WriteAsync(exchange, 200, Answer.Json, buffer.WrittenMemory);
    }
}
