using System.Buffers;

namespace Mjolnir.Memcached.Wire;

/// <summary>Bytes to be sent, in one piece.</summary>
internal sealed class SendBuffer
{
    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(MemcachedLimits.SendBytes * 2);
    private int _start;

    /// <summary>End of what was written.</summary>
    public int Length { get; private set; }

    public bool IsEmpty => _start == Length;

    /// <summary>What is not sent yet.</summary>
    public ReadOnlySpan<byte> Unsent => _bytes.AsSpan(_start, Length - _start);

    /// <summary>Room for at least this many bytes; <see cref="Advance"/> says how many were written.</summary>
    public Span<byte> Room(int bytes)
    {
        if (_bytes.Length - Length < bytes)
        {
            Move(bytes);
        }

        return _bytes.AsSpan(Length);
    }

    public void Advance(int bytes) => Length += bytes;

    public void Sent(int bytes)
    {
        _start += bytes;
        if (IsEmpty)
        {
            Clear();
        }
    }

    public void Clear()
    {
        _start = Length = 0;
        if (_bytes.Length > MemcachedLimits.SendBytes * 4)
        {
            // One large value passed through; the usual ones need no megabytes.
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = ArrayPool<byte>.Shared.Rent(MemcachedLimits.SendBytes * 2);
        }
    }

    private void Move(int bytes)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Length - _start + bytes);
        Unsent.CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = larger;
        Length -= _start;
        _start = 0;
    }
}
