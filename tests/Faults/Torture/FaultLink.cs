using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Mjolnir.Faults.Tests.Torture;

/// <summary>What a link does not let through.</summary>
[Flags]
internal enum Held
{
    Nothing = 0,

    /// <summary>What is asked does not arrive.</summary>
    Requests = 1,

    /// <summary>What is asked arrives and takes effect, and nobody hears of it.</summary>
    Answers = 2,

    Both = Requests | Answers,
}

/// <summary>
/// A link between a cluster and one of its services, in the way of every TCP connection. It can hold bytes back, as a network that loses packets does: they wait and pass later, in order, unless their connection ends before. And it
/// can be cut: every connection is reset with all that it held, and new ones are reset as soon as they come.
/// </summary>
internal sealed class FaultLink : IAsyncDisposable
{
    private const int BufferBytes = 1 << 16;

    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly EndPoint _service;
    private readonly CancellationTokenSource _ending = new();
    private readonly ConcurrentDictionary<long, Connection> _connections = new();
    private readonly Lock _gate = new();
    private readonly Task _accepting;
    private TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Held _held;
    private bool _isCut;
    private long _next;

    public FaultLink(int servicePort)
    {
        _service = new IPEndPoint(IPAddress.Loopback, servicePort);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _accepting = AcceptAsync();
    }

    /// <summary>Where to connect instead of to the service, on loopback.</summary>
    public int Port { get; }

    /// <summary>Connections that pass at the moment.</summary>
    public int Connections => _connections.Count;

    /// <summary>From now on these bytes wait; connections stay, and new ones are taken.</summary>
    public void Hold(Held held)
    {
        lock (_gate)
        {
            _held = held;
        }
    }

    /// <summary>Resets every connection, and each new one until <see cref="Heal"/>.</summary>
    public void Cut()
    {
        lock (_gate)
        {
            _isCut = true;
        }

        foreach (var connection in _connections.Values)
        {
            connection.Reset();
        }
    }

    /// <summary>Everything passes again; what was held and still has its connection arrives now.</summary>
    public void Heal()
    {
        lock (_gate)
        {
            (_held, _isCut) = (Held.Nothing, false);
            _released.SetResult();
            _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _accepting;
        _listener.Dispose();
        Cut();
        foreach (var connection in _connections.Values)
        {
            await connection.Ended;
        }

        _ending.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptAsync(_ending.Token);
                var (number, connection) = (_next++, new Connection(client));
                _connections[number] = connection;
                connection.Ended = PassAsync(number, connection);
            }
        }
        catch (OperationCanceledException) when (_ending.IsCancellationRequested)
        {
            return;
        }
    }

    private async Task PassAsync(long number, Connection connection)
    {
        try
        {
            await connection.OpenAsync(_service, IsCut);
            await Task.WhenAll(
                PumpAsync(connection, connection.Client, connection.Service, Held.Requests),
                PumpAsync(connection, connection.Service, connection.Client, Held.Answers));
        }
        catch (Exception fault) when (fault is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // One end is gone or the link is cut: the other end is told by a reset.
        }

        connection.Reset();
        _connections.TryRemove(number, out _);
        connection.Dispose();
    }

    private bool IsCut()
    {
        lock (_gate)
        {
            return _isCut;
        }
    }

    private async Task PumpAsync(Connection connection, Socket from, Socket to, Held direction)
    {
        try
        {
            var buffer = new byte[BufferBytes];
            int bytes;
            while ((bytes = await from.ReceiveAsync(buffer, connection.Token)) > 0)
            {
                await FreeAsync(direction, connection.Token);
                for (var sent = 0; sent < bytes;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, bytes - sent), connection.Token);
                }
            }

            await FreeAsync(direction, connection.Token);
            to.Shutdown(SocketShutdown.Send);
        }
        catch
        {
            // The other direction would wait for ever.
            connection.Reset();
            throw;
        }
    }

    /// <summary>Completes when bytes of that direction may pass.</summary>
    private async Task FreeAsync(Held direction, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task released;
            lock (_gate)
            {
                if (!_held.HasFlag(direction))
                {
                    return;
                }

                released = _released.Task;
            }

            await released.WaitAsync(cancellationToken);
        }
    }

    private sealed class Connection(Socket client) : IDisposable
    {
        private readonly CancellationTokenSource _reset = new();
        private readonly Lock _gate = new();
        private bool _isDisposed;

        public Socket Client { get; } = client;

        public Socket Service { get; } = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

        public CancellationToken Token => _reset.Token;

        public Task Ended { get; set; } = Task.CompletedTask;

        /// <summary>Connects to the service, and not if the link is cut.</summary>
        public async Task OpenAsync(EndPoint service, Func<bool> isCut)
        {
            Client.NoDelay = Service.NoDelay = true;
            await Service.ConnectAsync(service, Token);
            if (isCut())
            {
                Reset();
                Token.ThrowIfCancellationRequested();
            }
        }

        /// <summary>Ends it with a reset at both ends. Any number of times, from any thread.</summary>
        public void Reset()
        {
            lock (_gate)
            {
                if (!_isDisposed)
                {
                    _reset.Cancel();
                }
            }
        }

        public void Dispose()
        {
            lock (_gate)
            {
                _isDisposed = true;
            }

            foreach (var socket in new[] { Client, Service })
            {
                socket.LingerState = new LingerOption(true, 0);
                socket.Dispose();
            }

            _reset.Dispose();
        }
    }
}
