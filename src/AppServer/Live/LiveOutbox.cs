using System.Buffers;
using System.Threading.Channels;

namespace Mjolnir.AppServer.Live;

/// <summary>
/// What waits to be sent on one connection. Messages that are ready together leave as one frame, an array; two buffers change places, so nothing is allocated per message. Bounded by its
/// writer: no more answers than calls in flight, and one of each kind of notice.
/// </summary>
internal sealed class LiveOutbox
{
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private readonly Lock _lock = new();
    private ArrayBufferWriter<byte> _filling = new(1024);
    private ArrayBufferWriter<byte> _sending = new(1024);
    private int _messages;
    private int _places;

    /// <summary>Adds one message and wakes the sender.</summary>
    /// <param name="message">a complete JSON object</param>
    /// <param name="places">places that are free again when it is sent: those of the call that it answers</param>
    public void Add(ReadOnlySpan<byte> message, int places = 0)
    {
        lock (_lock)
        {
            _filling.Write(_messages == 0 ? "["u8 : ","u8);
            _filling.Write(message);
            _messages++;
            _places += places;
        }

        Wake();
    }

    public void Wake() => _wake.Writer.TryWrite(true);

    /// <summary>Waits until somebody woke the sender.</summary>
    public ValueTask<bool> WaitAsync(CancellationToken cancellationToken) => _wake.Reader.ReadAsync(cancellationToken);

    /// <summary>Takes all that waits, as one frame. Good until the next call.</summary>
    /// <param name="places">how many places are free again once it is sent</param>
    public ReadOnlyMemory<byte> Take(out int places)
    {
        lock (_lock)
        {
            places = _places;
            var messages = _messages;
            if (messages == 0)
            {
                return default;
            }

            if (messages > 1)
            {
                _filling.Write("]"u8);
            }

            (_messages, _places) = (0, 0);
            (_filling, _sending) = (_sending, _filling);
            _filling = Emptied(_filling);

            // A single message travels without the bracket.
            return messages > 1 ? _sending.WrittenMemory : _sending.WrittenMemory[1..];
        }
    }

    private static ArrayBufferWriter<byte> Emptied(ArrayBufferWriter<byte> buffer)
    {
        if (buffer.Capacity > AppServerLimits.KeptAnswerBytes)
        {
            return new ArrayBufferWriter<byte>(1024);
        }

        buffer.ResetWrittenCount();
        return buffer;
    }
}
