using System.Buffers.Binary;
using Mjolnir.Core.Keys;

namespace Mjolnir.Core.Segments;

/// <summary>
/// The last bytes of a segment: an empty gzip member whose extra field tells where the index is. Of a fixed size, so that one ranged GET from the end
/// finds it, and invisible to <c>zcat</c>.
/// <code>
/// 10 bytes  gzip header: 1F 8B 08 04, time 0, XFL 0, OS FF
/// uint16    length of the extra field (33)
/// 'M' 'J'   our subfield, uint16 its length (29)
/// byte      format of the segment (1)
/// uint64    offset of the index member; uint32 its length; uint64 its xxHash64
/// uint64    xxHash64 of this footer with these eight bytes zero
/// 03 00     an empty deflate stream; uint32 CRC 0; uint32 length 0
/// </code>
/// </summary>
/// <param name="IndexOffset">where the index member begins: the blocks fill all before it</param>
/// <param name="IndexLength">its length in bytes</param>
/// <param name="IndexHash">its checksum</param>
public readonly record struct SegmentFooter(long IndexOffset, int IndexLength, ulong IndexHash)
{
    /// <summary>Bytes of the footer.</summary>
    public const int Size = 55;

    private const byte Format = 1;
    private const int FormatAt = 16;
    private const int OffsetAt = 17;
    private const int LengthAt = 25;
    private const int HashAt = 29;
    private const int OwnHashAt = 37;

    private static ReadOnlySpan<byte> Beginning => [0x1F, 0x8B, 0x08, 0x04, 0, 0, 0, 0, 0, 0xFF, 33, 0, (byte)'M', (byte)'J', 29, 0];

    internal byte[] Encode()
    {
        var bytes = new byte[Size];
        Beginning.CopyTo(bytes);
        bytes[FormatAt] = Format;
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(OffsetAt), IndexOffset);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(LengthAt), IndexLength);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(HashAt), IndexHash);
        bytes[OwnHashAt + sizeof(ulong)] = 3;
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(OwnHashAt), XxHash64.Hash(bytes));
        return bytes;
    }

    /// <summary>The footer in the last <see cref="Size"/> bytes of a segment.</summary>
    /// <param name="objectName">the segment, for the message</param>
    /// <param name="objectLength">the segment's whole length as its manifest tells it</param>
    /// <param name="tail">its last bytes, at least <see cref="Size"/></param>
    /// <exception cref="CorruptDataException">the segment is cut short, damaged, or of an unknown format</exception>
    public static SegmentFooter Decode(string objectName, long objectLength, ReadOnlySpan<byte> tail)
    {
        var at = objectLength - Size;
        if (tail.Length < Size)
        {
            throw new CorruptDataException("A segment is cut short", objectName, tail.Length);
        }

        var bytes = tail[^Size..];
        if (!bytes.StartsWith(Beginning))
        {
            throw new CorruptDataException("A segment does not end with its footer: it is cut short or damaged", objectName, at);
        }

        if (bytes[FormatAt] != Format)
        {
            throw new CorruptDataException($"A segment of format {bytes[FormatAt]}; this program knows format {Format}", objectName, at);
        }

        var footer = new SegmentFooter(
            BinaryPrimitives.ReadInt64LittleEndian(bytes[OffsetAt..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[LengthAt..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[HashAt..]));
        return bytes.SequenceEqual(footer.Encode()) && footer.IndexOffset + footer.IndexLength + Size == objectLength
            ? footer
            : throw new CorruptDataException("A segment's footer is damaged", objectName, at);
    }
}
