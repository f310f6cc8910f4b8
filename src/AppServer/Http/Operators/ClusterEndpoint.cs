using System.Buffers;
using System.Text.Json;
using Mjolnir.AppServer.Routing;

namespace Mjolnir.AppServer.Http.Operators;

/// <summary>
/// <c>GET /_mjolnir/cluster</c>: which server is beside which slots, for the proxy. With <c>?since=VERSION</c> it is held until there is another version, so that a proxy knows of a
/// change as soon as its server does, for one request per ten seconds.
/// </summary>
internal sealed class ClusterEndpoint(AppServerHttpOptions options, string clusterToken, CancellationToken stopping)
{
    private static readonly Refusal TokenNeeded = new(401, "The cluster is told to those who have the secrets file's cluster token: Authorization: Bearer …");

    private readonly BearerToken _token = new(clusterToken);

    public Task HandleAsync(HttpExchange exchange)
    {
        if (options.Cluster is not { } map)
        {
            return Problem.WriteAsync(exchange, Refusal.NotFound);
        }

        return _token.IsIn(exchange.Request) ? AnswerAsync(exchange, map) : BearerToken.RefuseAsync(exchange, TokenNeeded);
    }

    private async Task AnswerAsync(HttpExchange exchange, ClusterMap map)
    {
        if (exchange.Request.Query["since"] is [{ } since] && map.Picture is var known && since == known.Version)
        {
            await HoldAsync(known, exchange.Context.RequestAborted);
        }

        await Answer.WriteAsync(exchange, 200, Answer.Json, Text(map.Picture));
    }

    private async Task HoldAsync(ClusterPicture known, CancellationToken gone)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(gone, stopping);
        var patience = Task.Delay(AppServerLimits.ClusterPoll, options.Time, ended.Token);

        // Whichever way it ends (something new, the time is over, this server stops), what is known then is the answer.
        await Task.WhenAny(known.Superseded, patience);
        await ended.CancelAsync();
    }

    private ReadOnlyMemory<byte> Text(ClusterPicture picture)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("version", picture.Version);
            json.WriteString("application", options.Applications.Current.Name);
            json.WriteNumber("view", picture.View.Number);
            WriteSlots(json, picture);
            WriteServers(json, picture);
            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    private static void WriteSlots(Utf8JsonWriter json, ClusterPicture picture)
    {
        json.WriteStartArray("slots");
        foreach (var range in picture.View.Slots)
        {
            json.WriteStartArray();
            json.WriteNumberValue(range.First);
            json.WriteNumberValue(range.Last);
            json.WriteStringValue(picture.View.Shards[range.Shard].Name);
            json.WriteEndArray();
        }

        json.WriteEndArray();
    }

    private static void WriteServers(Utf8JsonWriter json, ClusterPicture picture)
    {
        json.WriteStartArray("servers");
        foreach (var server in picture.Servers)
        {
            json.WriteStartObject();
            json.WriteString("name", server.Name);
            json.WriteString("http", server.Http);
            json.WriteBoolean("ready", server.IsReady);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
