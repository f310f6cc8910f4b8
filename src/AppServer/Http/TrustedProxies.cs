using System.Net;
using System.Net.Sockets;

namespace Mjolnir.AppServer.Http;

/// <summary>The addresses whose word about the browser's end is taken: <c>X-Forwarded-For</c>, <c>X-Forwarded-Proto</c>, <c>Mjolnir-Learn</c>. From anybody else these headers are inventions.</summary>
internal sealed class TrustedProxies(IReadOnlyList<IPNetwork> networks)
{
    public bool Contain(IPAddress? address)
    {
        if (address is null)
        {
            return false;
        }

        var plain = address.AddressFamily == AddressFamily.InterNetworkV6 && address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        foreach (var network in networks)
        {
            if (network.Contains(plain))
            {
                return true;
            }
        }

        return false;
    }
}
