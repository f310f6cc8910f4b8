using System.Net;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Mjolnir.AppServer.Http.Calls;
using Mjolnir.AppServer.Http.Files;
using Mjolnir.AppServer.Http.Operators;
using Mjolnir.AppServer.Live;
using Mjolnir.AppServer.Sessions;
using Mjolnir.Scripting.Applications;

namespace Mjolnir.AppServer.Http;

/// <summary>
/// The HTTP front of an app server: pages and files, calls over POST and WebSocket, sessions, live templates, and what operators ask. Start it, replace the application in its slot as
/// often as you like, stop it.
/// </summary>
public sealed class AppServerHttp : IAsyncDisposable
{
    private readonly AppServerHttpOptions _options;
    private readonly ILogger _log;
    private readonly KestrelServer _server;
    private readonly HttpFront _front;
    private readonly LiveEndpoint _live;
    private readonly WatchedRows _watched = new();
    private readonly BuiltInFiles _builtIn = new();
    private readonly CancellationTokenSource _leaving = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _replacing = new();
    private IDisposable? _changes;
    private ServedApplication _current;
    private Task _compressing = Task.CompletedTask;
    private bool _stopped;

    /// <summary>Reads or makes the secrets and prepares the application. Throws <see cref="SecretsException"/>, or <see cref="ArgumentException"/> for open sign-in on an address that others reach.</summary>
    public AppServerHttp(AppServerHttpOptions options)
    {
        if (options.SignIn == SignInMode.Open && !IPAddress.IsLoopback(options.Address))
        {
            throw new ArgumentException($"Open sign-in lets anybody in as anybody: it listens on loopback only, not on {options.Address}.", nameof(options));
        }

        _options = options;
        _log = options.Logs.CreateLogger("Mjolnir.Http");
        _current = new ServedApplication(options.Applications.Current);
        var secrets = options.Secrets ?? SecretsFile.LoadOrCreate(FolderOf(options), options.Time);
        var metrics = new HttpMetrics();
        var sessions = new SessionBook(new SessionTokens(secrets.SessionKeys, $"session|{_current.Application.Name}|{options.SignIn}"), options.Time);
        var admission = new CallAdmission(options, metrics);
        var renderer = new LiveRenderer(options.Router, _watched, options.Time, metrics, _log, _stopping.Token);
        _live = new LiveEndpoint(new LiveContext(Current, admission, sessions, new LiveViews(_watched, renderer), metrics, _log), options.Logs);
        _front = new HttpFront(
            Current,
            options,
            new CallEndpoint(admission, sessions, metrics, _log),
            new FileEndpoint(metrics),
            new PageEndpoint(options, admission, sessions, metrics, _log),
            new SessionEndpoint(options, sessions, new UserAccounts(options.Router, new Passwords(), options.Time), metrics),
            _live,
            new OperatorEndpoint(options, metrics, secrets.StatusToken),
            new ClusterEndpoint(options, secrets.ClusterToken, _leaving.Token),
            new RowsEndpoint(options, secrets.StatusToken),
            _builtIn,
            metrics,
            _log);
        _server = Server(options);
    }

    /// <summary>Where it listens, <c>http://127.0.0.1:8080/</c>; known once started.</summary>
    public Uri Url => new(_server.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First());

    /// <summary>Begins to listen. Throws <see cref="IOException"/> if the port is taken.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _options.Applications.Replaced += Replace;
        Replace(_options.Applications.Current);
        Compress(_builtIn.All);
        _changes = _options.Router.Any.OnChanged(_watched.OnChanged);
        await _server.StartAsync(_front, cancellationToken);
        HttpLog.Started(_log, _current.Application.Name, Url);
    }

    /// <summary>Stops taking requests, says goodbye to WebSockets, lets requests under way end: less than 2 s in all. Calls that were begun run on in the transactions.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_stopped)
        {
            return;
        }

        _stopped = true;
        await _leaving.CancelAsync();
        _options.Applications.Replaced -= Replace;
        _changes?.Dispose();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(AppServerLimits.Stop);
        await Task.WhenAll(_live.StopAsync(_options.Time), _server.StopAsync(patience.Token));
        await _stopping.CancelAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(CancellationToken.None);
        await _watched.DisposeAsync();
        _server.Dispose();
        _leaving.Dispose();
        _stopping.Dispose();
    }

    private static string FolderOf(AppServerHttpOptions options) =>
        options.SecretsFolder ?? throw new ArgumentException("Either the secrets or their folder must be given.", nameof(options));

    private static KestrelServer Server(AppServerHttpOptions options)
    {
        var kestrel = new KestrelServerOptions { AddServerHeader = false };
        var limits = kestrel.Limits;
        limits.MaxRequestBodySize = AppServerLimits.BodyBytes + AppServerLimits.ChunkFramingBytes;
        limits.MaxRequestHeadersTotalSize = AppServerLimits.HeaderBytes;
        limits.MaxRequestHeaderCount = AppServerLimits.Headers;
        limits.MaxRequestLineSize = AppServerLimits.RequestLineBytes;
        limits.RequestHeadersTimeout = AppServerLimits.RequestHeaders;
        limits.MinRequestBodyDataRate = new MinDataRate(AppServerLimits.BodyBytesPerSecond, AppServerLimits.BodyGrace);
        limits.KeepAliveTimeout = AppServerLimits.IdleConnection;
        limits.MaxConcurrentConnections = AppServerLimits.Connections;
        limits.MaxConcurrentUpgradedConnections = AppServerLimits.LiveConnections;
        kestrel.Listen(options.Address, options.Port, listen => listen.Protocols = HttpProtocols.Http1);

        // One queue: on few cores a second one only moves work between threads. Continuations are not run inline: on two busy cores that cost more CPU per request, and an answer
        // would be sent on the lane's thread.
        var sockets = new SocketTransportOptions { IOQueueCount = 1, Backlog = AppServerLimits.Backlog };
        return new KestrelServer(Options.Create(kestrel), new SocketTransportFactory(Options.Create(sockets), options.Logs), options.Logs);
    }

    private ServedApplication Current() => Volatile.Read(ref _current);

    private void Replace(Application next)
    {
        lock (_replacing)
        {
            if (_current.Application != next)
            {
                Volatile.Write(ref _current, new ServedApplication(next));
                if (_options.Development)
                {
                    _live.SendReload();
                }
            }

            Compress(_current.Files);
        }
    }

    /// <summary>In the background, one version after the other.</summary>
    private void Compress(IEnumerable<ServedFile> files)
    {
        lock (_replacing)
        {
            _compressing = _compressing.ContinueWith(_ => CompressNow(files), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    private void CompressNow(IEnumerable<ServedFile> files)
    {
        try
        {
            FileCompressor.CompressAll(files, _stopping.Token);
        }
        catch (OperationCanceledException)
        {
            // The server stops: files that are not compressed yet never will be asked for.
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            HttpLog.CompressionFaulted(_log, e);
        }
    }
}
