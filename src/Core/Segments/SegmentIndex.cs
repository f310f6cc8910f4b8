using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Mjolnir.Core.Keys;

namespace Mjolnir.Core.Segments;

/// <summary>One block of a segment: a gzip member of about 64 KiB of lines.</summary>
/// <param name="First">the key of its first row</param>
/// <param name="Offset">where the member begins, in bytes</param>
/// <param name="Length">its length</param>
/// <param name="TextLength">its length unpacked</param>
/// <param name="Hash">xxHash64 of the packed member</param>
public sealed record SegmentBlock(RowKey First, long Offset, int Length, int TextLength, ulong Hash);

/// <summary>
/// The sparse index of a segment, its last member but one. It is text too, so that nothing of a segment is hidden, but no row: a line
/// <c>{"index":{"format":1,"rows":N,"last":"last key"}}</c>, a line <c>{"block":{"k":"first key","at":0,"size":1,"text":1,"hash":"16 hex digits"}}</c> for each block and
/// a line <c>{"filter":"base64"}</c>. Rows begin with <c>{"k":</c>, which none of them does.
/// </summary>
public sealed class SegmentIndex
{
    private const int Format = 1;

    private static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly SegmentFilter _filter;

    private SegmentIndex(long rows, RowKey last, IReadOnlyList<SegmentBlock> blocks, SegmentFilter filter)
    {
        Rows = rows;
        Last = last;
        Blocks = blocks;
        _filter = filter;
    }

    /// <summary>Rows in the segment.</summary>
    public long Rows { get; }

    /// <summary>The greatest key.</summary>
    public RowKey Last { get; }

    /// <summary>The blocks, in key order; together they fill the segment up to its index.</summary>
    public IReadOnlyList<SegmentBlock> Blocks { get; }

    /// <summary>The hash to ask <see cref="Find"/> with, the same for all segments.</summary>
    public static ulong HashOf(RowKey key) => SegmentFilter.HashOf(key);

    /// <summary>The one block that may hold the key; null if the segment certainly lacks it.</summary>
    public SegmentBlock? Find(RowKey key, ulong hash)
    {
        if (Blocks.Count == 0 || !_filter.MayHave(hash) || key.CompareTo(Last) > 0)
        {
            return null;
        }

        int low = 0, high = Blocks.Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = Blocks[middle].First.CompareTo(key) <= 0 ? (middle + 1, high) : (low, middle);
        }

        return low == 0 ? null : Blocks[low - 1];
    }

    internal static byte[] Encode(long rows, string last, IReadOnlyList<SegmentBlock> blocks, SegmentFilter filter)
    {
        var text = new ArrayBufferWriter<byte>();
        Line(text, "index", writer =>
        {
            writer.WriteStartObject();
            writer.WriteNumber("format", Format);
            writer.WriteNumber("rows", rows);
            writer.WriteString("last", last);
            writer.WriteEndObject();
        });
        foreach (var block in blocks)
        {
            Line(text, "block", writer => Write(writer, block));
        }

        Line(text, "filter", writer => writer.WriteBase64StringValue(filter.Bits));
        return text.WrittenSpan.ToArray();
    }

    /// <summary>The index in a member that the footer pointed at.</summary>
    /// <exception cref="CorruptDataException">it is damaged or of an unknown format</exception>
    public static SegmentIndex Decode(string objectName, SegmentFooter footer, ReadOnlyMemory<byte> member)
    {
        if (member.Length != footer.IndexLength || XxHash64.Hash(member.Span) != footer.IndexHash)
        {
            throw new CorruptDataException("A segment's index is damaged: its checksum is wrong", objectName, footer.IndexOffset);
        }

        try
        {
            return Parse(objectName, footer, GzipMember.UnpackAll(member));
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or KeyNotFoundException or OverflowException or InvalidDataException or FormatException and not CorruptDataException)
        {
            throw new CorruptDataException("A segment's index is not in the form that we write", objectName, footer.IndexOffset, fault);
        }
    }

    private static void Line(ArrayBufferWriter<byte> text, string name, Action<Utf8JsonWriter> value)
    {
        using (var writer = new Utf8JsonWriter(text, Writing))
        {
            writer.WriteStartObject();
            writer.WritePropertyName(name);
            value(writer);
            writer.WriteEndObject();
        }

        text.Write("\n"u8);
    }

    private static void Write(Utf8JsonWriter writer, SegmentBlock block)
    {
        writer.WriteStartObject();
        writer.WriteString("k", block.First.Text);
        writer.WriteNumber("at", block.Offset);
        writer.WriteNumber("size", block.Length);
        writer.WriteNumber("text", block.TextLength);
        writer.WriteString("hash", block.Hash.ToString("X16", CultureInfo.InvariantCulture));
        writer.WriteEndObject();
    }

    private static SegmentIndex Parse(string objectName, SegmentFooter footer, ReadOnlyMemory<byte> text)
    {
        var head = Line(ref text).GetProperty("index");
        if (head.GetProperty("format").GetInt32() is var format && format != Format)
        {
            throw new CorruptDataException($"A segment's index of format {format}; this program knows format {Format}", objectName, footer.IndexOffset);
        }

        var blocks = new List<SegmentBlock>();
        JsonElement line;
        while ((line = Line(ref text)).TryGetProperty("block", out var block))
        {
            blocks.Add(ReadBlock(block));
        }

        var end = blocks.Aggregate(0L, (at, block) => block.Offset == at ? at + block.Length : throw new FormatException("Blocks do not join."));
        if (end != footer.IndexOffset || !text.IsEmpty)
        {
            throw new FormatException("The blocks do not fill the segment.");
        }

        var last = RowKey.FromText(head.GetProperty("last").GetString() ?? "");
        return new SegmentIndex(head.GetProperty("rows").GetInt64(), last, blocks, new SegmentFilter(line.GetProperty("filter").GetBytesFromBase64()));
    }

    private static JsonElement Line(ref ReadOnlyMemory<byte> text)
    {
        var end = text.Span.IndexOf((byte)'\n');
        var line = text[..Math.Max(0, end)];
        text = text[(end + 1)..];
        return JsonElement.Parse(line.Span);
    }

    private static SegmentBlock ReadBlock(JsonElement block) => new(
        RowKey.FromText(block.GetProperty("k").GetString() ?? ""),
        block.GetProperty("at").GetInt64(),
        block.GetProperty("size").GetInt32(),
        block.GetProperty("text").GetInt32(),
        ulong.Parse(block.GetProperty("hash").GetString() ?? "", NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
}
