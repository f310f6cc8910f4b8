using System.Net;
using System.Net.Sockets;

namespace Mjolnir.Cli.Up;

/// <summary>Loopback ports for the servers of one cluster, each given once.</summary>
internal sealed class Ports
{
    private int _next;

    /// <param name="seed">where to begin looking: clusters of other folders begin elsewhere, so that two that start together do not take the same</param>
    public Ports(string seed)
    {
        // The same folder begins at the same port in every run, which string.GetHashCode would not do.
        var hash = seed.Aggregate(17u, (sum, letter) => (sum * 31) + letter);
        _next = UpLimits.FirstPort + (int)(hash % (UpLimits.LastPort - UpLimits.FirstPort));
    }

    /// <summary>A port that nobody listens on.</summary>
    public int Take()
    {
        for (var tried = UpLimits.FirstPort; tried <= UpLimits.LastPort; tried++)
        {
            var port = _next;
            _next = _next == UpLimits.LastPort ? UpLimits.FirstPort : _next + 1;
            if (IsFree(port))
            {
                return port;
            }
        }

        throw new FailureException($"no port from {UpLimits.FirstPort} to {UpLimits.LastPort} is free on this machine");
    }

    private static bool IsFree(int port)
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            probe.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
