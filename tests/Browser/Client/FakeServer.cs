using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Mjolnir.Browser.Tests.Client;

/// <summary>Speaks the server's side of the contract (docs/design/pages.md) over real HTTP and WebSocket; what it answers is up to the test.</summary>
internal sealed class FakeServer : IAsyncDisposable
{
    private readonly Channel<FakeCall> _calls = Channel.CreateUnbounded<FakeCall>();
    private readonly Channel<string> _subscriptions = Channel.CreateUnbounded<string>();
    private readonly ConcurrentDictionary<WebSocket, byte> _sockets = new();
    private readonly string _html;
    private WebApplication? _app;

    private FakeServer(string html) => _html = html;

    public int Port { get; private set; }

    public string Address => $"http://127.0.0.1:{Port}";

    /// <summary>What hello says.</summary>
    public string? User { get; set; } = "alice";

    public string Version { get; set; } = "v1";

    /// <summary>False: the WebSocket cannot be had, as behind a proxy that knows none.</summary>
    public bool HasSockets { get; init; } = true;

    /// <summary>What a POST gets instead of an answer, once: a gateway's error page.</summary>
    public int GatewayError { get; set; }

    public string? ContentSecurityPolicy { get; init; }

    public static Task<FakeServer> StartAsync(FakePage page) => StartAsync(new FakeServer(page.Render()));

    public static Task<FakeServer> StartWithoutSocketsAsync(FakePage page) => StartAsync(new FakeServer(page.Render()) { HasSockets = false });

    public static Task<FakeServer> StartWithPolicyAsync(FakePage page, string policy) => StartAsync(new FakeServer(page.Render()) { ContentSecurityPolicy = policy });

    private static async Task<FakeServer> StartAsync(FakeServer server)
    {
        await server.StartAsync();
        return server;
    }

    /// <summary>Listens: on a free port at first, on the same one again after <see cref="StopAsync"/>.</summary>
    public async Task StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{Port}");
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.Zero);
        _app = builder.Build();
        _app.UseWebSockets();
        _app.Map("/_mjolnir/live", LiveAsync);
        _app.MapPost("/_mjolnir/tx/{handler}", PostAsync);
        _app.MapGet("/_mjolnir/session", () => Results.Json(new { user = User, signIn = "password" }));
        _app.MapGet("/_mjolnir/mjolnir.js", () => Results.Stream(typeof(FakeServer).Assembly.GetManifestResourceStream("mjolnir.js")!, "text/javascript"));
        _app.MapFallback("/{**path}", context => WritePageAsync(context));
        await _app.StartAsync();
        Port = new Uri(_app.Urls.Single()).Port;
    }

    /// <summary>Dies: connections break, nothing under way is answered.</summary>
    public async Task StopAsync()
    {
        BreakSockets();
        await _app!.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
        _app = null;
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null) await StopAsync();
    }

    /// <summary>The next transaction that a page asks for.</summary>
    public async Task<FakeCall> NextCallAsync() => await _calls.Reader.ReadAsync().AsTask().WaitAsync(BrowserTestLimits.Patience);

    /// <summary>True if pages asked for nothing more than was taken so far.</summary>
    public bool IsQuiet => _calls.Reader.Count == 0;

    /// <summary>Waits until a page wants its templates live.</summary>
    public async Task<string> NextSubscriptionAsync() => await _subscriptions.Reader.ReadAsync().AsTask().WaitAsync(BrowserTestLimits.Patience);

    public async Task PushAsync(JsonNode message)
    {
        foreach (var socket in _sockets.Keys) await SendAsync(socket, message);
    }

    public Task PushValuesAsync(params (int Index, string Value)[] values) =>
        PushAsync(new JsonObject { ["type"] = "update", ["values"] = new JsonObject(values.Select(value => KeyValuePair.Create(value.Index.ToString(System.Globalization.CultureInfo.InvariantCulture), (JsonNode?)value.Value))) });

    public void BreakSockets()
    {
        foreach (var socket in _sockets.Keys) socket.Abort();
    }

    /// <summary>Says that a message was too long, as RFC 6455 has it.</summary>
    public async Task CloseTooBigAsync()
    {
        foreach (var socket in _sockets.Keys) await socket.CloseOutputAsync(WebSocketCloseStatus.MessageTooBig, "Too long.", CancellationToken.None);
    }

    private Task WritePageAsync(HttpContext context)
    {
        context.Response.ContentType = "text/html; charset=utf-8";
        if (ContentSecurityPolicy is not null) context.Response.Headers.ContentSecurityPolicy = ContentSecurityPolicy;
        var isPage = context.Request.Path == "/" || context.Request.Path == "/index.html";
        return context.Response.WriteAsync(isPage ? _html : "<!DOCTYPE html><title>Elsewhere</title>");
    }

    private async Task PostAsync(HttpContext context, string handler)
    {
        var message = (await JsonNode.ParseAsync(context.Request.Body))!.AsObject();
        if (GatewayError != 0)
        {
            context.Response.StatusCode = GatewayError;
            GatewayError = 0;
            await context.Response.WriteAsync("<h1>Bad gateway</h1>");
            return;
        }

        var answer = await AskAsync(new FakeCall(handler, message, Transport.Post) { TraceParent = context.Request.Headers.TraceParent });
        await WriteAnswerAsync(context, answer);
    }

    private static Task WriteAnswerAsync(HttpContext context, JsonObject answer)
    {
        var status = (string)answer["status"]!;
        context.Response.StatusCode = status switch { "committed" => 200, "aborted" => 409, "need" => 428, "unknown" => 504, _ => (int)answer["code"]! };
        if (answer["retryAfter"] is { } seconds) context.Response.Headers.RetryAfter = seconds.ToString();
        context.Response.ContentType = status is "committed" or "unknown" ? "application/json" : "application/problem+json";
        if (answer["reason"] is { } reason) answer["detail"] = reason.DeepClone();
        return context.Response.WriteAsync(answer.ToJsonString());
    }

    private async Task LiveAsync(HttpContext context)
    {
        if (!HasSockets)
        {
            context.Response.StatusCode = 404;
            return;
        }

        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        await SendAsync(socket, new JsonObject { ["type"] = "hello", ["user"] = User, ["app"] = "test", ["version"] = Version });
        _sockets[socket] = 0;
        try
        {
            while (await ReceiveAsync(socket) is { } message) Dispatch(socket, message);
        }
        catch (WebSocketException)
        {
            // The page went away, or the test broke the connection: that is what a server sees, too.
        }
        finally
        {
            _sockets.TryRemove(socket, out _);
        }
    }

    private void Dispatch(WebSocket socket, JsonObject message)
    {
        if ((string?)message["type"] == "page") _subscriptions.Writer.TryWrite((string)message["page"]!);
        else _ = AnswerAsync(socket, message);
    }

    private async Task AnswerAsync(WebSocket socket, JsonObject message)
    {
        var answer = await AskAsync(new FakeCall((string)message["handler"]!, message, Transport.Socket));
        answer["n"] = message["n"]!.DeepClone();
        if (socket.State == WebSocketState.Open) await SendAsync(socket, new JsonArray(answer));
    }

    private Task<JsonObject> AskAsync(FakeCall call)
    {
        _calls.Writer.TryWrite(call);
        return call.Answered;
    }

    private static Task SendAsync(WebSocket socket, JsonNode message) =>
        socket.SendAsync(Encoding.UTF8.GetBytes(message.ToJsonString()), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);

    private static async Task<JsonObject?> ReceiveAsync(WebSocket socket)
    {
        using var frame = new MemoryStream();
        var buffer = new byte[4096];
        for (;;)
        {
            var part = await socket.ReceiveAsync(buffer, CancellationToken.None);
            if (part.MessageType == WebSocketMessageType.Close) return null;
            frame.Write(buffer, 0, part.Count);
            if (part.EndOfMessage) return JsonNode.Parse(frame.ToArray())!.AsObject();
        }
    }
}
