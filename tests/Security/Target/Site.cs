using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Logging;
using Mjolnir.AppServer.Http;
using Mjolnir.AppServer.Routing;
using Mjolnir.AppServer.Sessions;
using Mjolnir.Cli.Applications;
using Mjolnir.Cli.Embedded;
using Mjolnir.Proxy;
using Mjolnir.Running;
using Mjolnir.Storage.Cluster;
using Mjolnir.WriteBehind;

namespace Mjolnir.Security.Tests.Target;

/// <summary>What is attacked: an app server over a real embedded stack (scripts, transactions, shards, log, store), and a proxy in front of it, on real sockets.</summary>
public sealed class Site : IAsyncLifetime
{
    private readonly TestFolder _folder = new();
    private readonly InProcessClusterBus _bus = new();
    private EmbeddedStack? _stack;
    private ClusterMap? _map;
    private AppServerHttp? _server;
    private ProxyServer? _proxy;

    /// <summary>Where the app server listens.</summary>
    public Uri Server => _server!.Url;

    /// <summary>Where the proxy listens.</summary>
    public Uri Proxy => new($"http://127.0.0.1:{_proxy!.Ports[0]}");

    /// <summary>Both: what holds must hold whichever is asked.</summary>
    public IReadOnlyList<Uri> Both => [Server, Proxy];

    /// <summary>Everything that server and proxy logged.</summary>
    public CollectedLogs Logs { get; } = new();

    public SecretsFile Secrets { get; private set; } = null!;

    public string Data => _folder.At("data");

    /// <summary>Null: no limit on calls, as most tests want.</summary>
    internal RateLimit? CallRate { get; init; }

    internal ProxyLimits ProxyLimits { get; init; } = new();

    internal static async Task<Site> StartAsync(RateLimit? callRate = null, ProxyLimits? proxyLimits = null)
    {
        var site = new Site { CallRate = callRate, ProxyLimits = proxyLimits ?? new ProxyLimits() };
        await site.InitializeAsync();
        return site;
    }

    public async Task InitializeAsync()
    {
        TargetApplication.Write(_folder.At("app"));
        using var mistakes = new StringWriter();
        var application = AppFolder.Load(_folder.At("app"), mistakes) ?? throw new InvalidOperationException(mistakes.ToString());
        _stack = await EmbeddedStack.StartAsync(new EmbeddedOptions(Data, 1, ScriptEngines.Create, TimeProvider.System, new Random(1)), new Progress<RecoveryProgress>(), CancellationToken.None);
        _map = new ClusterMap("run", _stack.Recovered.View, _bus, TimeProvider.System);
        Secrets = SecretsFile.LoadOrCreate(Data, TimeProvider.System);
        _server = new AppServerHttp(new AppServerHttpOptions
        {
            Router = _stack.Router,
            Applications = new ApplicationSlot(application),
            Secrets = Secrets,
            Cluster = _map,
            Port = 0,
            CallRate = CallRate,
            Logs = Logs,
        });
        await _server.StartAsync(CancellationToken.None);
        _bus.Tell(new ServerBeat("s1", "run", Server.GetLeftPart(UriPartial.Authority), "", "", "", 0, 1, IsReady: true, IsLeaving: false, []));
        _proxy = new ProxyServer(new ProxyOptions
        {
            Listeners = [new ProxyListener(IPAddress.Loopback, 0)],
            Applications = [new ProxiedApplication(["*"], [Server], Secrets.ClusterToken)],
            StatusToken = Secrets.StatusToken,
            Limits = ProxyLimits,
            Logs = Logs,
        });
        await _proxy.StartAsync(CancellationToken.None);
        await Eventually.TrueAsync(() => _proxy.IsReady, "the proxy finds the server");
    }

    public async Task DisposeAsync()
    {
        await (_proxy?.DisposeAsync() ?? default);
        await (_server?.DisposeAsync() ?? default);
        _map?.Dispose();
        if (_stack is not null)
        {
            await _stack.StopAsync(CancellationToken.None);
            await _stack.DisposeAsync();
        }

        _folder.Dispose();
    }

    /// <summary>Somebody new, signed up under this name.</summary>
    public async Task<Visitor> SignedUpAsync(string user, Uri? at = null)
    {
        var visitor = new Visitor(at ?? Server);
        var answer = await visitor.PostAsync("/_mjolnir/users", new { user, password = Visitor.Password });
        Assert.True(answer.Code == 200, answer.Text);
        return visitor;
    }

    /// <summary>Somebody who is not signed in.</summary>
    public Visitor Stranger(Uri? at = null) => new(at ?? Server);

    /// <summary>The server still serves, and has found nothing to blame itself for.</summary>
    public async Task RequireUnharmedAsync()
    {
        foreach (var url in Both)
        {
            using var visitor = new Visitor(url);
            var answer = await visitor.CallAsync("ping");
            Assert.True(answer.Code == 200, answer.Text);
        }

        Assert.Empty(Logs.Errors);
    }
}

/// <summary>What an operator would have in the log: as the roles' own logs, libraries from warnings on, the rest from what is worth knowing on.</summary>
public sealed class CollectedLogs : ILoggerFactory
{
    private readonly ConcurrentQueue<(LogLevel Level, string Text)> _entries = [];

    public string Text => string.Join('\n', _entries.Select(static entry => entry.Text));

    public IEnumerable<string> Errors => _entries.Where(static entry => entry.Level >= LogLevel.Error).Select(static entry => entry.Text);

    public int Count => _entries.Count;

    public ILogger CreateLogger(string categoryName) =>
        new Category(_entries, categoryName.StartsWith("Microsoft", StringComparison.Ordinal) || categoryName.StartsWith("Yarp", StringComparison.Ordinal) ? LogLevel.Warning : LogLevel.Information);

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public void Dispose()
    {
    }

    private sealed class Category(ConcurrentQueue<(LogLevel Level, string Text)> entries, LogLevel least) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= least;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                entries.Enqueue((logLevel, $"{formatter(state, exception)} {exception}"));
            }
        }
    }
}

/// <summary>Conditions that come true by themselves.</summary>
internal static class Eventually
{
    /// <summary>Longer than any of them takes on a machine with much other work.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static async Task TrueAsync(Func<bool> condition, string what)
    {
        using var patience = new CancellationTokenSource(Patience);
        using var ticks = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (!condition())
        {
            Assert.False(patience.IsCancellationRequested, $"Within {Patience.TotalSeconds} s: {what}.");
            await ticks.WaitForNextTickAsync(CancellationToken.None);
        }
    }
}
