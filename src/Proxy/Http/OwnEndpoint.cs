using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Mjolnir.Proxy.Cluster;
using Mjolnir.Proxy.Watching;

namespace Mjolnir.Proxy.Http;

/// <summary>What the proxy answers about itself, under any host: health, metrics, status.</summary>
internal sealed class OwnEndpoint(IReadOnlyList<ApplicationCluster> clusters, ProxyMetrics metrics, AccessLog? accessLog, string? statusToken)
{
    private readonly byte[]? _authorization = statusToken is null ? null : Encoding.UTF8.GetBytes("Bearer " + statusToken);

    /// <param name="name">the path behind <c>/_mjolnir/</c></param>
    public static bool Finds(ReadOnlySpan<char> name) => name is "health" or "health/ready" or "health/live" or "proxy/metrics" or "proxy/status";

    public Task HandleAsync(ProxyExchange exchange, string name)
    {
        if (!HttpMethods.IsGet(exchange.Request.Method) && !HttpMethods.IsHead(exchange.Request.Method))
        {
            exchange.Response.Headers.Allow = "GET, HEAD";
            return ProxyAnswer.RefuseAsync(exchange, Refusal.BadMethod);
        }

        return name switch
        {
            "proxy/metrics" => !IsOperator(exchange) ? RefuseAsync(exchange) : ProxyAnswer.WriteAsync(exchange, 200, "text/plain; version=0.0.4; charset=utf-8", Encoding.UTF8.GetBytes(metrics.Text(accessLog?.Dropped ?? 0))),
            "proxy/status" => StatusAsync(exchange),
            _ => HealthAsync(exchange, onlyLive: name == "health/live"),
        };
    }

    /// <summary>Ready: at least one server of one application is.</summary>
    private Task HealthAsync(ProxyExchange exchange, bool onlyLive)
    {
        var ready = clusters.Any(static cluster => cluster.IsReady);
        return ProxyAnswer.WriteAsync(
            exchange,
            ready || onlyLive ? 200 : 503,
            ProxyAnswer.Json,
            ready ? "{\"live\":true,\"ready\":true}"u8.ToArray() : "{\"live\":true,\"ready\":false}"u8.ToArray());
    }

    private Task StatusAsync(ProxyExchange exchange)
    {
        if (!IsOperator(exchange))
        {
            return RefuseAsync(exchange);
        }

        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer))
        {
            Write(json);
        }

        return ProxyAnswer.WriteAsync(exchange, 200, ProxyAnswer.Json, buffer.WrittenMemory);
    }

    private bool IsOperator(ProxyExchange exchange) =>
        _authorization is not null && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(exchange.Request.Headers.Authorization.ToString()), _authorization);

    private static Task RefuseAsync(ProxyExchange exchange)
    {
        exchange.Response.Headers.WWWAuthenticate = "Bearer";
        return ProxyAnswer.RefuseAsync(exchange, Refusal.TokenNeeded);
    }

    private void Write(Utf8JsonWriter json)
    {
        var (predicted, missed) = metrics.Routes;
        json.WriteStartObject();
        json.WriteNumber("underWay", metrics.UnderWay);
        json.WriteNumber("webSockets", metrics.WebSockets);
        json.WriteNumber("predicted", predicted);
        json.WriteNumber("missed", missed);
        json.WriteNumber("passedOn", metrics.PassedOnCount);
        json.WriteStartArray("applications");
        foreach (var cluster in clusters)
        {
            Write(json, cluster);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, ApplicationCluster cluster)
    {
        var table = cluster.Table;
        json.WriteStartObject();
        json.WriteString("name", table.Application);
        json.WriteStartArray("hosts");
        foreach (var host in cluster.Configured.Hosts)
        {
            json.WriteStringValue(host);
        }

        json.WriteEndArray();
        json.WriteNumber("view", table.View);
        json.WriteStartArray("servers");
        foreach (var server in table.Servers)
        {
            var (busy, idle) = server.Connections;
            json.WriteStartObject();
            json.WriteString("name", server.Name);
            json.WriteString("http", server.Prefix);
            json.WriteString("state", server.State.ToString());
            json.WriteNumber("slots", table.Owners.Count(owner => owner == server));
            json.WriteNumber("calls", busy);
            json.WriteNumber("idleConnections", idle);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
