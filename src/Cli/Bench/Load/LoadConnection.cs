using System.Net;
using System.Net.Sockets;

namespace Mjolnir.Cli.Bench.Load;

/// <summary>A keep-alive connection with at most one request under way.</summary>
internal sealed class LoadConnection : IDisposable
{
    private readonly byte[] _received = new byte[BenchLimits.AnswerBytes];
    private int _length;

    public LoadConnection(IPEndPoint server, TransferRequest request)
    {
        Request = request;
        Socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        Socket.Connect(server);
        Socket.Blocking = false;
    }

    public Socket Socket { get; }

    public TransferRequest Request { get; }

    /// <summary>When the request under way was sent first, or due; its answer counts from then.</summary>
    public long SentAt { get; private set; }

    /// <summary>When the next request is due; the clock's present, or earlier, where there is no rate.</summary>
    public long DueAt { get; set; }

    /// <summary>When a pausing connection goes on.</summary>
    public long ResumeAt { get; set; }

    /// <summary>True while the connection pauses because its next request is not due; false: because the server refused one, which is sent again.</summary>
    public bool IsEarly { get; set; }

    public bool Ended { get; private set; }

    /// <summary>Sends; a request is far smaller than a socket's buffer and the buffer is empty, so it always goes out whole.</summary>
    public void Send(ReadOnlySpan<byte> request, long now, bool again = false)
    {
        _length = 0;
        SentAt = again ? SentAt : now;
        var sent = Socket.Send(request, SocketFlags.None, out var error);
        Ended = error != SocketError.Success || sent != request.Length;
    }

    /// <summary>Takes what has come in; true when the answer is whole.</summary>
    public bool TryReceive(out HttpAnswer answer)
    {
        answer = default;
        var count = Socket.Receive(_received.AsSpan(_length), SocketFlags.None, out var error);
        if (error == SocketError.WouldBlock)
        {
            return false;
        }

        if (error != SocketError.Success || count == 0)
        {
            Ended = true;
            return false;
        }

        _length += count;
        if (!HttpAnswer.TryParse(_received.AsSpan(0, _length), out answer))
        {
            Ended = _length == _received.Length;
            return false;
        }

        return true;
    }

    public void Dispose() => Socket.Dispose();
}
