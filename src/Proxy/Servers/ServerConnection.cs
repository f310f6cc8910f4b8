using System.Buffers;
using System.Net;
using System.Net.Sockets;

namespace Mjolnir.Proxy.Servers;

/// <summary>How an exchange with a server ended.</summary>
internal enum ExchangeEnd
{
    /// <summary>There is an answer.</summary>
    Answered,

    /// <summary>The connection broke, or was given up, after the request had begun to be sent: nobody knows what was done.</summary>
    Broken,

    /// <summary>The same, because the time was up.</summary>
    TimedOut,
}

/// <summary>
/// One keep-alive connection to an app server, one request at a time: the request in one write, the answer usually in one read. HttpClient does the same for several times the CPU, and a call is all that this proxy is
/// about: so calls go by here, and everything else by YARP.
/// </summary>
internal sealed class ServerConnection : IDisposable
{
    // Values of _deadline besides a time: nothing under way, given up because the time was up, or because the server is gone.
    private const long Idle = 0;
    private const long Expired = -1;
    private const long Cut = -2;

    private readonly Socket _socket;
    private readonly int _mostBytes;
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(ProxyLimits.ReceiveBytes);
    private int _length;
    private long _deadline;

    private ServerConnection(Socket socket, int mostBytes) => (_socket, _mostBytes) = (socket, mostBytes);

    /// <summary>When it was last given back, a timestamp.</summary>
    public long LastUsed { get; set; }

    /// <summary>Place in the list of its server's connections.</summary>
    public int Place { get; set; }

    /// <summary>True if it can carry another request.</summary>
    public bool IsReusable { get; private set; } = true;

    /// <summary>The answer, as long as nothing else is sent.</summary>
    public AnswerHead Answer { get; private set; }

    /// <summary>The answer's header lines.</summary>
    public ReadOnlySpan<byte> Head => _buffer.AsSpan(0, Answer.Length);

    /// <summary>The answer's body.</summary>
    public ReadOnlyMemory<byte> Body => _buffer.AsMemory(Answer.Length, Answer.BodyLength);

    /// <summary>Connects. Throws <see cref="SocketException"/> or <see cref="OperationCanceledException"/>: nothing was sent.</summary>
    public static async ValueTask<ServerConnection> ConnectAsync(EndPoint address, ProxyLimits limits)
    {
        using var patience = new CancellationTokenSource(limits.Connect);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(address, patience.Token);
            return new ServerConnection(socket, limits.AnswerBytes + ProxyLimits.AnswerHeaderBytes);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>True if something can be read though nothing was asked: the server has closed it.</summary>
    public bool IsStale()
    {
        try
        {
            return _socket.Poll(0, SelectMode.SelectRead);
        }
        catch (SocketException)
        {
            return true;
        }
    }

    /// <summary>Sends a request and receives the whole answer. Never throws for what the network or the server does.</summary>
    /// <param name="request">head and body</param>
    /// <param name="deadline">the timestamp at which it is given up</param>
    public async ValueTask<ExchangeEnd> ExchangeAsync(ReadOnlyMemory<byte> request, long deadline)
    {
        Volatile.Write(ref _deadline, deadline);
        var answered = false;
        try
        {
            answered = await SendAsync(request) && await ReceiveAsync();
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Broken, or closed by Expire: the end says which.
        }

        // From here on nobody closes it from outside.
        var end = Interlocked.Exchange(ref _deadline, Idle);
        IsReusable = answered && end > 0 && !Answer.Closes;
        return answered ? ExchangeEnd.Answered : end == Expired ? ExchangeEnd.TimedOut : ExchangeEnd.Broken;
    }

    /// <summary>Ends an exchange whose time is up.</summary>
    public void Expire(long now)
    {
        var deadline = Volatile.Read(ref _deadline);
        if (deadline > 0 && now > deadline)
        {
            End(deadline, Expired);
        }
    }

    /// <summary>Ends an exchange with a server that is gone.</summary>
    public void GiveUp() => End(Volatile.Read(ref _deadline), Cut);

    public void Dispose()
    {
        _socket.Dispose();
        if (Interlocked.Exchange(ref _buffer, []) is { Length: > 0 } buffer)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void End(long deadline, long why)
    {
        if (deadline > 0 && Interlocked.CompareExchange(ref _deadline, why, deadline) == deadline)
        {
            _socket.Dispose();
        }
    }

    private async ValueTask<bool> SendAsync(ReadOnlyMemory<byte> request)
    {
        while (!request.IsEmpty)
        {
            request = request[await _socket.SendAsync(request)..];
        }

        return true;
    }

    private async ValueTask<bool> ReceiveAsync()
    {
        for (_length = 0; ;)
        {
            var count = await _socket.ReceiveAsync(_buffer.AsMemory(_length));
            if (count == 0)
            {
                return false;
            }

            _length += count;
            switch (AnswerHead.Read(_buffer.AsSpan(0, _length), out var head))
            {
                case HeadState.Whole when head.TotalLength <= _length:
                    Answer = head with { Closes = head.Closes || head.TotalLength < _length };
                    return true;
                case HeadState.Whole when head.TotalLength <= _mostBytes:
                    Grow((int)head.TotalLength);
                    break;
                case HeadState.Partial when _length < ProxyLimits.AnswerHeaderBytes:
                    Grow(_length + 1);
                    break;
                default:
                    return false;
            }
        }
    }

    private void Grow(int length)
    {
        if (length > _buffer.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(length, 2 * _buffer.Length));
            _buffer.AsSpan(0, _length).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }
    }

    /// <summary>A buffer that a rare large answer made is not kept.</summary>
    public void Shrink()
    {
        if (_buffer.Length > 16 * ProxyLimits.ReceiveBytes)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = ArrayPool<byte>.Shared.Rent(ProxyLimits.ReceiveBytes);
        }
    }
}
