using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Mjolnir.Memcached;

/// <summary>Where a memcached listens: <c>host:port</c>, or the path of a Unix socket.</summary>
public sealed class MemcachedAddress
{
    private readonly string _host;
    private readonly int _port;

    private MemcachedAddress(string host, int port)
    {
        _host = host;
        _port = port;
    }

    /// <summary>Reads an address; false if the text is none.</summary>
    public static bool TryParse(string text, out MemcachedAddress address)
    {
        var colon = text.LastIndexOf(':');
        var isPath = text.StartsWith('/');
        address = new MemcachedAddress(isPath ? text : text[..Math.Max(colon, 0)].Trim('[', ']'), 0);
        if (isPath)
        {
            return true;
        }

        if (address._host.Length == 0 || !int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port is < 1 or > 65535)
        {
            return false;
        }

        address = new MemcachedAddress(address._host, port);
        return true;
    }

    /// <summary>Reads an address.</summary>
    /// <exception cref="FormatException">the text is none</exception>
    public static MemcachedAddress Parse(string text) =>
        TryParse(text, out var address) ? address : throw new FormatException($"'{text}' is no address of a memcached: host:port, or the path of a Unix socket.");

    /// <inheritdoc/>
    public override string ToString() => _port == 0 ? _host : _host.Contains(':') ? $"[{_host}]:{_port}" : $"{_host}:{_port}";

    /// <summary>The end to connect to; a name is resolved each time, it may have moved.</summary>
    internal EndPoint Resolve()
    {
        if (_port == 0)
        {
            return new UnixDomainSocketEndPoint(_host);
        }

        var address = IPAddress.TryParse(_host, out var literal) ? literal : Dns.GetHostAddresses(_host).FirstOrDefault();
        return new IPEndPoint(address ?? throw new SocketException((int)SocketError.HostNotFound), _port);
    }
}
