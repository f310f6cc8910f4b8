using System.Buffers;
using System.Buffers.Binary;

namespace Mjolnir.Indexer.Tables;

/// <summary>
/// The payload of a row in the tree of rows: 8 bytes version, little-endian, then the row's image; nothing for a removed row. Removed rows stay, as they do in the store (W9): an
/// older version of theirs may still come.
/// </summary>
internal static class RowRecord
{
    private const int VersionBytes = sizeof(long);

    /// <summary>The record of a removed row.</summary>
    public static byte[] Removed(long version)
    {
        var record = new byte[VersionBytes];
        BinaryPrimitives.WriteInt64LittleEndian(record, version);
        return record;
    }

    /// <summary>The record of a row.</summary>
    public static byte[] Of(TableLayout layout, RowChange row)
    {
        var target = new ArrayBufferWriter<byte>(64);
        target.Write(Removed(row.Version));
        if (row.Value is not null)
        {
            RowImage.Append(target, layout, row.Value);
        }

        return target.WrittenSpan.ToArray();
    }

    /// <summary>The version that was applied last.</summary>
    public static long Version(ReadOnlySpan<byte> record) => BinaryPrimitives.ReadInt64LittleEndian(record);

    /// <summary>The row's image; empty if it was removed.</summary>
    public static ReadOnlySpan<byte> Image(ReadOnlySpan<byte> record) => record[VersionBytes..];
}
