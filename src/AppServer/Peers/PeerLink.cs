using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Core;

namespace Mjolnir.AppServer.Peers;

/// <summary>
/// The way to one other server: one connection at a time, kept up in the background, many calls in flight. A call is either certainly not run there, or answered, or unknown; it never
/// waits for a connection. Thread-safe.
/// </summary>
internal sealed class PeerLink : IAsyncDisposable
{
    private readonly PeerHello _hello;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly ConcurrentDictionary<long, Waiting> _waiting = new();
    private readonly ConcurrentDictionary<long, Asked> _asked = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private PeerConnection? _connection;
    private long _calls;
    private string? _complaint;

    /// <summary>Begins to connect.</summary>
    public PeerLink(PeerHello hello, string server, string address, TimeProvider time, ILogger log)
    {
        (_hello, Server, Address, _time, _log) = (hello, server, address, time, log);
        _running = RunAsync();
    }

    /// <summary>The other server's name.</summary>
    public string Server { get; }

    /// <summary>Where it takes calls.</summary>
    public string Address { get; }

    /// <summary>Connected and authenticated.</summary>
    public bool IsConnected => Volatile.Read(ref _connection) is not null;

    /// <summary>Gives a call to the other server, at once or not at all.</summary>
    public Task<PeerReply> CallAsync(TransactionCall call, CallPassage passage, bool wantsKeys)
    {
        if (Volatile.Read(ref _connection) is not { } connection || _waiting.Count >= PeerLimits.CallsInFlight)
        {
            return Task.FromResult(PeerReply.NotRun);
        }

        var number = Interlocked.Increment(ref _calls);
        var waiting = new Waiting(connection, _time.GetTimestamp(), PeerCall.Of(number, call, passage, wantsKeys));
        var size = PeerCodec.SizeOf(waiting.Call);
        if (size >= PeerLimits.FrameBytes)
        {
            return Task.FromResult(PeerReply.NotRun);
        }

        _waiting.TryAdd(number, waiting);
        if (!connection.Outbox.TryAppend(PeerFrame.Call, size, waiting, static (ref to, state) => PeerCodec.Write(ref to, state.Call), static (state, at) => state.At = at))
        {
            End(number, PeerReply.NotRun);
        }

        return waiting.Reply;
    }

    /// <summary>Asks what the other server has answered; null if it does not tell in time.</summary>
    /// <param name="user">whose writes are asked for; null: nobody's</param>
    /// <param name="cancellationToken">ends the wait</param>
    public async ValueTask<PeerMarks?> MarksAsync(string? user, CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _connection) is not { } connection)
        {
            return null;
        }

        var number = Interlocked.Increment(ref _calls);
        var asked = new Asked(connection);
        _asked[number] = asked;
        try
        {
            return connection.Outbox.TryAppend(PeerFrame.AskMarks, PeerMarksCodec.SizeOfAsk(number, user), (number, user), static (ref to, state) => PeerMarksCodec.WriteAsk(ref to, state.number, state.user))
                ? await asked.Marks.Task.WaitAsync(PeerLimits.Marks, _time, cancellationToken)
                : null;
        }
        catch (TimeoutException)
        {
            return null;
        }
        finally
        {
            _asked.TryRemove(number, out _);
        }
    }

    /// <summary>Ends the link; calls under way are told as when it breaks.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Volatile.Read(ref _connection)?.Break(new OperationCanceledException("This server stops, or the other one has gone."));
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        var backOff = PeerLimits.FirstBackOff;
        while (!_stop.IsCancellationRequested)
        {
            if (await TryConnectAsync() is { } socket)
            {
                backOff = PeerLimits.FirstBackOff;
                await UseAsync(socket);
            }

            await PauseAsync(backOff);
            backOff = backOff * 2 < PeerLimits.LongestBackOff ? backOff * 2 : PeerLimits.LongestBackOff;
        }
    }

    private async Task<Socket?> TryConnectAsync()
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        try
        {
            patience.CancelAfter(PeerLimits.Connect);
            await ConnectAsync(socket, patience.Token);
            patience.CancelAfter(PeerLimits.Hello);
            await _hello.CallAsync(socket, Server, patience.Token);
            _complaint = null;
            PeerLog.Linked(_log, Server, Address);
            return socket;
        }
        catch (Exception e) when (e is SocketException or PeerRefusedException or EndOfStreamException or OperationCanceledException or FormatException)
        {
            socket.Dispose();
            Complain(e is OperationCanceledException ? "it does not answer in time." : e.Message);
            return null;
        }
    }

    private async ValueTask ConnectAsync(Socket socket, CancellationToken cancellationToken)
    {
        var colon = Address.LastIndexOf(':');
        if (colon < 0 || !ushort.TryParse(Address.AsSpan(colon + 1), out var port))
        {
            throw new FormatException($"'{Address}' is not host:port.");
        }

        var host = Address[..colon].Trim('[', ']');
        await (IPAddress.TryParse(host, out var address) ? socket.ConnectAsync(address, port, cancellationToken) : socket.ConnectAsync(host, port, cancellationToken));
    }

    /// <summary>Once per reason: a server that is down is tried every few seconds.</summary>
    private void Complain(string reason)
    {
        if (!_stop.IsCancellationRequested && reason != _complaint)
        {
            _complaint = reason;
            PeerLog.NoLink(_log, Server, Address, reason.TrimEnd('.'));
        }
    }

    private async Task UseAsync(Socket socket)
    {
        var connection = new PeerConnection(socket, _time);
        using var sweeping = _time.CreateTimer(_ => EndOverdue(), null, PeerLimits.Ping, PeerLimits.Ping);
        Volatile.Write(ref _connection, connection);
        if (_stop.IsCancellationRequested)
        {
            connection.Break(new OperationCanceledException("This server stops."));
        }

        var reason = await connection.RunAsync(Receive);
        Volatile.Write(ref _connection, null);
        var handedToSocket = connection.Outbox.Close();
        if (!_stop.IsCancellationRequested)
        {
            PeerLog.LinkEnded(_log, Server, reason.Message);
        }

        foreach (var asked in _asked.Values.Where(asked => asked.Connection == connection))
        {
            asked.Marks.TrySetResult(null);
        }

        foreach (var (number, waiting) in _waiting)
        {
            if (waiting.Connection == connection)
            {
                End(number, waiting.At < handedToSocket ? PeerReply.Unknown : PeerReply.NotRun);
            }
        }
    }

    private void Receive(PeerFrame kind, ReadOnlyMemory<byte> content)
    {
        switch (kind)
        {
            case PeerFrame.Answer:
                var (number, answer) = PeerCodec.ReadAnswer(content);
                End(number, PeerReply.Of(answer));
                break;
            case PeerFrame.NotHere:
                End(PeerCodec.ReadNumber(content), PeerReply.NotRun);
                break;
            case PeerFrame.Marks:
                var (question, marks) = PeerMarksCodec.Read(content);
                if (_asked.TryGetValue(question, out var asked))
                {
                    asked.Marks.TrySetResult(marks);
                }

                break;
            default:
                throw new CorruptDataException($"A frame of kind {(byte)kind}, which answers nothing");
        }
    }

    private void EndOverdue()
    {
        foreach (var (number, waiting) in _waiting)
        {
            if (_time.GetElapsedTime(waiting.Began) > PeerLimits.Answer)
            {
                End(number, PeerReply.Unknown);
            }
        }
    }

    /// <summary>An answer that comes later than its call's patience finds nobody.</summary>
    private void End(long number, PeerReply reply)
    {
        if (_waiting.TryRemove(number, out var waiting))
        {
            waiting.End(reply);
        }
    }

    private async Task PauseAsync(TimeSpan pause)
    {
        try
        {
            await Task.Delay(pause, _time, _stop.Token);
        }
        catch (OperationCanceledException)
        {
            // Stopping: the loop sees it.
        }
    }

    private sealed class Asked(PeerConnection connection)
    {
        public PeerConnection Connection { get; } = connection;

        public TaskCompletionSource<PeerMarks?> Marks { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed class Waiting(PeerConnection connection, long began, PeerCall call)
    {
        private readonly TaskCompletionSource<PeerReply> _reply = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public PeerConnection Connection { get; } = connection;

        public long Began { get; } = began;

        public PeerCall Call { get; } = call;

        /// <summary>Where its frame begins in all that the connection sent. Nowhere until it is appended.</summary>
        public long At { get; set; } = long.MaxValue;

        public Task<PeerReply> Reply => _reply.Task;

        public void End(PeerReply reply) => _reply.TrySetResult(reply);
    }
}
