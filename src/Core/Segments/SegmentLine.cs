using System.Buffers.Text;
using System.Text;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;

namespace Mjolnir.Core.Segments;

/// <summary>
/// A row as a line of JSON: <c>{"k":"app/table/pk","v":7,"s":"s1.3:42","t":"row","d":{…}}</c>; <c>t</c> is <c>row</c>, <c>tombstone</c> or
/// <c>expired</c>, <c>d</c> is there for a row only and stands last, so that its bytes are copied and never parsed. A transaction id bears its time
/// as <c>"u"</c> before <c>d</c>. Lines are written in exactly this form and only this form is read: a checksum has vouched for every byte.
/// </summary>
internal static class SegmentLine
{
    private const int LongestNumber = 20;
    private const int Fixed = 64;

    /// <summary>An upper bound of the line's bytes: in the worst case every unit of a text takes three, an escaped one two.</summary>
    public static int LargestSize(in SegmentRow row) =>
        Fixed + (3 * LongestNumber) + (3 * (row.Key.Text.Length + row.Version.Stamp.Log.Length)) + (row.Version.Value?.Utf8.Length ?? 0);

    /// <summary>Writes the line with its line feed; gives its length.</summary>
    public static int Write(in SegmentRow row, Span<byte> line)
    {
        var version = row.Version;
        var at = WriteKey(row.Key, line);
        at += Put("\"v\":"u8, line[at..]);
        at += Put(version.Version, line[at..]);
        at += Put(",\"s\":\""u8, line[at..]);
        at += Encoding.UTF8.GetBytes(version.Stamp.Log, line[at..]);
        line[at++] = (byte)':';
        at += Put(version.Stamp.Batch, line[at..]);
        at += Put("\",\"t\":\""u8, line[at..]);
        at += Put(Word(version.State), line[at..]);
        at += Put("\""u8, line[at..]);
        if (row.Time != 0)
        {
            at += Put(",\"u\":"u8, line[at..]);
            at += Put(row.Time, line[at..]);
        }

        if (version.Value is not null)
        {
            Invariant.Require(version.Value.Utf8.Span.IndexOf((byte)'\n') < 0, $"The document of {row.Key} has a line break.");
            at += Put(",\"d\":"u8, line[at..]);
            at += Put(version.Value.Utf8.Span, line[at..]);
        }

        return at + Put("}\n"u8, line[at..]);
    }

    /// <summary>How the line of this key begins: <c>{"k":"…",</c>.</summary>
    public static byte[] Beginning(RowKey key)
    {
        Span<byte> line = stackalloc byte[Fixed + (3 * key.Text.Length)];
        return line[..WriteKey(key, line)].ToArray();
    }

    /// <summary>Reads a line without its line feed. The document aliases the line. False if it is not in the form that we write.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> line, out SegmentRow row)
    {
        row = default;
        var rest = line.Span;
        if (!Take(ref rest, "{\"k\":\""u8) || !TakeKey(ref rest, out var key)
            || !Take(ref rest, ",\"v\":"u8) || !Take(ref rest, out var number)
            || !Take(ref rest, ",\"s\":\""u8) || !TakeStamp(ref rest, out var stamp)
            || !Take(ref rest, ",\"t\":\""u8) || !TakeState(ref rest, out var state))
        {
            return false;
        }

        var time = 0L;
        if (Take(ref rest, ",\"u\":"u8) && !Take(ref rest, out time))
        {
            return false;
        }

        if (!TakeDocument(line, rest, state, out var value))
        {
            return false;
        }

        row = new SegmentRow(key, new RowVersion(number, stamp, state, value)) { Time = time };
        return true;
    }

    private static int WriteKey(RowKey key, Span<byte> line)
    {
        var at = Put("{\"k\":\""u8, line);
        var text = key.Text.AsSpan();
        for (var special = text.IndexOfAny('"', '\\'); special >= 0; special = text.IndexOfAny('"', '\\'))
        {
            at += Encoding.UTF8.GetBytes(text[..special], line[at..]);
            line[at++] = (byte)'\\';
            line[at++] = (byte)text[special];
            text = text[(special + 1)..];
        }

        at += Encoding.UTF8.GetBytes(text, line[at..]);
        return at + Put("\","u8, line[at..]);
    }

    private static ReadOnlySpan<byte> Word(RowState state) => state switch
    {
        RowState.Present => "row"u8,
        RowState.Tombstone => "tombstone"u8,
        _ => "expired"u8,
    };

    private static int Put(ReadOnlySpan<byte> text, Span<byte> line)
    {
        text.CopyTo(line);
        return text.Length;
    }

    private static int Put(long number, Span<byte> line)
    {
        Utf8Formatter.TryFormat(number, line, out var written);
        return written;
    }

    private static bool Take(ref ReadOnlySpan<byte> rest, ReadOnlySpan<byte> expected)
    {
        if (!rest.StartsWith(expected))
        {
            return false;
        }

        rest = rest[expected.Length..];
        return true;
    }

    private static bool Take(ref ReadOnlySpan<byte> rest, out long number)
    {
        var taken = Utf8Parser.TryParse(rest, out number, out var used) && number >= 0;
        rest = rest[used..];
        return taken;
    }

    private static bool TakeKey(ref ReadOnlySpan<byte> rest, out RowKey key)
    {
        key = default;
        var end = rest.IndexOfAny((byte)'"', (byte)'\\');
        if (end < 0)
        {
            return false;
        }

        if (rest[end] == '\\')
        {
            return TakeEscapedKey(ref rest, out key);
        }

        key = RowKey.FromText(Encoding.UTF8.GetString(rest[..end]));
        rest = rest[(end + 1)..];
        return true;
    }

    private static bool TakeEscapedKey(ref ReadOnlySpan<byte> rest, out RowKey key)
    {
        key = default;
        var plain = new byte[rest.Length];
        var length = 0;
        for (var i = 0; i < rest.Length; i++)
        {
            if (rest[i] == '"')
            {
                key = RowKey.FromText(Encoding.UTF8.GetString(plain.AsSpan(0, length)));
                rest = rest[(i + 1)..];
                return true;
            }

            if (rest[i] == '\\' && ++i == rest.Length)
            {
                return false;
            }

            plain[length++] = rest[i];
        }

        return false;
    }

    private static bool TakeStamp(ref ReadOnlySpan<byte> rest, out Stamp stamp)
    {
        stamp = default;
        var end = rest.IndexOf((byte)'"');
        if (end < 0 || !StampText.TryParse(rest[..end], out stamp))
        {
            return false;
        }

        rest = rest[(end + 1)..];
        return true;
    }

    private static bool TakeState(ref ReadOnlySpan<byte> rest, out RowState state)
    {
        state = Take(ref rest, "row\""u8) ? RowState.Present
            : Take(ref rest, "tombstone\""u8) ? RowState.Tombstone
            : RowState.Absent;
        return state != RowState.Absent || Take(ref rest, "expired\""u8);
    }

    private static bool TakeDocument(ReadOnlyMemory<byte> line, ReadOnlySpan<byte> rest, RowState state, out Document? value)
    {
        value = null;
        if (state != RowState.Present)
        {
            return rest.SequenceEqual("}"u8);
        }

        if (!Take(ref rest, ",\"d\":"u8) || rest.Length < 2 || rest[^1] != '}')
        {
            return false;
        }

        value = new Document(line.Slice(line.Length - rest.Length, rest.Length - 1));
        return true;
    }
}
