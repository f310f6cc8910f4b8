using Mjolnir.Core.Documents;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Wire;

namespace Mjolnir.Core.Envelopes;

/// <summary>
/// The bytes of an envelope in a shard. On the request path, so compact and without any text to parse:
/// <code>
/// byte    format (1)
/// byte    bits 0-1 state of the current version, bit 2 there is a previous version, bits 3-4 its state
/// current number version, text log, number batch
/// if previous: number since, number version, text log, number batch, number length, value
/// rest    the current value, up to the last four bytes
/// uint32  low half of xxHash64 over all before: a shard has no checksums of its own
/// </code>
/// Numbers are LEB128, texts carry their length before them. Layout pinned by a snapshot test.
/// </summary>
public static class EnvelopeCodec
{
    private const byte Format = 1;
    private const byte StateMask = 0b11;
    private const byte HasPrevious = 0b100;
    private const int PreviousStateShift = 3;
    private const int ChecksumSize = sizeof(uint);

    /// <summary>The bytes of an envelope, in an array of its own.</summary>
    public static byte[] Encode(Envelope envelope)
    {
        var current = envelope.Current;
        var previous = envelope.Previous;
        var size = 2 + SizeOf(current) + ValueOf(current).Length + ChecksumSize;
        if (previous is not null)
        {
            size += WireWriter.SizeOf(envelope.Since) + SizeOf(previous) + WireWriter.SizeOf(ValueOf(previous));
        }

        var bytes = new byte[size];
        var writer = new WireWriter(bytes);
        writer.Byte(Format);
        writer.Byte(Flags(current, previous));
        Write(ref writer, current);
        if (previous is not null)
        {
            writer.Number(envelope.Since);
            Write(ref writer, previous);
            writer.Counted(ValueOf(previous).Span);
        }

        writer.Bytes(ValueOf(current).Span);
        writer.UInt32((uint)XxHash64.Hash(writer.Written));
        Invariant.Require(writer.Position == size, "The envelope was measured wrongly.");
        return bytes;
    }

    /// <summary>The envelope of these bytes. Its documents alias them: they must not change afterwards.</summary>
    /// <exception cref="CorruptDataException">the bytes are damaged or of an unknown format</exception>
    public static Envelope Decode(ReadOnlyMemory<byte> bytes)
    {
        var body = Checked(bytes);
        var reader = new WireReader(body);
        reader.Byte();
        var flags = reader.Byte();
        var state = State(flags & StateMask, reader);
        var version = reader.Number();
        var stamp = ReadStamp(ref reader);
        var since = 0L;
        RowVersion? previous = null;
        if ((flags & HasPrevious) != 0)
        {
            since = reader.Number();
            previous = ReadPrevious(ref reader, State((flags >> PreviousStateShift) & StateMask, reader));
        }

        return new Envelope(Version(version, stamp, state, reader.Memory(reader.Remaining)), previous, since);
    }

    private static ReadOnlyMemory<byte> Checked(ReadOnlyMemory<byte> bytes)
    {
        var span = bytes.Span;
        if (span.Length < 2 + ChecksumSize)
        {
            throw new CorruptDataException("Damaged envelope: it ends too early");
        }

        if (span[0] != Format)
        {
            throw new CorruptDataException($"Envelope of format {span[0]}; this program knows format {Format}");
        }

        var body = span[..^ChecksumSize];
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(span[^ChecksumSize..]) == (uint)XxHash64.Hash(body)
            ? bytes[..^ChecksumSize]
            : throw new CorruptDataException("Damaged envelope: its checksum is wrong");
    }

    private static byte Flags(RowVersion current, RowVersion? previous) =>
        (byte)((byte)current.State | (previous is null ? 0 : HasPrevious | ((byte)previous.State << PreviousStateShift)));

    private static ReadOnlyMemory<byte> ValueOf(RowVersion version) => version.Value?.Utf8 ?? default;

    private static int SizeOf(RowVersion version) =>
        WireWriter.SizeOf(version.Version) + WireWriter.SizeOf(version.Stamp.Log) + WireWriter.SizeOf(version.Stamp.Batch);

    private static void Write(ref WireWriter writer, RowVersion version)
    {
        Invariant.Require((version.State == RowState.Present) == (version.Value is not null), $"Version {version.Version} by {version.Stamp}: a value and state {version.State} do not fit.");
        writer.Number(version.Version);
        writer.Text(version.Stamp.Log);
        writer.Number(version.Stamp.Batch);
    }

    private static RowVersion ReadPrevious(ref WireReader reader, RowState state)
    {
        var version = reader.Number();
        var stamp = ReadStamp(ref reader);
        return Version(version, stamp, state, reader.Memory(reader.Count()));
    }

    private static Stamp ReadStamp(ref WireReader reader)
    {
        var log = reader.Log();
        return new Stamp(log, reader.Number());
    }

    private static RowState State(int state, WireReader reader) =>
        state <= (int)RowState.Tombstone ? (RowState)state : throw reader.Damaged("unknown state of a row");

    private static RowVersion Version(long version, Stamp stamp, RowState state, ReadOnlyMemory<byte> value) =>
        state == RowState.Absent && version == 0 && stamp == Stamp.None
            ? RowVersion.Absent
            : new RowVersion(version, stamp, state, state == RowState.Present ? new Document(value) : null);
}
