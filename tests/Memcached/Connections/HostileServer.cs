using System.Net;
using System.Net.Sockets;

namespace Mjolnir.Memcached.Tests.Connections;

/// <summary>A server that a test plays: it accepts one connection after another and hands each to the test's script; when the script returns, the connection is closed.</summary>
internal sealed class HostileServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;

    public HostileServer(Func<Socket, int, CancellationToken, Task> script)
    {
        _listener.Start();
        _accepting = AcceptAsync(script);
    }

    public MemcachedAddress Address => MemcachedAddress.Parse(_listener.LocalEndpoint.ToString()!);

    /// <summary>Reads what was asked until it ends so; what came is returned.</summary>
    public static async Task<string> ReadUntilAsync(Socket socket, string ending, CancellationToken cancellationToken)
    {
        var text = "";
        var buffer = new byte[65536];
        while (!text.EndsWith(ending, StringComparison.Ordinal))
        {
            var length = await socket.ReceiveAsync(buffer, cancellationToken);
            if (length == 0)
            {
                break;
            }

            text += System.Text.Encoding.Latin1.GetString(buffer, 0, length);
        }

        return text;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting;
        _listener.Stop();
        _stop.Dispose();
    }

    private async Task AcceptAsync(Func<Socket, int, CancellationToken, Task> script)
    {
        try
        {
            for (var number = 1; ; number++)
            {
                using var socket = await _listener.AcceptSocketAsync(_stop.Token);
                socket.NoDelay = true;
                try
                {
                    await script(socket, number, _stop.Token);
                }
                catch (SocketException)
                {
                    // The client gave the connection up first.
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }
}
