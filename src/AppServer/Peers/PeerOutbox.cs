using System.Buffers.Binary;
using System.Net.Sockets;
using Mjolnir.Core.Wire;

namespace Mjolnir.AppServer.Peers;

/// <summary>Kinds of frames on an authenticated link.</summary>
internal enum PeerFrame : byte
{
    /// <summary>Run this: <see cref="PeerCodec.ReadCall"/>.</summary>
    Call = 1,

    /// <summary>What a call came to.</summary>
    Answer = 2,

    /// <summary>A call was not run and will not be: the sender runs it itself.</summary>
    NotHere = 3,

    /// <summary>Are you there?</summary>
    Ping = 4,

    /// <summary>Yes.</summary>
    Pong = 5,

    /// <summary>What have you answered? <see cref="PeerMarksCodec.ReadAsk"/>.</summary>
    AskMarks = 6,

    /// <summary>That: <see cref="PeerMarksCodec.Read"/>.</summary>
    Marks = 7,
}

/// <summary>Writes the content of a frame.</summary>
internal delegate void FrameWriter<TState>(ref WireWriter to, TState state);

/// <summary>
/// The frames that wait to be sent over a socket. Whatever has gathered while one write was under way goes out in the next; so a busy link makes few, large writes and an idle one
/// sends at once, without a timer. Thread-safe.
/// </summary>
internal sealed class PeerOutbox(Socket socket, Action<Exception> failed) : IThreadPoolWorkItem
{
    /// <summary>The length of what follows, and the kind.</summary>
    public const int HeaderBytes = sizeof(uint) + 1;

    private const int FirstBytes = 16 * 1024;
    private const int KeptBytes = 256 * 1024;

    private readonly Lock _gate = new();
    private byte[] _filling = new byte[FirstBytes];
    private byte[] _spare = new byte[FirstBytes];
    private int _filled;
    private long _appended;
    private long _begun;
    private bool _sending;
    private TaskCompletionSource? _drained;
    private bool _closed;

    /// <summary>Appends a frame; false if the outbox is closed or full, and then the frame is never sent.</summary>
    /// <param name="kind">the frame's kind</param>
    /// <param name="size">bytes of its content</param>
    /// <param name="state">what to write</param>
    /// <param name="write">writes it</param>
    /// <param name="appended">called with where the frame begins in all that was ever appended, before anything of it is sent</param>
    public bool TryAppend<TState>(PeerFrame kind, int size, TState state, FrameWriter<TState> write, Action<TState, long>? appended = null)
    {
        lock (_gate)
        {
            var length = HeaderBytes + size;
            if (_closed || _filled + length > PeerLimits.WaitingBytes)
            {
                return false;
            }

            if (_filling.Length - _filled < length)
            {
                Array.Resize(ref _filling, Math.Max(_filling.Length * 2, _filled + length));
            }

            var frame = _filling.AsSpan(_filled, length);
            BinaryPrimitives.WriteUInt32LittleEndian(frame, (uint)(size + 1));
            frame[sizeof(uint)] = (byte)kind;
            var writer = new WireWriter(frame[HeaderBytes..]);
            write(ref writer, state);
            appended?.Invoke(state, _appended);
            _filled += length;
            _appended += length;
            if (_sending)
            {
                return true;
            }

            _sending = true;
        }

        // Not on this thread: what others append in the meantime goes out in the same write.
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        return true;
    }

    /// <summary>No further frame is taken or begun to be sent. Gives the place up to which bytes were handed to the socket: a frame that begins there or behind was certainly not sent.</summary>
    public long Close()
    {
        lock (_gate)
        {
            _closed = true;
            _drained?.TrySetResult();
            return _begun;
        }
    }

    /// <summary>Completes when all that was appended is with the network.</summary>
    public Task DrainAsync()
    {
        lock (_gate)
        {
            return !_sending || _closed ? Task.CompletedTask : (_drained ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    void IThreadPoolWorkItem.Execute() => _ = SendAsync();

    private async Task SendAsync()
    {
        try
        {
            while (TryTake(out var bytes))
            {
                for (var sent = 0; sent < bytes.Count;)
                {
                    sent += await socket.SendAsync(bytes[sent..], SocketFlags.None);
                }

                GiveBack(bytes.Array!);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            failed(e);
        }
    }

    private bool TryTake(out ArraySegment<byte> bytes)
    {
        lock (_gate)
        {
            bytes = default;
            if (_filled == 0 || _closed)
            {
                _sending = false;
                _drained?.TrySetResult();
                return false;
            }

            bytes = new ArraySegment<byte>(_filling, 0, _filled);
            _begun += _filled;
            (_filling, _filled) = (_spare, 0);
            _spare = [];
            return true;
        }
    }

    private void GiveBack(byte[] buffer)
    {
        lock (_gate)
        {
            // After a burst the memory is given back.
            _spare = buffer.Length <= KeptBytes ? buffer : new byte[FirstBytes];
        }
    }
}
