using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Mjolnir.Proxy;

/// <summary>Where the proxy listens.</summary>
/// <param name="Address">the address</param>
/// <param name="Port">the port; 0 takes a free one (<see cref="ProxyServer.Ports"/> tells which)</param>
/// <param name="Tls">speak TLS, HTTP/2 and HTTP/1.1, with the certificates of <see cref="ProxyOptions.Certificates"/></param>
/// <param name="RedirectTo">without TLS: send everybody to https at this port, health questions excepted</param>
public sealed record ProxyListener(IPAddress Address, int Port, bool Tls = false, int? RedirectTo = null);

/// <summary>A certificate in files. They may change at any time: the new one is used for the next connection, and a broken one is not.</summary>
/// <param name="CertificateFile">PEM with the certificate and those between it and the root, or PKCS#12 (.pfx, .p12)</param>
/// <param name="KeyFile">PEM with the private key; null for PKCS#12</param>
/// <param name="PasswordFile">a file with the password of the key or PKCS#12 file; null if it has none</param>
public sealed record ProxyCertificate(string CertificateFile, string? KeyFile = null, string? PasswordFile = null);

/// <summary>An application behind the proxy.</summary>
/// <param name="Hosts">its host names: exact, <c>*.example.com</c> (at any depth), or <c>*</c></param>
/// <param name="Servers">some of its app servers (<c>http://10.0.0.5:9001</c>): they tell of the others</param>
/// <param name="Token">the cluster's token</param>
public sealed record ProxiedApplication(IReadOnlyList<string> Hosts, IReadOnlyList<Uri> Servers, string Token);

/// <summary>Where a line per request goes, as JSON.</summary>
/// <param name="File">a file; null: standard output</param>
/// <param name="FileBytes">size at which the file is renamed to <c>FILE.1</c>, that to <c>FILE.2</c> and so on</param>
/// <param name="OldFiles">renamed files that are kept</param>
public sealed record AccessLogOptions(string? File = null, long FileBytes = 64 * 1024 * 1024, int OldFiles = 4);

/// <summary>What a proxy is made of.</summary>
public sealed class ProxyOptions
{
    /// <summary>Where it listens.</summary>
    public required IReadOnlyList<ProxyListener> Listeners { get; init; }

    /// <summary>The applications, by host.</summary>
    public required IReadOnlyList<ProxiedApplication> Applications { get; init; }

    /// <summary>Certificates, found by the name that a browser asks for; the first one serves all others.</summary>
    public IReadOnlyList<ProxyCertificate> Certificates { get; init; } = [];

    /// <summary>Who may read <c>/_mjolnir/proxy/status</c> and <c>…/metrics</c>; null: nobody.</summary>
    public string? StatusToken { get; init; }

    /// <summary>Sizes and waits.</summary>
    public ProxyLimits Limits { get; init; } = new();

    /// <summary>A line per request; null: none.</summary>
    public AccessLogOptions? AccessLog { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Where to log.</summary>
    public ILoggerFactory Logs { get; init; } = NullLoggerFactory.Instance;
}

/// <summary>The configuration cannot be served; the message says what to change.</summary>
public sealed class ProxyConfigurationException(string message, Exception? inner = null) : Exception(message, inner);
