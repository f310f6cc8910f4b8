using System.Globalization;
using RabbitMQ.Client;

namespace Mjolnir.Storage.Logs.RabbitMq;

/// <summary>Where RabbitMQ is and who asks: <c>amqp://user:password@host:5672,host2:5672/vhost</c>; <c>amqps</c> for TLS. Its text leaves the password out.</summary>
public sealed class RabbitMqAddress
{
    private const string Plain = "amqp";
    private const string Tls = "amqps";

    private RabbitMqAddress(IReadOnlyList<(string Host, int Port)> endpoints, string user, string password, string virtualHost, bool isTls) =>
        (Endpoints, User, Password, VirtualHost, IsTls) = (endpoints, user, password, virtualHost, isTls);

    /// <summary>Host and port of each node, as given.</summary>
    public IReadOnlyList<(string Host, int Port)> Endpoints { get; }

    /// <summary>The user's name.</summary>
    public string User { get; }

    /// <summary>The virtual host; <c>/</c> if none is named.</summary>
    public string VirtualHost { get; }

    /// <summary>Connections are encrypted, and the node's certificate must be valid for its host.</summary>
    public bool IsTls { get; }

    internal string Password { get; }

    /// <summary>Reads an address. Several nodes are separated by commas; each may repeat <c>amqp://user:password@</c>, and the first one's counts.</summary>
    /// <exception cref="FormatException">it is none; the message says what is expected and does not repeat the password</exception>
    public static RabbitMqAddress Parse(string text)
    {
        string? scheme = null, userInfo = null, virtualHost = null;
        var endpoints = new List<(string, int)>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (!Uri.TryCreate(part.Contains("://", StringComparison.Ordinal) ? part : $"{scheme ?? Plain}://{part}", UriKind.Absolute, out var uri) || uri.Scheme is not (Plain or Tls) || uri.Host.Length == 0)
            {
                throw Malformed();
            }

            scheme ??= uri.Scheme;
            userInfo = userInfo is null or "" ? uri.UserInfo : userInfo;
            virtualHost = uri.AbsolutePath.Length > 1 ? uri.AbsolutePath[1..] : virtualHost;
            endpoints.Add((uri.Host.Trim('[', ']'), uri.Port > 0 ? uri.Port : scheme == Tls ? 5671 : 5672));
        }

        if (endpoints.Count == 0)
        {
            throw Malformed();
        }

        var (user, password) = (userInfo ?? "").Split(':', 2) is [var name, var secret] ? (name, secret) : (userInfo ?? "", "");
        return userInfo is null or ""
            ? new(endpoints, ConnectionFactory.DefaultUser, ConnectionFactory.DefaultPass, Unescape(virtualHost), scheme == Tls)
            : new(endpoints, Uri.UnescapeDataString(user), Uri.UnescapeDataString(password), Unescape(virtualHost), scheme == Tls);

        static string Unescape(string? virtualHost) => virtualHost is null ? "/" : Uri.UnescapeDataString(virtualHost);
        static FormatException Malformed() => new("The AMQP URL is malformed. It looks like this: amqp://user:password@host:5672,host2:5672/vhost; characters like : / @ , in user or password are written %XX.");
    }

    /// <summary>The endpoints, without credentials.</summary>
    public override string ToString() => string.Join(", ", Endpoints.Select(endpoint => Text(endpoint)));

    internal static string Text((string Host, int Port) endpoint) => string.Create(CultureInfo.InvariantCulture, $"{endpoint.Host}:{endpoint.Port}");

    internal ConnectionFactory Factory() => new()
    {
        UserName = User,
        Password = Password,
        VirtualHost = VirtualHost,
        // Recovery by the client would declare and bind what was deleted or unbound on purpose (V11).
        AutomaticRecoveryEnabled = false,
        TopologyRecoveryEnabled = false,
        RequestedHeartbeat = RabbitMqClientLimits.Heartbeat,
        RequestedConnectionTimeout = RabbitMqClientLimits.ConnectPatience,
        HandshakeContinuationTimeout = RabbitMqClientLimits.ConnectPatience,
        ContinuationTimeout = RabbitMqClientLimits.ControlPatience,
        ConsumerDispatchConcurrency = 1,
    };

    internal AmqpTcpEndpoint Endpoint((string Host, int Port) endpoint) =>
        new(endpoint.Host, endpoint.Port, new SslOption(endpoint.Host, enabled: IsTls));
}
