using System.Net;
using System.Net.Http.Headers;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Mjolnir.AppServer.Http;
using Mjolnir.AppServer.Routing;
using Mjolnir.AppServer.Sessions;
using Mjolnir.AppServer.Transactions;

namespace Mjolnir.AppServer.Tests.Http;

/// <summary>A real server on a free port, with fake transactions behind it, in a folder of its own.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("mjolnir-http-");

    private TestServer(Action<Settings>? change)
    {
        var settings = new Settings();
        change?.Invoke(settings);
        Slot = new ApplicationSlot(settings.Application);
        Http = new AppServerHttp(new AppServerHttpOptions
        {
            Router = settings.Router ?? Transactions,
            Applications = Slot,
            SecretsFolder = settings.SecretsFolder ?? _folder.FullName,
            SignIn = settings.SignIn,
            Port = 0,
            Development = settings.Development,
            CallRate = settings.CallRate,
            Time = settings.Time,
            IsReady = settings.IsReady,
            Cluster = settings.Cluster,
            Secrets = settings.Secrets,
            TrustedProxies = settings.TrustedProxies,
            WriteStatus = static json => json.WriteNumber("rows", 7),
            WriteMetrics = static metrics => metrics.Gauge("mjolnir_test", "A test's.", 1.5),
            Logs = Logs,
        });
    }

    public FakeTransactions Transactions { get; } = new();

    public ApplicationSlot Slot { get; }

    public AppServerHttp Http { get; }

    public CollectedLogs Logs { get; } = new();

    public string Folder => _folder.FullName;

    public Uri Url => Http.Url;

    public static async Task<TestServer> StartAsync(Action<Settings>? change = null)
    {
        var server = new TestServer(change);
        await server.Http.StartAsync(CancellationToken.None);
        return server;
    }

    /// <summary>A browser-like client: keeps cookies, decompresses nothing, follows nothing.</summary>
    public HttpClient Client(bool cookies = true)
        => new(new SocketsHttpHandler { UseCookies = cookies, AllowAutoRedirect = false, AutomaticDecompression = DecompressionMethods.None }) { BaseAddress = Url };

    public async Task<HttpClient> SignedInAsync(string user)
    {
        var client = Client();
        var response = await client.PostAsync("/_mjolnir/session", Json(new { user, password = "" }));
        if (response.StatusCode != HttpStatusCode.OK)
        {
            response = await client.PostAsync("/_mjolnir/users", Json(new { user, password = "long enough" }));
        }

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return client;
    }

    public async Task<string> CookieAsync(string user)
    {
        using var client = Client(cookies: false);
        var response = await client.PostAsync("/_mjolnir/session", Json(new { user, password = "" }));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return response.Headers.GetValues("Set-Cookie").Single().Split(';')[0];
    }

    public async Task<ClientWebSocket> LiveAsync(string? cookie = null, string? origin = null)
    {
        var socket = new ClientWebSocket();
        if (cookie is not null)
        {
            socket.Options.SetRequestHeader("Cookie", cookie);
        }

        if (origin is not null)
        {
            socket.Options.SetRequestHeader("Origin", origin);
        }

        await socket.ConnectAsync(new Uri($"ws://{Url.Authority}/_mjolnir/live"), CancellationToken.None);
        return socket;
    }

    /// <summary>The server's figures, as an operator asks for them.</summary>
    public async Task<string> MetricsAsync(HttpClient client)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/_mjolnir/metrics");
        request.Headers.Authorization = new("Bearer", SecretsFile.Load(Path.Combine(Folder, SecretsFile.FileName)).StatusToken);
        using var response = await client.SendAsync(request);
        return await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync();
    }

    public static StringContent Json(object value) => Text(JsonSerializer.Serialize(value));

    public static StringContent Text(string json, string type = "application/json")
        => new(json, Encoding.UTF8, new MediaTypeHeaderValue(type));

    public async ValueTask DisposeAsync()
    {
        await Http.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    internal sealed class Settings
    {
        public Scripting.Applications.Application Application { get; set; } = TestApplication.Make();

        public SignInMode SignIn { get; set; } = SignInMode.Open;

        public bool Development { get; set; }

        public RateLimit? CallRate { get; set; }

        public TimeProvider Time { get; set; } = TimeProvider.System;

        public Func<bool> IsReady { get; set; } = static () => true;

        public ITransactionRouter? Router { get; set; }

        public string? SecretsFolder { get; set; }

        public ClusterMap? Cluster { get; set; }

        public SecretsFile? Secrets { get; set; }

        public IReadOnlyList<IPNetwork> TrustedProxies { get; set; } = [new(IPAddress.Loopback, 32)];
    }
}

/// <summary>Everything that was logged, so that a test can say what was not.</summary>
internal sealed class CollectedLogs : ILoggerFactory, ILogger
{
    private readonly System.Collections.Concurrent.ConcurrentQueue<(LogLevel Level, string Text)> _entries = new();

    public string Text => string.Join('\n', _entries.Select(entry => entry.Text));

    public IEnumerable<string> Errors => _entries.Where(entry => entry.Level >= LogLevel.Error).Select(entry => entry.Text);

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        => _entries.Enqueue((logLevel, $"{formatter(state, exception)} {exception}"));

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public void Dispose()
    {
    }
}
