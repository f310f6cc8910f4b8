using System.Collections.Concurrent;
using System.Net;
using System.Net.WebSockets;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Mjolnir.Core.Keys;

namespace Mjolnir.Proxy.Tests;

/// <summary>What an app server got.</summary>
internal sealed record Seen(string Method, string Target, Dictionary<string, string> Headers, string Body);

/// <summary>A real HTTP server that speaks the app servers' side of the contract with proxies and runs no handlers: a call "touches" the rows named by its text arguments.</summary>
internal sealed class FakeAppServer(FakeCluster cluster, string name) : IAsyncDisposable
{
    private readonly TaskCompletionSource _never = new();
    private WebApplication? _app;
    private int _port;

    public string Name => name;

    public Uri Url => new($"http://127.0.0.1:{_port}");

    /// <summary>What it says of itself.</summary>
    public bool IsReady { get; set; } = true;

    /// <summary>It takes connections and answers nothing.</summary>
    public bool IsFrozen { get; set; }

    /// <summary>How often it was asked whether it is ready.</summary>
    public int Asked;

    /// <summary>Calls that came while it was frozen.</summary>
    public int FrozenCalls;

    /// <summary>Answers calls; null: in the usual way. The body was read.</summary>
    public Func<HttpContext, string, Task>? Call { get; set; }

    /// <summary>Answers everything that is not under <c>/_mjolnir/</c>; null: in the usual way.</summary>
    public Func<HttpContext, Task>? Page { get; set; }

    public ConcurrentQueue<Seen> Calls { get; } = [];

    public ConcurrentQueue<Seen> Others { get; } = [];

    /// <summary>Starts, on the same port as before if there was one.</summary>
    public async Task StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, _port));
        _app = builder.Build();
        _app.UseWebSockets();
        _app.Run(HandleAsync);
        await _app.StartAsync();
        _port = new Uri(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;
    }

    /// <summary>Ends at once: connections are cut, the port refuses.</summary>
    public async Task KillAsync()
    {
        await _app!.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _never.TrySetResult();
        await KillAsync();
    }

    public static Task AnswerAsync(HttpContext context, int code, string body, string type = "application/json")
    {
        context.Response.StatusCode = code;
        context.Response.ContentType = type;
        context.Response.ContentLength = System.Text.Encoding.UTF8.GetByteCount(body);
        return context.Response.WriteAsync(body);
    }

    private async Task HandleAsync(HttpContext context)
    {
        if (IsFrozen)
        {
            Interlocked.Add(ref FrozenCalls, context.Request.Path.StartsWithSegments("/_mjolnir/tx") ? 1 : 0);
            await _never.Task;
            return;
        }

        var path = context.Request.Path.Value!;
        if (path == "/_mjolnir/cluster")
        {
            await ClusterAsync(context);
        }
        else if (path == "/_mjolnir/health/ready")
        {
            await AnswerAsync(context, IsReady ? 200 : 503, "{}");
            Interlocked.Increment(ref Asked);
        }
        else if (path == "/_mjolnir/live" && context.WebSockets.IsWebSocketRequest)
        {
            Others.Enqueue(Note(context, ""));
            await EchoAsync(await context.WebSockets.AcceptWebSocketAsync());
        }
        else if (path.StartsWith("/_mjolnir/tx/", StringComparison.Ordinal))
        {
            var body = await new StreamReader(context.Request.Body).ReadToEndAsync();
            Calls.Enqueue(Note(context, body));
            await (Call is { } call ? call(context, body) : CommitAsync(context, body));
        }
        else
        {
            var body = await new StreamReader(context.Request.Body).ReadToEndAsync();
            Others.Enqueue(Note(context, body));
            await (Page is { } page ? page(context) : AnswerAsync(context, 200, name, "text/plain"));
        }
    }

    private async Task ClusterAsync(HttpContext context)
    {
        if (context.Request.Headers.Authorization != "Bearer " + FakeCluster.Token)
        {
            await AnswerAsync(context, 401, "{}");
            return;
        }

        await cluster.ChangedSinceAsync(context.Request.Query["since"], context.RequestAborted);
        await AnswerAsync(context, 200, cluster.Json());
        Interlocked.Increment(ref cluster.Told);
    }

    public async Task CommitAsync(HttpContext context, string body)
    {
        var keys = Keys(body);
        var routed = keys.Count == 0 || keys.Exists(key => cluster.OwnerOf(key) == name);
        context.Response.Headers["Mjolnir-Routed"] = routed ? "predicted" : "missed";
        context.Response.Headers["Server-Timing"] = "route;dur=0, log;dur=2";
        if (context.Request.Headers["Mjolnir-Learn"] == "1")
        {
            context.Response.Headers["Mjolnir-Keys"] = string.Join(',', keys.Select(Uri.EscapeDataString));
        }

        await AnswerAsync(context, 200, $$"""{"status":"committed","result":"{{name}}"}""");
    }

    private static List<string> Keys(string body)
    {
        using var json = JsonDocument.Parse(body);
        return json.RootElement.TryGetProperty("args", out var args)
            ? [.. args.EnumerateArray().Where(static arg => arg.ValueKind == JsonValueKind.String).Select(static arg => arg.GetString()!)]
            : [];
    }

    private static Seen Note(HttpContext context, string body) =>
        new(context.Request.Method, context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!.RawTarget, context.Request.Headers.ToDictionary(static h => h.Key, static h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase), body);

    private static async Task EchoAsync(WebSocket socket)
    {
        var buffer = new byte[4096];
        while (await socket.ReceiveAsync(buffer, default) is { MessageType: not WebSocketMessageType.Close } got)
        {
            await socket.SendAsync(buffer.AsMemory(0, got.Count), got.MessageType, got.EndOfMessage, default);
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, default);
    }
}

/// <summary>A cluster of fake app servers that share out the slots among themselves.</summary>
internal sealed class FakeCluster : IAsyncDisposable
{
    public const string Token = "cluster-token";

    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private (int First, int Last, string Server)[] _slots = [];
    private int _version = 1;

    public List<FakeAppServer> Servers { get; } = [];

    public string Application { get; set; } = "bank";

    public int View { get; private set; } = 1;

    /// <summary>Servers that are told not to be ready.</summary>
    public HashSet<string> NotReady { get; } = [];

    /// <summary>Servers that are told to be ready whatever they say themselves.</summary>
    public HashSet<string> ToldReady { get; } = [];

    /// <summary>Answers about the cluster.</summary>
    public int Told;

    public static async Task<FakeCluster> StartAsync(int servers)
    {
        var cluster = new FakeCluster();
        for (var i = 1; i <= servers; i++)
        {
            var server = new FakeAppServer(cluster, $"s{i}");
            await server.StartAsync();
            cluster.Servers.Add(server);
        }

        var each = Slots.Count / servers;
        cluster._slots = [.. cluster.Servers.Select((server, i) => (i * each, i == servers - 1 ? Slots.Count - 1 : ((i + 1) * each) - 1, server.Name))];
        return cluster;
    }

    public static int SlotOf(string key) => RowKey.TryCreate("bank", "users", key, out var row) ? Slots.Of(row) : throw new ArgumentException(key);

    public string OwnerOf(string key) => Array.Find(_slots, range => SlotOf(key) >= range.First && SlotOf(key) <= range.Last).Server;

    public FakeAppServer Owner(string key) => Servers.Find(server => server.Name == OwnerOf(key))!;

    /// <summary>Any name whose row the server owns.</summary>
    public string KeyOf(string server, int skip = 0) => Enumerable.Range(0, 100_000).Select(static i => $"user{i}").Where(key => OwnerOf(key) == server).ElementAt(skip);

    /// <summary>Changes something and tells everybody.</summary>
    public void Change(Action<FakeCluster> change)
    {
        change(this);
        Interlocked.Increment(ref _version);
        Interlocked.Exchange(ref _changed, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
    }

    /// <summary>All slots to one server, in a new view.</summary>
    public void GiveAllTo(string server)
    {
        _slots = [(0, Slots.Count - 1, server)];
        View++;
    }

    public async Task ChangedSinceAsync(string? version, CancellationToken cancellationToken)
    {
        var changed = _changed.Task;
        if (version == $"v{Volatile.Read(ref _version)}")
        {
            await Task.WhenAny(changed, Task.Delay(TimeSpan.FromSeconds(10), cancellationToken));
        }
    }

    public string Json() => JsonSerializer.Serialize(new
    {
        version = $"v{Volatile.Read(ref _version)}",
        application = Application,
        view = View,
        slots = _slots.Select(static range => new object[] { range.First, range.Last, range.Server }),
        servers = Servers.Select(server => new { name = server.Name, http = server.Url.GetLeftPart(UriPartial.Authority), ready = ToldReady.Contains(server.Name) || (server.IsReady && !NotReady.Contains(server.Name)) }),
    });

    public async ValueTask DisposeAsync()
    {
        foreach (var server in Servers)
        {
            await server.DisposeAsync();
        }
    }
}
