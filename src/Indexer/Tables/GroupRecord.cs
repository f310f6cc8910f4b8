using System.Buffers.Binary;
using Mjolnir.Core.Indexes;

namespace Mjolnir.Indexer.Tables;

/// <summary>
/// What a group adds up to; its payload is 8 bytes rows, then per summed column 16 bytes total and 8 bytes rows in which it is not null, little-endian.
/// </summary>
internal sealed class GroupRecord(int sums)
{
    private const int SumBytes = 24;

    public long Count { get; private set; }

    public ColumnSum[] Sums { get; } = new ColumnSum[sums];

    /// <summary>True if nothing would change by it.</summary>
    public bool IsNothing => Count == 0 && Array.TrueForAll(Sums, sum => sum == default);

    public static GroupRecord Read(ReadOnlySpan<byte> payload, int sums)
    {
        var record = new GroupRecord(sums) { Count = BinaryPrimitives.ReadInt64LittleEndian(payload) };
        for (var i = 0; i < sums; i++)
        {
            var at = payload[(sizeof(long) + (i * SumBytes))..];
            record.Sums[i] = new ColumnSum(BinaryPrimitives.ReadInt128LittleEndian(at), BinaryPrimitives.ReadInt64LittleEndian(at[16..]));
        }

        return record;
    }

    public byte[] ToPayload()
    {
        var payload = new byte[sizeof(long) + (Sums.Length * SumBytes)];
        BinaryPrimitives.WriteInt64LittleEndian(payload, Count);
        for (var i = 0; i < Sums.Length; i++)
        {
            var at = payload.AsSpan(sizeof(long) + (i * SumBytes));
            BinaryPrimitives.WriteInt128LittleEndian(at, Sums[i].Total);
            BinaryPrimitives.WriteInt64LittleEndian(at[16..], Sums[i].Count);
        }

        return payload;
    }

    /// <summary>A row comes (<paramref name="sign"/> 1) or leaves (-1).</summary>
    public void AddRow(TreeLayout tree, ReadOnlySpan<byte> image, int[] starts, int sign)
    {
        Count += sign;
        for (var i = 0; i < Sums.Length; i++)
        {
            var column = tree.Sums[i];
            if (OrderedKey.TryNumber(image[starts[column]..starts[column + 1]], out var value))
            {
                Sums[i] += new ColumnSum(sign * (Int128)value, sign);
            }
        }
    }

    public void Add(GroupRecord other)
    {
        Count += other.Count;
        for (var i = 0; i < Sums.Length; i++)
        {
            Sums[i] += other.Sums[i];
        }
    }
}
