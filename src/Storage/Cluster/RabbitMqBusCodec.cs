using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Mjolnir.Core;
using Mjolnir.Core.Keys;
using Mjolnir.Storage.Feeds;

namespace Mjolnir.Storage.Cluster;

/// <summary>
/// Messages of the bus: <c>'M'</c>, format, the sender's id (8 bytes), then frames of kind, length and content. Commit notices are binary, because there is one per batch and server; all else is JSON.
/// </summary>
internal static class RabbitMqBusCodec
{
    /// <summary>Bytes before the first frame.</summary>
    public const int HeaderSize = 2 + sizeof(ulong);

    private const byte Magic = (byte)'M';
    private const byte Format = 1;
    private const byte Commit = 1;
    private const byte Notice = 2;
    private const byte SealedFlag = 1;
    // Of the parts of a frame besides its keys: kind, length, flags, watermark, the log's name, the count.
    private const int FrameOverhead = 512;

    public static void WriteHeader(IBufferWriter<byte> to, ulong sender)
    {
        var header = to.GetSpan(HeaderSize);
        (header[0], header[1]) = (Magic, Format);
        BinaryPrimitives.WriteUInt64LittleEndian(header[2..], sender);
        to.Advance(HeaderSize);
    }

    /// <summary>The notice in parts that are no bigger than this, about: each says the watermark and some of the rows.</summary>
    public static IEnumerable<CommitNotice> Split(CommitNotice notice, int bytes)
    {
        var (first, size) = (0, FrameOverhead);
        for (var at = 0; at < notice.Changed.Count; at++)
        {
            var length = Encoding.UTF8.GetByteCount(notice.Changed[at].Text) + 2;
            if (size + length > bytes && at > first)
            {
                yield return Part(first, at);
                (first, size) = (at, FrameOverhead);
            }

            size += length;
        }

        yield return first == 0 ? notice : Part(first, notice.Changed.Count);

        CommitNotice Part(int from, int to) => notice with { Changed = [.. notice.Changed.Skip(from).Take(to - from)] };
    }

    public static void Write(ArrayBufferWriter<byte> to, CommitNotice notice)
    {
        var content = new ArrayBufferWriter<byte>();
        content.Write([notice.Sealed ? SealedFlag : (byte)0]);
        WriteNumber(content, (ulong)notice.DurableBatch);
        WriteText(content, notice.Log);
        WriteNumber(content, (ulong)notice.Changed.Count);
        foreach (var key in notice.Changed)
        {
            WriteText(content, key.Text);
        }

        WriteFrame(to, Commit, content.WrittenSpan);
    }

    public static void Write(ArrayBufferWriter<byte> to, ClusterNotice notice) =>
        WriteFrame(to, Notice, JsonSerializer.SerializeToUtf8Bytes(notice, ClusterNoticeJson.Default.ClusterNotice));

    /// <summary>Why a message is refused as a whole: a later release sent it, or it is no message of a bus at all.</summary>
    public static CorruptDataException Refusal(string exchange, ReadOnlySpan<byte> message) => message.Length > 1 && message[0] == Magic
        ? new($"A message of format {message[1]} on the bus; this program knows format {Format}", exchange)
        : new("A message on the bus that does not begin as ours do", exchange);

    /// <summary>The sender of a message; false if it is none of ours.</summary>
    public static bool TryReadSender(ReadOnlySpan<byte> message, out ulong sender)
    {
        var isOurs = message.Length >= HeaderSize && message[0] == Magic && message[1] == Format;
        sender = isOurs ? BinaryPrimitives.ReadUInt64LittleEndian(message[2..]) : 0;
        return isOurs;
    }

    /// <summary>Gives what a message holds, frame by frame. What does not decode, such as a kind of a newer version, is left out.</summary>
    /// <returns>how much was left out: frames, and one for an end that is cut off</returns>
    public static int Read(ReadOnlySpan<byte> message, Action<CommitNotice> commit, Action<ClusterNotice> notice)
    {
        var leftOut = 0;
        var rest = message[HeaderSize..];
        while (!rest.IsEmpty)
        {
            var kind = rest[0];
            rest = rest[1..];
            if (!TryReadNumber(ref rest, out var length) || length > (ulong)rest.Length)
            {
                return leftOut + 1;
            }

            var content = rest[..(int)length];
            rest = rest[(int)length..];
            if (kind == Commit && TryReadCommit(content, out var committed))
            {
                commit(committed);
            }
            else if (kind == Notice && TryReadNotice(content, out var told))
            {
                notice(told);
            }
            else
            {
                leftOut++;
            }
        }

        return leftOut;
    }

    private static bool TryReadCommit(ReadOnlySpan<byte> content, [NotNullWhen(true)] out CommitNotice? notice)
    {
        notice = null;
        if (content.IsEmpty)
        {
            return false;
        }

        var isSealed = (content[0] & SealedFlag) != 0;
        var rest = content[1..];
        // A key has at least a byte, so no count can ask for more memory than the message has.
        if (!TryReadNumber(ref rest, out var durable) || durable > long.MaxValue || !TryReadText(ref rest, out var log) || !TryReadNumber(ref rest, out var count) || count > (ulong)rest.Length)
        {
            return false;
        }

        var keys = new RowKey[(int)count];
        for (var at = 0; at < keys.Length; at++)
        {
            if (!TryReadText(ref rest, out var key) || key.AsSpan().Count('/') < 2)
            {
                return false;
            }

            keys[at] = RowKey.FromText(key);
        }

        notice = new(log, (long)durable, keys, isSealed);
        return rest.IsEmpty;
    }

    private static bool TryReadNotice(ReadOnlySpan<byte> content, [NotNullWhen(true)] out ClusterNotice? notice)
    {
        try
        {
            notice = JsonSerializer.Deserialize(content, ClusterNoticeJson.Default.ClusterNotice);
            return notice is not null;
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException)
        {
            notice = null;
            return false;
        }
    }

    private static void WriteFrame(ArrayBufferWriter<byte> to, byte kind, ReadOnlySpan<byte> content)
    {
        to.Write([kind]);
        WriteNumber(to, (ulong)content.Length);
        to.Write(content);
    }

    private static void WriteNumber(ArrayBufferWriter<byte> to, ulong number)
    {
        for (; number >= 0x80; number >>= 7)
        {
            to.Write([(byte)(number | 0x80)]);
        }

        to.Write([(byte)number]);
    }

    private static void WriteText(ArrayBufferWriter<byte> to, string text)
    {
        WriteNumber(to, (ulong)Encoding.UTF8.GetByteCount(text));
        to.Advance(Encoding.UTF8.GetBytes(text, to.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length))));
    }

    private static bool TryReadNumber(ref ReadOnlySpan<byte> rest, out ulong number)
    {
        number = 0;
        for (var shift = 0; shift < 64 && !rest.IsEmpty; shift += 7)
        {
            var part = rest[0];
            rest = rest[1..];
            number |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
            {
                return true;
            }
        }

        return false;
    }

    private static bool TryReadText(ref ReadOnlySpan<byte> rest, [NotNullWhen(true)] out string? text)
    {
        text = null;
        if (!TryReadNumber(ref rest, out var length) || length > (ulong)rest.Length)
        {
            return false;
        }

        text = Encoding.UTF8.GetString(rest[..(int)length]);
        rest = rest[(int)length..];
        return true;
    }
}

/// <summary>Cluster notices as JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ClusterNotice))]
internal sealed partial class ClusterNoticeJson : JsonSerializerContext;
