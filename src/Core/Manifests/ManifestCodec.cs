using System.Buffers.Binary;
using Mjolnir.Core.Segments;
using Mjolnir.Core.Wire;

namespace Mjolnir.Core.Manifests;

/// <summary>
/// The object of a manifest entry: its segment, if it has one, and behind it the entry as a JSON line with format and checksum. One object, so that storing a second of work costs one request, and rows and the entry
/// that lists them are there together or not at all. The line stands in a gzip member of its own, not packed, so that the last bytes of the object tell where it begins, and <c>zcat</c> prints it behind the rows.
/// <code>
/// segment   (SegmentWriter) or nothing
/// 10 bytes  gzip header: 1F 8B 08 00, time 0, XFL 0, OS FF
/// 01        one stored block, the last; uint16 N, uint16 its complement
/// N bytes   {"format":2,…,"check":"16 hex digits"} and a line feed
/// uint32    CRC 32; uint32 N
/// </code>
/// Pinned by a snapshot test.
/// </summary>
public static class ManifestCodec
{
    // 1 stood alone and named a segment beside it.
    private const int Format = 2;

    private const int LineAt = 15;
    private const int Trailer = 8;

    private static ReadOnlySpan<byte> Beginning => [0x1F, 0x8B, 0x08, 0, 0, 0, 0, 0, 0, 0xFF, 1];

    /// <summary>The bytes of an entry's object.</summary>
    /// <param name="entry">the entry</param>
    /// <param name="segment">the segment it is about; empty if it has none</param>
    /// <exception cref="InvariantException">the segment's size is not the entry's, or the entry depends on thousands of logs</exception>
    public static byte[] Encode(ManifestEntry entry, ReadOnlySpan<byte> segment)
    {
        Invariant.Require(segment.Length == entry.Bytes, $"Entry {entry.Number} of {entry.Log} says {entry.Bytes} bytes and comes with {segment.Length}.");
        var line = CheckedJson.Encode(Format, entry, ObjectJson.Default.ManifestEntry);
        Invariant.Require(line.Length <= ushort.MaxValue, $"Entry {entry.Number} of {entry.Log} has {line.Length} bytes: it depends on too many logs.");
        return [.. segment, .. Member(line)];
    }

    /// <summary>Bytes at the end of the object that are the entry.</summary>
    /// <param name="objectName">the object, for messages</param>
    /// <param name="tail">its last bytes, all of it if it is short</param>
    /// <exception cref="CorruptDataException">the object does not end with an entry</exception>
    public static int LengthOf(string objectName, ReadOnlySpan<byte> tail)
    {
        var line = tail.Length < LineAt + Trailer ? uint.MaxValue : BinaryPrimitives.ReadUInt32LittleEndian(tail[^4..]);
        return line <= ushort.MaxValue
            ? LineAt + (int)line + Trailer
            : throw new CorruptDataException("The object does not end with a manifest entry: it is cut short or damaged", objectName);
    }

    /// <summary>The entry at the end of these bytes.</summary>
    /// <param name="objectName">the object, for messages</param>
    /// <param name="tail">its last bytes, at least <see cref="LengthOf"/></param>
    /// <exception cref="CorruptDataException">damaged, or of an unknown format</exception>
    public static ManifestEntry Decode(string objectName, ReadOnlySpan<byte> tail)
    {
        var length = LengthOf(objectName, tail);
        if (length > tail.Length)
        {
            throw new CorruptDataException("A manifest entry is cut short or damaged", objectName);
        }

        var member = tail[^length..];
        var line = member[LineAt..^Trailer];
        var entry = CheckedJson.Decode(objectName, Format, line, ObjectJson.Default.ManifestEntry);
        return member.SequenceEqual(Member(line)) ? entry : throw new CorruptDataException("A manifest entry is damaged", objectName);
    }

    private static byte[] Member(ReadOnlySpan<byte> line)
    {
        var member = new byte[LineAt + line.Length + Trailer];
        Beginning.CopyTo(member);
        BinaryPrimitives.WriteUInt16LittleEndian(member.AsSpan(LineAt - 4), (ushort)line.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(member.AsSpan(LineAt - 2), (ushort)~line.Length);
        line.CopyTo(member.AsSpan(LineAt));

        // Checksum and length as every gzip member of the same text has them.
        GzipMember.Pack(line).AsSpan(^Trailer..).CopyTo(member.AsSpan(LineAt + line.Length));
        return member;
    }
}
