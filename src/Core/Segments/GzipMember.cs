using System.IO.Compression;
using System.Runtime.InteropServices;

namespace Mjolnir.Core.Segments;

/// <summary>One gzip member (RFC 1952) from and to memory. A file of several members is still one gzip file to every other program.</summary>
internal static class GzipMember
{
    /// <summary>A member that holds this text.</summary>
    public static byte[] Pack(ReadOnlySpan<byte> text)
    {
        var member = new MemoryStream(text.Length / 4);
        using (var gzip = new GZipStream(member, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(text);
        }

        return member.ToArray();
    }

    /// <summary>The text of a member whose length is not known beforehand.</summary>
    public static byte[] UnpackAll(ReadOnlyMemory<byte> member)
    {
        using var gzip = new GZipStream(Stream(member), CompressionMode.Decompress);
        var text = new MemoryStream();
        gzip.CopyTo(text);
        return text.ToArray();
    }

    /// <summary>The text of a member. The caller has verified its checksum, so a failure here is our own fault or a very rare collision: still reported.</summary>
    public static byte[] Unpack(string objectName, long offset, ReadOnlyMemory<byte> member, int textLength)
    {
        try
        {
            using var gzip = new GZipStream(Stream(member), CompressionMode.Decompress);
            var text = GC.AllocateUninitializedArray<byte>(textLength);
            gzip.ReadExactly(text);
            return gzip.ReadByte() < 0 ? text : throw new CorruptDataException("A block is longer than its index says", objectName, offset);
        }
        catch (Exception fault) when (fault is InvalidDataException or EndOfStreamException)
        {
            throw new CorruptDataException("A block is no readable gzip member", objectName, offset, fault);
        }
    }

    private static MemoryStream Stream(ReadOnlyMemory<byte> member)
    {
        Invariant.Require(MemoryMarshal.TryGetArray(member, out var array), "Objects are read into arrays.");
        return new MemoryStream(array.Array!, array.Offset, array.Count, writable: false);
    }
}
