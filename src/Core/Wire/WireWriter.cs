using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Mjolnir.Core.Wire;

/// <summary>Writes the primitives of our binary formats into a buffer that the caller measured: numbers as LEB128, texts with their length before them.</summary>
internal ref struct WireWriter(Span<byte> buffer)
{
    private readonly Span<byte> _buffer = buffer;

    public int Position { get; private set; }

    public static int SizeOf(long value) => value < 0x80 ? 1 : ((63 - BitOperations.LeadingZeroCount((ulong)value)) / 7) + 1;

    public static int SizeOf(string text)
    {
        var bytes = Encoding.UTF8.GetByteCount(text);
        return SizeOf(bytes) + bytes;
    }

    public static int SizeOf(ReadOnlyMemory<byte> bytes) => SizeOf(bytes.Length) + bytes.Length;

    public readonly Span<byte> Written => _buffer[..Position];

    public void Byte(byte value) => _buffer[Position++] = value;

    public void Number(long value)
    {
        Invariant.Require(value >= 0, "A number of the format is negative.");
        var rest = (ulong)value;
        for (; rest >= 0x80; rest >>= 7)
        {
            _buffer[Position++] = (byte)(rest | 0x80);
        }

        _buffer[Position++] = (byte)rest;
    }

    public void Text(string text)
    {
        var bytes = Encoding.UTF8.GetByteCount(text);
        Number(bytes);
        Position += Encoding.UTF8.GetBytes(text, _buffer[Position..]);
    }

    public void Bytes(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_buffer[Position..]);
        Position += bytes.Length;
    }

    public void Counted(ReadOnlySpan<byte> bytes)
    {
        Number(bytes.Length);
        Bytes(bytes);
    }

    public void UInt64(ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(_buffer[Position..], value);
        Position += sizeof(ulong);
    }

    public void UInt32(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_buffer[Position..], value);
        Position += sizeof(uint);
    }
}
