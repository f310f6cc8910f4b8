using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Mjolnir.AppServer.Http;
using Mjolnir.AppServer.Transactions;

namespace Mjolnir.AppServer.Peers;

/// <summary>What a listener for other servers is made of.</summary>
public sealed class PeerListenerOptions
{
    /// <summary>Where to listen; port 0 takes a free one.</summary>
    public required IPEndPoint EndPoint { get; init; }

    /// <summary>What the servers of the cluster know.</summary>
    public required string ClusterToken { get; init; }

    /// <summary>The application served here: calls of another version are given back.</summary>
    public required ApplicationSlot Applications { get; init; }

    /// <summary>Runs the calls.</summary>
    public required TransactionServer Transactions { get; init; }

    /// <summary>What this server has answered, and what a user wrote here; null user: nobody's. From any thread, at once.</summary>
    public Func<string?, PeerMarks> Marks { get; init; } = static _ => new PeerMarks("", 0, []);

    /// <summary>Where taken calls are counted.</summary>
    public PeerCounters Counters { get; init; } = new();

    /// <summary>Clock and timers.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>Where to log.</summary>
    public required ILoggerFactory Logs { get; init; }
}

/// <summary>Takes the calls that other servers of the cluster pass on because their rows are here.</summary>
public sealed class PeerListener : IAsyncDisposable
{
    private readonly PeerListenerOptions _options;
    private readonly PeerHello _hello;
    private readonly ILogger _log;
    private readonly Socket _listening;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<Socket, PeerCaller?> _callers = new();
    private Task _accepting = Task.CompletedTask;
    private int _strangers;
    private volatile bool _stopped;

    /// <summary>Prepares; <see cref="Start"/> listens.</summary>
    public PeerListener(PeerListenerOptions options)
    {
        _options = options;
        _hello = new PeerHello(options.Transactions.Name, options.ClusterToken);
        _log = options.Logs.CreateLogger("Mjolnir.Peers");
        _listening = new Socket(options.EndPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
    }

    /// <summary>Where it listens; known once started.</summary>
    public IPEndPoint EndPoint { get; private set; } = new(IPAddress.None, 0);

    /// <summary>Links of other servers, authenticated ones only.</summary>
    public int Callers => _callers.Values.Count(static caller => caller is not null);

    /// <summary>Begins to listen. Throws <see cref="SocketException"/> if the port is taken.</summary>
    public void Start()
    {
        _listening.Bind(_options.EndPoint);
        _listening.Listen(PeerLimits.Backlog);
        EndPoint = (IPEndPoint)_listening.LocalEndPoint!;
        _accepting = AcceptAsync();
    }

    /// <summary>Takes no further call (whoever sends one runs it itself), lets those under way end, then cuts the links.</summary>
    public async Task StopAsync()
    {
        if (_stopped)
        {
            return;
        }

        // At once: a call that is sent after this returned to its caller is given back.
        _stopped = true;
        foreach (var caller in _callers.Values.OfType<PeerCaller>())
        {
            caller.TakeNoMore();
        }

        await _stop.CancelAsync();
        _listening.Dispose();
        await _accepting;
        var finished = Task.WhenAll(_callers.Values.OfType<PeerCaller>().Select(static caller => caller.FinishAsync()).ToList());
        await Task.WhenAny(finished, Task.Delay(PeerLimits.Stop, _options.Time));
        foreach (var socket in _callers.Keys)
        {
            socket.Dispose();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                Take(await _listening.AcceptAsync(_stop.Token));
            }
            catch (Exception e) when (_stop.IsCancellationRequested && e is OperationCanceledException or ObjectDisposedException or SocketException)
            {
                return;
            }
            catch (SocketException e)
            {
                // Too many open files, or a connection that ended before it was taken: the others go on.
                PeerLog.AcceptFailed(_log, e);
                await Task.Delay(PeerLimits.FirstBackOff, _options.Time);
            }
        }
    }

    private void Take(Socket socket)
    {
        if (_callers.Count >= PeerLimits.Connections || Volatile.Read(ref _strangers) >= PeerLimits.Strangers)
        {
            socket.Dispose();
        }
        else
        {
            _ = ServeAsync(socket);
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        _callers.TryAdd(socket, null);
        try
        {
            socket.NoDelay = true;
            var name = await GreetAsync(socket);
            PeerLog.Accepted(_log, name);
            var caller = new PeerCaller(socket, _options, _log);
            _callers[socket] = caller;
            if (_stopped)
            {
                caller.TakeNoMore();
            }

            var reason = await caller.RunAsync();
            if (!_stop.IsCancellationRequested)
            {
                PeerLog.LinkEnded(_log, name, reason.Message);
            }
        }
        catch (Exception e) when (e is PeerRefusedException or SocketException or EndOfStreamException or FormatException or OperationCanceledException or ObjectDisposedException)
        {
            PeerLog.Refused(_log, AddressOf(socket), e is OperationCanceledException ? "It said nothing in time." : e.Message);
        }
        finally
        {
            _callers.TryRemove(socket, out _);
            socket.Dispose();
        }
    }

    private async Task<string> GreetAsync(Socket socket)
    {
        Interlocked.Increment(ref _strangers);
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            patience.CancelAfter(PeerLimits.Hello);
            return await _hello.AnswerAsync(socket, patience.Token);
        }
        finally
        {
            Interlocked.Decrement(ref _strangers);
        }
    }

    private static string AddressOf(Socket socket)
    {
        try
        {
            return socket.RemoteEndPoint?.ToString() ?? "unknown";
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It has gone already.
            return "unknown";
        }
    }
}
