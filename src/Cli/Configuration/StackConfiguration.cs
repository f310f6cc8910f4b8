using System.Net;
using Mjolnir.AppServer.Http;

namespace Mjolnir.Cli.Configuration;

/// <summary>
/// What a process of a cluster is told: <c>stack.json</c>, environment (<c>Mjolnir__Cache__Nodes__0=…</c>), command line. The names are a contract; docs/operating.md is their reference.
/// An empty string means: not given. Nothing here prints a secret.
/// </summary>
internal sealed record StackConfiguration
{
    /// <summary>The cluster's name: it begins the names of its queues, so that several clusters can share a RabbitMQ.</summary>
    public string Cluster { get; init; } = "mjolnir";

    /// <summary>The application's folder.</summary>
    [FilePath]
    public string Application { get; init; } = "";

    public ServerSection Server { get; init; } = new();

    public CacheSection Cache { get; init; } = new();

    public QueueSection Queue { get; init; } = new();

    public StoreSection Store { get; init; } = new();

    public SecretsSection Secrets { get; init; } = new();

    public ProxySection Proxy { get; init; } = new();

    public LogsSection Logs { get; init; } = new();

    public TelemetrySection Telemetry { get; init; } = new();

    public AuditSection Audit { get; init; } = new();
}

/// <summary>One app server, or the worker of its V-stack.</summary>
internal sealed record ServerSection
{
    /// <summary>The V-stack's name: <c>s1</c>. One live process per role bears it.</summary>
    public string Name { get; init; } = "";

    /// <summary>Where HTTP is served: <c>ip:port</c>.</summary>
    public string Listen { get; init; } = "127.0.0.1:9001";

    /// <summary>Where the proxy and the others reach it; empty: at <see cref="Listen"/>.</summary>
    public string Url { get; init; } = "";

    /// <summary>Where the other servers pass calls to it: <c>host:port</c>, as they reach it; it listens on that port.</summary>
    public string Peer { get; init; } = "127.0.0.1:9101";

    /// <summary>Folder of the process: its lock and the names of its logs. Not shared.</summary>
    [FilePath]
    public string Data { get; init; } = "";

    public SignInMode SignIn { get; init; } = SignInMode.Password;

    /// <summary>Whether calls per user are limited.</summary>
    public bool RateLimit { get; init; } = true;

    /// <summary>Addresses whose <c>X-Forwarded-*</c> headers are believed.</summary>
    public IReadOnlyList<string> TrustedProxies { get; init; } = [];

    /// <summary>The app server's process does its V-stack's write-behind work as well, so that no process of that role is needed beside it.</summary>
    public bool Workers { get; init; }

    /// <summary>Where calls of other servers are listened for: they reach it under a name, it listens on that port at the address where HTTP is served.</summary>
    public IPEndPoint PeerEndPoint() => new(IPEndPoint.Parse(Listen).Address, HostAndPort.TryParse(Peer)!.Port);
}

/// <summary>The memcached beside the server.</summary>
internal sealed record CacheSection
{
    /// <summary><c>host:port</c> as every server reaches it, or the path of a Unix socket (one machine only). A server has exactly one.</summary>
    public IReadOnlyList<string> Nodes { get; init; } = [];
}

/// <summary>RabbitMQ.</summary>
internal sealed record QueueSection
{
    [Secret]
    public string Url { get; init; } = "";

    public override string ToString() => $"{nameof(QueueSection)} {{ {Configuration.Redacted.Url(Url)} }}";
}

/// <summary>The S3 bucket.</summary>
internal sealed record StoreSection
{
    /// <summary>The service's URL; empty: Amazon's of the region.</summary>
    public string Endpoint { get; init; } = "";

    public string Bucket { get; init; } = "";

    /// <summary>Begins the names of all objects: several clusters can share a bucket.</summary>
    public string Prefix { get; init; } = "";

    public string Region { get; init; } = "us-east-1";

    /// <summary>Empty (both): the credentials that the AWS SDK finds by itself.</summary>
    [Secret]
    public string AccessKey { get; init; } = "";

    [Secret]
    public string SecretKey { get; init; } = "";

    public override string ToString() => $"{nameof(StoreSection)} {{ {Endpoint} {Bucket} {Prefix} {Region} }}";
}

internal sealed record SecretsSection
{
    /// <summary>Folder of <c>secrets.json</c>: session keys and operators' tokens, the same for all servers of a cluster.</summary>
    [FilePath]
    public string Folder { get; init; } = "";
}

internal sealed record ProxySection
{
    /// <summary><c>ip:port</c> or <c>http://ip:port</c>; <c>https://ip:port</c> serves TLS with <see cref="Certificates"/>.</summary>
    public IReadOnlyList<string> Listen { get; init; } = ["127.0.0.1:8080"];

    public IReadOnlyList<CertificateEntry> Certificates { get; init; } = [];

    public IReadOnlyList<ApplicationEntry> Applications { get; init; } = [];

    /// <summary>File of the access log; <c>-</c>: standard output; empty: none.</summary>
    public string AccessLog { get; init; } = "";

    public bool RedirectToHttps { get; init; }
}

internal sealed record CertificateEntry
{
    /// <summary>PEM chain, or a PFX.</summary>
    [FilePath]
    public string Certificate { get; init; } = "";

    /// <summary>PEM key; empty with a PFX.</summary>
    [FilePath]
    public string Key { get; init; } = "";

    /// <summary>File with the PFX's password.</summary>
    [FilePath]
    public string PasswordFile { get; init; } = "";
}

/// <summary>One application behind the proxy.</summary>
internal sealed record ApplicationEntry
{
    /// <summary>Its host names: exact, <c>*.example.com</c>, or <c>*</c> for all others.</summary>
    public IReadOnlyList<string> Hosts { get; init; } = ["*"];

    /// <summary>Some of its app servers: the others are learned from them.</summary>
    public IReadOnlyList<string> Servers { get; init; } = [];

    /// <summary>Folder of its cluster's <c>secrets.json</c>; empty: <see cref="SecretsSection.Folder"/>.</summary>
    [FilePath]
    public string Secrets { get; init; } = "";
}

/// <summary>How a role writes its log.</summary>
internal enum LogFormat
{
    /// <summary>Lines for people.</summary>
    Text,

    /// <summary>One JSON object a line.</summary>
    Json,
}

internal sealed record LogsSection
{
    public LogFormat Format { get; init; } = LogFormat.Text;
}

/// <summary>The auditor of a write-behind process.</summary>
internal sealed record AuditSection
{
    /// <summary>Seconds between two rounds, at least; 0: no rounds.</summary>
    public double Pause { get; init; } = 60;
}

internal sealed record TelemetrySection
{
    /// <summary>OTLP collector (<c>http://host:4318</c>, OTLP over HTTP); empty: no traces.</summary>
    public string Endpoint { get; init; } = "";

    /// <summary>Share of transactions that are traced, 0 to 1.</summary>
    public double Sample { get; init; } = 0.01;
}
