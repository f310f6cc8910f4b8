using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Mjolnir.AppServer.Http.Operators;
using Mjolnir.AppServer.Routing;
using Mjolnir.AppServer.Sessions;
using Mjolnir.AppServer.Transactions;

namespace Mjolnir.AppServer.Http;

/// <summary>How users prove who they are.</summary>
public enum SignInMode
{
    /// <summary>By name and password; users sign up themselves.</summary>
    Password,

    /// <summary>Any name is let in without a password. Only on loopback.</summary>
    Open,
}

/// <summary>How much one user may ask for.</summary>
/// <param name="PerSecond">on the average</param>
/// <param name="Burst">at once</param>
public sealed record RateLimit(double PerSecond, int Burst);

/// <summary>What the HTTP front of an app server is made of.</summary>
public sealed class AppServerHttpOptions
{
    /// <summary>Finds the transactions that a call runs on.</summary>
    public required ITransactionRouter Router { get; init; }

    /// <summary>The application served, replaceable while running.</summary>
    public required ApplicationSlot Applications { get; init; }

    /// <summary>The folder of <c>secrets.json</c>, which is made there on first start. Not needed if <see cref="Secrets"/> are given.</summary>
    public string? SecretsFolder { get; init; }

    /// <summary>The secrets that all servers of a cluster share; null: those of <see cref="SecretsFolder"/>.</summary>
    public SecretsFile? Secrets { get; init; }

    /// <summary>What <c>/_mjolnir/cluster</c> tells; null: this server is alone, and says nothing there.</summary>
    public ClusterMap? Cluster { get; init; }

    /// <summary>Proxies whose word about the browser's address and scheme is taken, and who are told the keys of rows (<c>Mjolnir-Learn</c>). Those of this machine unless the operator says otherwise.</summary>
    public IReadOnlyList<IPNetwork> TrustedProxies { get; init; } = ThisMachine;

    /// <summary>The loopback addresses.</summary>
    public static IReadOnlyList<IPNetwork> ThisMachine { get; } = [new(IPAddress.Parse("127.0.0.0"), 8), new(IPAddress.IPv6Loopback, 128)];

    /// <summary>What <c>POST /_mjolnir/leave</c> does: has the shard beside this server taken out of the view, after which the process ends. Null: there is no cluster to leave.</summary>
    public Action? Leave { get; init; }

    /// <summary>How users sign in.</summary>
    public SignInMode SignIn { get; init; } = SignInMode.Password;

    /// <summary>Where to listen. Loopback unless the operator says otherwise.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>The port; 0 takes a free one (<see cref="AppServerHttp.Url"/> tells which).</summary>
    public int Port { get; init; } = 8080;

    /// <summary>True: browsers are told to reload when the application is replaced, and template failures are logged.</summary>
    public bool Development { get; init; }

    /// <summary>Transactions per user; null: no limit (bench).</summary>
    public RateLimit? CallRate { get; init; } = new(AppServerLimits.CallsPerSecond, AppServerLimits.CallBurst);

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Source of transactions' random seeds; the default is unpredictable, tests give a seeded one. Called from many threads.</summary>
    public Func<ulong> RandomSeeds { get; init; } = UnpredictableSeeds.Next;

    /// <summary>Where to log.</summary>
    public ILoggerFactory Logs { get; init; } = NullLoggerFactory.Instance;

    /// <summary>Whether transactions can be run: <c>/_mjolnir/health</c> tells it.</summary>
    public Func<bool> IsReady { get; init; } = static () => true;

    /// <summary>Writes the properties of <c>/_mjolnir/status</c> into the object already begun.</summary>
    public Action<Utf8JsonWriter>? WriteStatus { get; init; }

    /// <summary>Writes further metrics for <c>/_mjolnir/metrics</c>.</summary>
    public Action<PrometheusWriter>? WriteMetrics { get; init; }
}
