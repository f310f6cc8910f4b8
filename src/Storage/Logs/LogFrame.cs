using System.Buffers.Binary;
using Mjolnir.Core.Keys;

namespace Mjolnir.Storage.Logs;

/// <summary>What a frame holds. The numbers are in files.</summary>
internal enum FrameKind : byte
{
    Message = 1,
    Seal = 2,
}

/// <summary>What stands at a place of a file.</summary>
internal enum FrameState
{
    Good,

    /// <summary>The file ends before the frame does; or exactly here.</summary>
    Short,

    Bad,
}

/// <summary>
/// One message in a log's file (docs/design/embedded-log.md). Little-endian:
/// magic 4 · body length 4 · sequence 8 · confirmed 8 · kind 1 · zero 3 · body · xxHash64 of all before 8.
/// </summary>
/// <param name="Sequence">consecutive in its log, from 1</param>
/// <param name="Confirmed">the newest sequence that was confirmed when this frame was written: all up to there was durable before, whatever it looks like now</param>
/// <param name="Kind">message or seal marker</param>
/// <param name="Body">the message; empty for a seal marker</param>
internal readonly record struct LogFrame(long Sequence, long Confirmed, FrameKind Kind, ReadOnlyMemory<byte> Body)
{
    public const int HeaderBytes = 28;
    public const int OverheadBytes = HeaderBytes + sizeof(ulong);

    /// <summary>First four bytes of a frame: "MJFR".</summary>
    public static ReadOnlySpan<byte> Magic => "MJFR"u8;

    /// <summary>Bytes in the file.</summary>
    public int Length => OverheadBytes + Body.Length;

    /// <summary>The body's place in the frame's bytes.</summary>
    public Range BodyRange => HeaderBytes..(HeaderBytes + Body.Length);

    public void Write(Span<byte> target)
    {
        Magic.CopyTo(target);
        BinaryPrimitives.WriteInt32LittleEndian(target[4..], Body.Length);
        BinaryPrimitives.WriteInt64LittleEndian(target[8..], Sequence);
        BinaryPrimitives.WriteInt64LittleEndian(target[16..], Confirmed);
        target[24..HeaderBytes].Clear();
        target[24] = (byte)Kind;
        Body.Span.CopyTo(target[HeaderBytes..]);
        var hashed = HeaderBytes + Body.Length;
        BinaryPrimitives.WriteUInt64LittleEndian(target[hashed..], XxHash64.Hash(target[..hashed]));
    }

    /// <summary>The length of the frame that begins here, or 0 if none does. Not proved before its checksum is.</summary>
    public static long ClaimedLength(ReadOnlySpan<byte> header)
    {
        var length = BinaryPrimitives.ReadInt32LittleEndian(header[4..]);
        return header.StartsWith(Magic) && length >= 0 ? (long)OverheadBytes + length : 0;
    }

    /// <summary>Reads a frame from exactly its bytes; false if it is not as it was written.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> bytes, out LogFrame frame)
    {
        var span = bytes.Span;
        var hashed = span.Length - sizeof(ulong);
        frame = default;
        if (BinaryPrimitives.ReadUInt64LittleEndian(span[hashed..]) != XxHash64.Hash(span[..hashed]))
        {
            return false;
        }

        frame = new LogFrame(
            BinaryPrimitives.ReadInt64LittleEndian(span[8..]),
            BinaryPrimitives.ReadInt64LittleEndian(span[16..]),
            (FrameKind)span[24],
            bytes[HeaderBytes..hashed]);
        return true;
    }
}
