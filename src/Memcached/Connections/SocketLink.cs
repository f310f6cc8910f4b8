using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;

namespace Mjolnir.Memcached.Connections;

/// <summary>One socket from connecting to its end, never blocking but in its waits. Asynchronous calls are avoided: each would cost a wake-up of a second thread.</summary>
internal sealed class SocketLink : IDisposable
{
    private readonly Socket _socket;

    private SocketLink(Socket socket) => _socket = socket;

    /// <summary>Connects; false with the reason if that does not work in time.</summary>
    public static bool TryConnect(MemcachedAddress address, TimeSpan patience, [NotNullWhen(true)] out SocketLink? link, out string fault)
    {
        link = null;
        Socket? socket = null;
        try
        {
            var end = address.Resolve();
            socket = new Socket(end.AddressFamily, SocketType.Stream, end.AddressFamily == AddressFamily.Unix ? ProtocolType.Unspecified : ProtocolType.Tcp) { Blocking = false };
            fault = ConnectFault(socket, end, patience);
            if (fault.Length > 0)
            {
                socket.Dispose();
                return false;
            }

            if (end.AddressFamily != AddressFamily.Unix)
            {
                socket.NoDelay = true;
            }

            link = new SocketLink(socket);
            return true;
        }
        catch (SocketException exception)
        {
            socket?.Dispose();
            fault = exception.Message;
            return false;
        }
    }

    /// <summary>Waits until something can be received, or the connection ended; false: not within this time.</summary>
    public bool CanReceive(TimeSpan patience) => _socket.Poll(patience, SelectMode.SelectRead);

    /// <summary>Waits until something can be sent; false: not within this time.</summary>
    public bool CanSend(TimeSpan patience) => _socket.Poll(patience, SelectMode.SelectWrite);

    /// <summary>Bytes received; 0 if there are none now; -1 if the connection ended.</summary>
    public int Receive(Span<byte> into)
    {
        var received = _socket.Receive(into, SocketFlags.None, out var error);
        return error == SocketError.WouldBlock ? 0 : error != SocketError.Success || received == 0 ? -1 : received;
    }

    /// <summary>Bytes sent; 0 if the socket takes none now; -1 if the connection ended.</summary>
    public int Send(ReadOnlySpan<byte> bytes)
    {
        var sent = _socket.Send(bytes, SocketFlags.None, out var error);
        return error == SocketError.WouldBlock ? 0 : error != SocketError.Success ? -1 : sent;
    }

    /// <summary>Ends the connection from any thread: waits return, sends and receives fail. The owner disposes.</summary>
    public void Cut()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Both);
        }
        catch (SocketException)
        {
            // Ended already.
        }
        catch (ObjectDisposedException)
        {
            // Ended already, and its owner is done with it.
        }
    }

    public void Dispose() => _socket.Dispose();

    private static string ConnectFault(Socket socket, System.Net.EndPoint end, TimeSpan patience)
    {
        try
        {
            socket.Connect(end);
            return "";
        }
        catch (SocketException exception) when (exception.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
        {
            if (!socket.Poll(patience, SelectMode.SelectWrite))
            {
                return $"no answer within {patience.TotalMilliseconds:F0} ms";
            }

            var error = (SocketError)(int)socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)!;
            return error == SocketError.Success ? "" : new SocketException((int)error).Message;
        }
    }
}
