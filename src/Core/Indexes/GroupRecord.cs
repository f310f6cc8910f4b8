using System.Buffers.Binary;

namespace Mjolnir.Core.Indexes;

/// <summary>
/// What a group of rows adds up to. As the payload of a group's entry: 8 bytes rows, then per summed column 16 bytes total and 8 bytes rows in which it is not null, little-endian.
/// </summary>
/// <param name="sums">summed columns</param>
public sealed class GroupRecord(int sums)
{
    private const int SumBytes = 24;

    /// <summary>Rows of the group; below zero only where this is a difference.</summary>
    public long Count { get; private set; }

    /// <summary>One for each summed column.</summary>
    public ColumnSum[] Sums { get; } = new ColumnSum[sums];

    /// <summary>True if nothing would change by it.</summary>
    public bool IsNothing => Count == 0 && Array.TrueForAll(Sums, sum => sum == default);

    /// <summary>Bytes of a payload.</summary>
    public static int SizeOf(int sums) => sizeof(long) + (sums * SumBytes);

    /// <summary>The record in the payload of a group's entry.</summary>
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

    /// <summary>The payload of the group's entry.</summary>
    public byte[] ToPayload()
    {
        var payload = new byte[SizeOf(Sums.Length)];
        BinaryPrimitives.WriteInt64LittleEndian(payload, Count);
        for (var i = 0; i < Sums.Length; i++)
        {
            var at = payload.AsSpan(sizeof(long) + (i * SumBytes));
            BinaryPrimitives.WriteInt128LittleEndian(at, Sums[i].Total);
            BinaryPrimitives.WriteInt64LittleEndian(at[16..], Sums[i].Count);
        }

        return payload;
    }

    /// <summary>That many rows come (or leave, below zero); their sums are added apart.</summary>
    public void AddCount(long rows) => Count += rows;

    /// <summary>No rows any more: for the next group.</summary>
    public void Clear()
    {
        Count = 0;
        Array.Clear(Sums);
    }

    /// <summary>Takes in all rows of another record.</summary>
    public void Add(GroupRecord other)
    {
        Count += other.Count;
        for (var i = 0; i < Sums.Length; i++)
        {
            Sums[i] += other.Sums[i];
        }
    }
}
