using System.Buffers;
using System.Buffers.Binary;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Wire;

namespace Mjolnir.Core.Batches;

/// <summary>
/// The bytes of a batch: one message of a log.
/// <code>
/// 4 bytes "MJB" and the format (1)
/// byte    kind
/// text    log;  number batch, view, time, transactions
/// number  count, then per foreign log: text log, number batch
/// number  count, then per record: byte state, text key, number version, for a present row number length and value
/// uint64  xxHash64 over all before
/// </code>
/// Numbers are LEB128, texts carry their length before them. Layout pinned by a snapshot test.
/// </summary>
public static class BatchCodec
{
    private const byte Format = 1;
    private const int HeaderSize = 4;
    private const int ChecksumSize = sizeof(ulong);

    private static ReadOnlySpan<byte> Magic => "MJB"u8;

    /// <summary>The bytes of a batch.</summary>
    public static byte[] Encode(Batch batch)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(LargestSize(batch));
        var writer = new WireWriter(buffer);
        writer.Bytes(Magic);
        writer.Byte(Format);
        writer.Byte((byte)batch.Kind);
        writer.Text(batch.Log);
        writer.Number(batch.Number);
        writer.Number(batch.View);
        writer.Number(batch.UnixMilliseconds);
        writer.Number(batch.Transactions);
        WriteForeign(ref writer, batch.Foreign);
        WriteRecords(ref writer, batch.Records);
        writer.UInt64(XxHash64.Hash(writer.Written));
        var bytes = writer.Written.ToArray();
        ArrayPool<byte>.Shared.Return(buffer);
        return bytes;
    }

    /// <summary>The batch of these bytes. Its documents alias them: they must not change afterwards.</summary>
    /// <exception cref="CorruptDataException">the bytes are damaged or of an unknown format</exception>
    public static Batch Decode(ReadOnlyMemory<byte> bytes)
    {
        var reader = new WireReader(Checked(bytes));
        reader.Span(HeaderSize);
        var kind = (BatchKind)reader.Byte();
        if (kind is not (BatchKind.Records or BatchKind.View))
        {
            throw reader.Damaged("unknown kind of a batch");
        }

        var log = reader.Log();
        var number = reader.Number();
        var view = reader.Number();
        var time = reader.Number();
        var transactions = reader.Number() is <= int.MaxValue and var count ? (int)count : throw reader.Damaged("a number of transactions is out of range");
        var foreign = ReadForeign(ref reader);
        var records = ReadRecords(ref reader);
        return reader.Remaining == 0
            ? new Batch(log, number, view, kind, time, transactions, foreign, records)
            : throw reader.Damaged("a batch has bytes behind its end");
    }

    private static ReadOnlyMemory<byte> Checked(ReadOnlyMemory<byte> bytes)
    {
        var span = bytes.Span;
        if (span.Length < HeaderSize + ChecksumSize || !span.StartsWith(Magic))
        {
            throw new CorruptDataException("Damaged batch: it does not begin as a batch", null, 0);
        }

        if (span[Magic.Length] != Format)
        {
            throw new CorruptDataException($"Batch of format {span[Magic.Length]}; this program knows format {Format}", null, Magic.Length);
        }

        return BinaryPrimitives.ReadUInt64LittleEndian(span[^ChecksumSize..]) == XxHash64.Hash(span[..^ChecksumSize])
            ? bytes[..^ChecksumSize]
            : throw new CorruptDataException("Damaged batch: its checksum is wrong", null, 0);
    }

    /// <summary>An upper bound: a UTF-16 unit takes at most three bytes in UTF-8, a number at most nine.</summary>
    private static int LargestSize(Batch batch)
    {
        const int Number = 9;
        var size = HeaderSize + 1 + Text(batch.Log) + (6 * Number) + ChecksumSize;
        foreach (var stamp in batch.Foreign)
        {
            size += Text(stamp.Log) + Number;
        }

        foreach (var record in batch.Records)
        {
            size += 1 + Text(record.Key.Text) + (2 * Number) + (record.Value?.Utf8.Length ?? 0);
        }

        return size;

        static int Text(string text) => Number + (text.Length * 3);
    }

    private static void WriteForeign(ref WireWriter writer, IReadOnlyList<Stamp> foreign)
    {
        writer.Number(foreign.Count);
        for (var i = 0; i < foreign.Count; i++)
        {
            writer.Text(foreign[i].Log);
            writer.Number(foreign[i].Batch);
        }
    }

    private static void WriteRecords(ref WireWriter writer, IReadOnlyList<BatchRecord> records)
    {
        writer.Number(records.Count);
        for (var i = 0; i < records.Count; i++)
        {
            var record = records[i];
            Invariant.Require((record.State == RowState.Present) == (record.Value is not null), $"Record of {record.Key}: a value and state {record.State} do not fit.");
            writer.Byte((byte)record.State);
            writer.Text(record.Key.Text);
            writer.Number(record.Version);
            if (record.Value is not null)
            {
                writer.Counted(record.Value.Utf8.Span);
            }
        }
    }

    private static Stamp[] ReadForeign(ref WireReader reader)
    {
        var count = reader.Count();
        var foreign = count == 0 ? [] : new Stamp[count];
        for (var i = 0; i < count; i++)
        {
            var log = reader.Log();
            foreign[i] = new Stamp(log, reader.Number());
        }

        return foreign;
    }

    private static BatchRecord[] ReadRecords(ref WireReader reader)
    {
        var count = reader.Count();
        var records = count == 0 ? [] : new BatchRecord[count];
        for (var i = 0; i < count; i++)
        {
            records[i] = ReadRecord(ref reader);
        }

        return records;
    }

    private static BatchRecord ReadRecord(ref WireReader reader)
    {
        var state = (RowState)reader.Byte();
        if (state > RowState.Tombstone)
        {
            throw reader.Damaged("unknown state of a row");
        }

        var key = RowKey.FromText(reader.Text());
        var version = reader.Number();
        var value = state == RowState.Present ? new Document(reader.Memory(reader.Count())) : null;
        return new BatchRecord(key, version, state, value);
    }
}
