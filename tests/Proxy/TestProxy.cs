using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Mjolnir.Proxy.Tests;

/// <summary>A real proxy in front of fake app servers.</summary>
internal sealed class TestProxy : IAsyncDisposable
{
    public const string StatusToken = "status-token";

    private TestProxy(ProxyServer server, TestLogs logs) => (Server, Logs) = (server, logs);

    public ProxyServer Server { get; }

    public TestLogs Logs { get; }

    public Uri Url => new($"http://127.0.0.1:{Server.Ports[0]}");

    public static Task<TestProxy> StartAsync(FakeCluster cluster, ProxyLimits? limits = null) => StartAsync(Options(cluster, limits));

    public static async Task<TestProxy> StartAsync(ProxyOptions options, bool waitUntilReady = true)
    {
        var proxy = new TestProxy(new ProxyServer(options), (TestLogs)options.Logs);
        await proxy.Server.StartAsync(CancellationToken.None);
        if (waitUntilReady)
        {
            await Eventually.TrueAsync(() => proxy.Server.IsReady, "the proxy finds a ready server");
        }

        return proxy;
    }

    public static ProxyOptions Options(FakeCluster cluster, ProxyLimits? limits = null, AccessLogOptions? accessLog = null, IReadOnlyList<ProxyListener>? listeners = null, IReadOnlyList<ProxyCertificate>? certificates = null, params string[] hosts) => new()
    {
        Listeners = listeners ?? [new ProxyListener(IPAddress.Loopback, 0)],
        Applications = [new ProxiedApplication(hosts.Length == 0 ? ["*"] : hosts, [.. cluster.Servers.Select(static server => server.Url)], FakeCluster.Token)],
        Certificates = certificates ?? [],
        StatusToken = StatusToken,
        Limits = limits ?? new ProxyLimits(),
        AccessLog = accessLog,
        Logs = new TestLogs(),
    };

    public HttpClient Client() => new(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false }) { BaseAddress = Url };

    public static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");

    /// <summary>Calls a handler; the result is the server's name if the call was committed in the usual way.</summary>
    public static async Task<(int Code, JsonElement Answer, HttpResponseMessage Response)> CallAsync(HttpClient client, string body, string handler = "transfer")
    {
        var response = await client.PostAsync("/_mjolnir/tx/" + handler, Json(body));
        var text = await response.Content.ReadAsStringAsync();
        return ((int)response.StatusCode, text.Length == 0 ? default : JsonDocument.Parse(text).RootElement, response);
    }

    /// <summary>The proxy's figures, as an operator asks for them.</summary>
    public static async Task<string> MetricsAsync(HttpClient client)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/_mjolnir/proxy/metrics");
        request.Headers.Authorization = new("Bearer", StatusToken);
        using var response = await client.SendAsync(request);
        return await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync();
    }

    /// <summary>Calls until the proxy knows which arguments name rows.</summary>
    public async Task LearnAsync(HttpClient client)
    {
        for (var i = 0; i < 4; i++)
        {
            Assert.Equal(200, (await CallAsync(client, $$"""{"args":["learn{{i}}","other{{i}}",1]}""")).Code);
        }
    }

    /// <summary>Sends bytes as they are and reads until the proxy closes.</summary>
    public async Task<string> RawAsync(string request, bool close = true)
    {
        var text = close ? request.Replace("\r\nHost:", "\r\nConnection: close\r\nHost:", StringComparison.Ordinal) : request;
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(Url.Host, Url.Port, patience.Token);
        var answer = new MemoryStream();
        try
        {
            await socket.SendAsync(Encoding.Latin1.GetBytes(text), patience.Token);
            var buffer = new byte[16 * 1024];
            while (await socket.ReceiveAsync(buffer, patience.Token) is var count && count > 0)
            {
                answer.Write(buffer, 0, count);
            }
        }
        catch (SocketException)
        {
            // Cut off, as is the proxy's right; the test looks at what it said before.
        }

        return Encoding.Latin1.GetString(answer.ToArray());
    }

    public static string Cookie(string user) =>
        $"mjolnir-session=1.{System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes(user))}.id.1.2.mac";

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}

/// <summary>Conditions that come true by themselves.</summary>
internal static class Eventually
{
    public static async Task TrueAsync(Func<bool> condition, string what, int seconds = 10)
    {
        using var ticks = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        var limit = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(limit).TotalSeconds < seconds, $"Within {seconds} s: {what}.");
            await ticks.WaitForNextTickAsync();
        }
    }
}

/// <summary>Remembers what was logged.</summary>
internal sealed class TestLogs : ILoggerFactory, ILogger
{
    public ConcurrentQueue<(LogLevel Level, string Text)> Lines { get; } = [];

    public IEnumerable<string> Errors => Lines.Where(static line => line.Level >= LogLevel.Error).Select(static line => line.Text);

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public void Dispose()
    {
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            Lines.Enqueue((logLevel, formatter(state, exception) + exception));
        }
    }
}
