using System.Net;
using System.Net.Sockets;

namespace Mjolnir.Cli.Configuration;

/// <summary>An address that a process is about to listen on: looked at before anything is begun, so that there is nothing to undo and one plain message.</summary>
internal static class ListenAddress
{
    /// <summary>Ends the process in plain words if the address cannot be had.</summary>
    /// <param name="key">where it is configured</param>
    /// <param name="address">address and port</param>
    public static void RequireFree(string key, IPEndPoint address)
    {
        if (Problem(address) is { } problem)
        {
            throw new FailureException($"{key}: {address} {Text(problem)}", problem switch
            {
                SocketError.AddressAlreadyInUse => $"Stop the other program, or give another address: --{key}={new IPEndPoint(address.Address, address.Port + 1)}",
                SocketError.AccessDenied => "Choose a port above 1023, or give the process the right (AmbientCapabilities=CAP_NET_BIND_SERVICE in a systemd unit)",
                _ => "Give an address of this machine, or 0.0.0.0 for all of them",
            });
        }
    }

    /// <summary>Why nothing can listen there; null: it can.</summary>
    public static SocketError? Problem(IPEndPoint address)
    {
        using var probe = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            probe.Bind(address);
            probe.Listen();
            return null;
        }
        catch (SocketException fault) when (fault.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AccessDenied or SocketError.AddressNotAvailable)
        {
            return fault.SocketErrorCode;
        }
    }

    private static string Text(SocketError problem) => problem switch
    {
        SocketError.AddressAlreadyInUse => "is in use by another program",
        SocketError.AccessDenied => "may not be used by this user",
        _ => "is no address of this machine",
    };
}
