using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Mjolnir.Proxy.Calls;
using Mjolnir.Proxy.Cluster;
using Mjolnir.Proxy.Files;
using Mjolnir.Proxy.Http;
using Mjolnir.Proxy.Servers;
using Mjolnir.Proxy.Tls;
using Mjolnir.Proxy.Watching;
using Yarp.ReverseProxy.Forwarder;

namespace Mjolnir.Proxy;

/// <summary>The proxy: hosts and TLS in front, the app servers of one or more applications behind. Start it, stop it; it needs nothing else.</summary>
public sealed class ProxyServer : IAsyncDisposable
{
    private readonly ProxyOptions _options;
    private readonly ILogger _log;
    private readonly WebApplication _services;
    private readonly IServer _server;
    private readonly ApplicationCluster[] _clusters;
    private readonly CertificateStore? _certificates;
    private readonly HttpMessageInvoker _client;
    private readonly AccessLog? _accessLog;
    private readonly ProxyFront _front;
    private readonly CancellationTokenSource _stopping = new();
    private Task _watching = Task.CompletedTask;
    private bool _stopped;

    /// <summary>Checks the configuration and loads certificates. Throws <see cref="ProxyConfigurationException"/> with plain words.</summary>
    public ProxyServer(ProxyOptions options)
    {
        Check(options);
        _options = options;
        _log = options.Logs.CreateLogger("Mjolnir.Proxy");
        var limits = options.Limits;
        _clusters = [.. options.Applications.Select(application => new ApplicationCluster(application, limits, options.Time, _log))];
        var hosts = new HostTable(_clusters);
        _certificates = options.Certificates.Count == 0 ? null : new CertificateStore(options.Certificates, limits, options.Time, _log);
        _client = Client(limits);
        _services = Services();
        _server = _services.Services.GetRequiredService<IServer>();
        _accessLog = options.AccessLog is { } access ? new AccessLog(access, limits.AccessLogLines, _log) : null;
        var metrics = new ProxyMetrics();
        var rates = limits.RequestsPerSecond > 0 ? new ClientRates(limits.RequestsPerSecond, limits.RequestBurst, BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)), options.Time) : null;
        _front = new ProxyFront(
            hosts,
            new CallForwarder(limits, metrics, options.Time),
            new PlainForwarder(_services.Services.GetRequiredService<IHttpForwarder>(), _client, limits, metrics),
            new OwnEndpoint(_clusters, metrics, _accessLog, options.StatusToken),
            rates,
            metrics,
            _accessLog,
            options.Listeners.Any(static listener => listener.Tls) && options.Listeners.All(static listener => listener.Tls || listener.RedirectTo is not null),
            limits,
            options.Time,
            _log);
    }

    /// <summary>The ports it listens on, in the order of <see cref="ProxyOptions.Listeners"/>; known once started.</summary>
    public IReadOnlyList<int> Ports { get; private set; } = [];

    /// <summary>True if at least one server of one application takes calls.</summary>
    public bool IsReady => Array.Exists(_clusters, static cluster => cluster.IsReady);

    /// <summary>
    /// Looks for servers, for <see cref="ProxyLimits.FirstLook"/> at most, so that a proxy that comes back does not greet its first callers with 503; then begins to listen. From then on servers are looked for in
    /// the background, and while there is none requests get 503. Throws <see cref="IOException"/> if a port is taken.
    /// </summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var limits = _options.Limits;
        _watching = Task.WhenAll([
            new ServerWatch(_clusters, _client, limits, _options.Time).RunAsync(_stopping.Token),
            .. _clusters.Select(cluster => new ClusterWatch(cluster, _client, limits, _options.Time, _log).RunAsync(_stopping.Token)),
        ]);
        await LookForServersAsync(cancellationToken);
        await _server.StartAsync(_front, cancellationToken);
        Ports = [.. _server.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Select(static address => new Uri(address).Port)];
        foreach (var (listener, port) in _options.Listeners.Zip(Ports))
        {
            ProxyLog.Listening(_log, port, listener.Tls ? "https" : "http");
        }

        _certificates?.Watch();
    }

    /// <summary>Stops taking requests and lets those under way end, within <see cref="ProxyLimits.Stop"/>; WebSockets are cut.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_stopped)
        {
            return;
        }

        _stopped = true;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(_options.Limits.Stop);
        await _server.StopAsync(patience.Token);
        await _stopping.CancelAsync();
        await _watching;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(CancellationToken.None);
        await _services.DisposeAsync();
        Array.ForEach(_clusters, static cluster => cluster.Dispose());
        _client.Dispose();
        await (_certificates?.DisposeAsync() ?? default);
        await (_accessLog?.DisposeAsync() ?? default);
        _stopping.Dispose();
    }

    private async Task LookForServersAsync(CancellationToken cancellationToken)
    {
        var time = _options.Time;
        var began = time.GetTimestamp();
        while (!Array.TrueForAll(_clusters, static cluster => cluster.IsReady) && time.GetElapsedTime(began) < _options.Limits.FirstLook)
        {
            await Task.Delay(ProxyLimits.LookAgain, time, cancellationToken);
        }
    }

    private static void Check(ProxyOptions options)
    {
        if (options.Listeners.Count == 0 || options.Applications.Count == 0)
        {
            throw new ProxyConfigurationException("A proxy needs at least one address to listen on and one application.");
        }

        if (options.Certificates.Count == 0 && options.Listeners.Any(static listener => listener.Tls))
        {
            throw new ProxyConfigurationException("A listener speaks TLS but there is no certificate.");
        }

        foreach (var application in options.Applications)
        {
            if (application.Hosts.Count == 0 || application.Servers.Count == 0)
            {
                throw new ProxyConfigurationException("An application behind the proxy needs at least one host name and one server.");
            }

            if (application.Servers.FirstOrDefault(static url => !url.IsAbsoluteUri || url.Scheme != Uri.UriSchemeHttp) is { } wrong)
            {
                throw new ProxyConfigurationException($"'{wrong}' is no address of an app server: they are reached by http://host:port.");
            }
        }
    }

    /// <summary>Only what Kestrel and YARP want to be given; nothing of it is in a request's way.</summary>
    private WebApplication Services()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.Replace(ServiceDescriptor.Singleton(_options.Logs));
        builder.Services.AddSingleton(_options.Time);
        builder.Services.AddHttpForwarder();
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(Configure);

        // One queue: on few cores a second one only moves work between threads.
        builder.Services.Configure<SocketTransportOptions>(static sockets => (sockets.IOQueueCount, sockets.Backlog) = (1, ProxyLimits.Backlog));
        return builder.Build();
    }

    private void Configure(KestrelServerOptions kestrel)
    {
        var (from, to) = (_options.Limits, kestrel.Limits);
        kestrel.AddServerHeader = false;
        to.MaxRequestBodySize = from.BodyBytes + ProxyLimits.ChunkFramingBytes;
        to.MaxRequestHeadersTotalSize = from.HeaderBytes;
        to.MaxRequestHeaderCount = from.Headers;
        to.MaxRequestLineSize = from.RequestLineBytes;
        to.RequestHeadersTimeout = from.RequestHeaders;
        to.MinRequestBodyDataRate = new MinDataRate(from.BodyBytesPerSecond, from.BodyGrace);
        to.KeepAliveTimeout = from.IdleConnection;
        to.MaxConcurrentConnections = from.Connections;
        to.MaxConcurrentUpgradedConnections = from.WebSockets;
        to.Http2.MaxStreamsPerConnection = from.Http2Streams;
        foreach (var listener in _options.Listeners)
        {
            kestrel.Listen(listener.Address, listener.Port, listen => Configure(listen, listener));
        }
    }

    private void Configure(ListenOptions listen, ProxyListener listener)
    {
        listen.Protocols = listener.Tls ? HttpProtocols.Http1AndHttp2 : HttpProtocols.Http1;
        if (listener.RedirectTo is not null)
        {
            listen.Use(next => connection => Mark(connection, listener, next));
        }

        if (listener.Tls)
        {
            var certificates = _certificates!;
            listen.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = hello => ValueTask.FromResult(certificates.For(hello.ClientHelloInfo.ServerName).Options) });
        }
    }

    private static Task Mark(ConnectionContext connection, ProxyListener listener, ConnectionDelegate next)
    {
        connection.Features.Set(listener);
        return next(connection);
    }

    /// <summary>For YARP and for questions to servers: nothing is followed, unpacked, kept or added on the way.</summary>
    private static HttpMessageInvoker Client(ProxyLimits limits) => new(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = System.Net.DecompressionMethods.None,
        ConnectTimeout = limits.Connect,
        PooledConnectionIdleTimeout = limits.IdleServerConnection,
        MaxConnectionsPerServer = limits.ConnectionsPerServer + limits.WebSockets,
        ActivityHeadersPropagator = null,
    });
}
