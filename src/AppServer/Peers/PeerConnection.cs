using System.Buffers.Binary;
using System.Net.Sockets;
using Mjolnir.Core;

namespace Mjolnir.AppServer.Peers;

/// <summary>One end of an authenticated connection: reads frames, answers pings, and gives up when the other end is silent.</summary>
internal sealed class PeerConnection
{
    private readonly Socket _socket;
    private readonly TimeProvider _time;
    private readonly TaskCompletionSource<Exception> _broken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _lastReceived;

    public PeerConnection(Socket socket, TimeProvider time)
    {
        _socket = socket;
        _time = time;
        _lastReceived = time.GetTimestamp();
        Outbox = new PeerOutbox(socket, Break);
    }

    public PeerOutbox Outbox { get; }

    /// <summary>Ends the connection.</summary>
    public void Break(Exception reason)
    {
        _broken.TrySetResult(reason);
        _socket.Dispose();
    }

    /// <summary>Says all that is still to be said, and that it was all: the other end closes then, knowing that it got every answer.</summary>
    public async Task SayGoodbyeAsync()
    {
        await Outbox.DrainAsync();
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            Break(e);
        }
    }

    /// <summary>Takes frames in until the connection ends; gives why. The frames' bytes are the receiver's to keep.</summary>
    public async Task<Exception> RunAsync(Action<PeerFrame, ReadOnlyMemory<byte>> receive)
    {
        using var pings = _time.CreateTimer(_ => Ping(), null, PeerLimits.Ping, PeerLimits.Ping);
        try
        {
            await ReceiveAsync(receive);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or CorruptDataException or EndOfStreamException)
        {
            Break(e);
        }

        return await _broken.Task;
    }

    private async Task ReceiveAsync(Action<PeerFrame, ReadOnlyMemory<byte>> receive)
    {
        var buffer = new byte[PeerLimits.ReceiveBytes];
        var filled = 0;
        while (true)
        {
            var count = await _socket.ReceiveAsync(buffer.AsMemory(filled), SocketFlags.None);
            if (count == 0)
            {
                throw new EndOfStreamException("The other end closed the link.");
            }

            Volatile.Write(ref _lastReceived, _time.GetTimestamp());
            filled += count;
            var used = Take(buffer.AsSpan(0, filled), receive);
            filled -= used;
            buffer.AsSpan(used, filled).CopyTo(buffer);
            buffer = Fitting(buffer, filled);
        }
    }

    /// <summary>Hands out the frames that are there whole; gives their bytes.</summary>
    private int Take(ReadOnlySpan<byte> bytes, Action<PeerFrame, ReadOnlyMemory<byte>> receive)
    {
        var used = 0;
        while (bytes.Length - used >= PeerOutbox.HeaderBytes)
        {
            var length = LengthOf(bytes[used..]);
            if (bytes.Length - used < sizeof(uint) + length)
            {
                break;
            }

            var kind = (PeerFrame)bytes[used + sizeof(uint)];
            var content = bytes.Slice(used + PeerOutbox.HeaderBytes, length - 1);
            used += sizeof(uint) + length;
            if (kind == PeerFrame.Ping)
            {
                Append(PeerFrame.Pong);
            }
            else if (kind != PeerFrame.Pong)
            {
                // Copied: the parts of a call live on the lane for as long as its transaction does.
                receive(kind, content.ToArray());
            }
        }

        return used;
    }

    /// <summary>A frame larger than the buffer makes it grow, up to the limit; afterwards it is small again.</summary>
    private static byte[] Fitting(byte[] buffer, int filled)
    {
        var wanted = filled >= PeerOutbox.HeaderBytes ? Math.Max(PeerLimits.ReceiveBytes, sizeof(uint) + LengthOf(buffer)) : PeerLimits.ReceiveBytes;
        if (wanted == buffer.Length)
        {
            return buffer;
        }

        var fitting = new byte[wanted];
        buffer.AsSpan(0, filled).CopyTo(fitting);
        return fitting;
    }

    private static int LengthOf(ReadOnlySpan<byte> header)
    {
        var length = BinaryPrimitives.ReadUInt32LittleEndian(header);
        return length is > 0 and <= PeerLimits.FrameBytes ? (int)length : throw new CorruptDataException($"A frame of {length} bytes; the limit is {PeerLimits.FrameBytes}");
    }

    private void Ping()
    {
        var silence = _time.GetElapsedTime(Volatile.Read(ref _lastReceived));
        if (silence > PeerLimits.Silence)
        {
            Break(new TimeoutException($"The other end has said nothing for {silence.TotalSeconds:0.0} s."));
        }
        else
        {
            Append(PeerFrame.Ping);
        }
    }

    private void Append(PeerFrame kind) => Outbox.TryAppend(kind, 0, 0, static (ref _, _) => { });
}
