using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;

namespace Mjolnir.Core.Indexes;

/// <summary>
/// Values as bytes that compare (unsigned, byte by byte) as the values do, and that end by themselves, so that several stand behind each other:
/// <code>
/// null     00
/// number   01, then 8 bytes big-endian: an IEEE double with its sign bit flipped, all bits if it is negative
/// text     01, UTF-8 of at most IndexLimits.TextBytes with 00 written 00 FF, then 00 01
/// boolean  01 for false, 02 for true
/// </code>
/// A descending value has every byte complemented. Layout pinned by a test: pages are made of it.
/// </summary>
public static class OrderedKey
{
    private const byte Null = 0;
    private const byte Present = 1;
    private const byte Zero = 0;
    private const byte EscapedZero = 0xFF;
    private const byte End = 1;
    private const int NumberBytes = 1 + sizeof(double);

    /// <summary>Bytes behind a text that end it.</summary>
    internal const int TextEndBytes = 2;

    /// <summary>Appends a value. One of another kind than the column's is written as null: rows may be older than the column's type.</summary>
    /// <param name="target">what it is appended to</param>
    /// <param name="kind">the column's kind</param>
    /// <param name="value">the value</param>
    public static void Append(IBufferWriter<byte> target, IndexedKind kind, IndexValue value)
    {
        if (value.Kind != kind)
        {
            AppendNull(target);
        }
        else if (kind == IndexedKind.Text)
        {
            AppendText(target, value.Text!);
        }
        else if (kind == IndexedKind.Number)
        {
            AppendNumber(target, value.Number);
        }
        else
        {
            AppendBoolean(target, value.Number != 0);
        }
    }

    /// <summary>Appends null.</summary>
    public static void AppendNull(IBufferWriter<byte> target) => target.Write([Null]);

    /// <summary>Appends a boolean.</summary>
    public static void AppendBoolean(IBufferWriter<byte> target, bool value) => target.Write([value ? (byte)2 : (byte)1]);

    /// <summary>Appends a finite number.</summary>
    public static void AppendNumber(IBufferWriter<byte> target, double number)
    {
        var bits = BitConverter.DoubleToInt64Bits(number == 0 ? 0 : number);
        var span = target.GetSpan(NumberBytes);
        span[0] = Present;
        BinaryPrimitives.WriteInt64BigEndian(span[1..], bits < 0 ? ~bits : bits ^ long.MinValue);
        target.Advance(NumberBytes);
    }

    /// <summary>Appends a text.</summary>
    public static void AppendText(IBufferWriter<byte> target, string text)
    {
        Span<byte> utf8 = stackalloc byte[IndexLimits.TextBytes];
        Utf8.FromUtf16(text, utf8, out _, out var written); // stops between characters when the room is used up
        AppendText(target, utf8[..written]);
    }

    /// <summary>Appends a text that is UTF-8 already; what is longer than the limit is cut between characters.</summary>
    public static void AppendText(IBufferWriter<byte> target, ReadOnlySpan<byte> utf8)
    {
        utf8 = utf8[..CutLength(utf8)];
        var span = target.GetSpan((2 * utf8.Length) + 3);
        var length = 0;
        span[length++] = Present;
        foreach (var value in utf8)
        {
            span[length++] = value;
            if (value == Zero)
            {
                span[length++] = EscapedZero;
            }
        }

        span[length++] = Zero;
        span[length++] = End;
        target.Advance(length);
    }

    /// <summary>Complements bytes in place: an ascending value becomes a descending one and back.</summary>
    public static void Complement(Span<byte> bytes)
    {
        foreach (ref var value in bytes)
        {
            value = (byte)~value;
        }
    }

    /// <summary>How many bytes the value at the beginning takes.</summary>
    /// <param name="bytes">begins with a value</param>
    /// <param name="column">the column it is of</param>
    /// <exception cref="CorruptDataException">there is no such value</exception>
    public static int LengthOf(ReadOnlySpan<byte> bytes, IndexColumn column)
    {
        var flip = column.Descending ? (byte)0xFF : (byte)0;
        if (bytes.IsEmpty)
        {
            throw Damaged();
        }

        var length = (bytes[0] ^ flip) == Null || column.Kind == IndexedKind.Boolean ? 1
            : column.Kind == IndexedKind.Number ? NumberBytes
            : TextLength(bytes, flip);
        return length <= bytes.Length ? length : throw Damaged();
    }

    /// <summary>How many bytes the values of all these columns take.</summary>
    /// <exception cref="CorruptDataException">one of them is not there</exception>
    public static int LengthOf(ReadOnlySpan<byte> bytes, IReadOnlyList<IndexColumn> columns)
    {
        var length = 0;
        for (var i = 0; i < columns.Count; i++)
        {
            length += LengthOf(bytes[length..], columns[i]);
        }

        return length;
    }

    /// <summary>The number that an ascending number value holds; false for null.</summary>
    public static bool TryNumber(ReadOnlySpan<byte> value, out double number)
    {
        number = 0;
        if (value[0] == Null)
        {
            return false;
        }

        var bits = BinaryPrimitives.ReadInt64BigEndian(value[1..]);
        number = BitConverter.Int64BitsToDouble(bits < 0 ? bits ^ long.MinValue : ~bits);
        return true;
    }

    /// <summary>The value at the beginning; a text as far as the key holds it.</summary>
    /// <param name="bytes">begins with a value</param>
    /// <param name="column">the column it is of</param>
    /// <param name="length">how many bytes it takes</param>
    /// <exception cref="CorruptDataException">there is no such value</exception>
    public static IndexValue Read(ReadOnlySpan<byte> bytes, IndexColumn column, out int length)
    {
        length = LengthOf(bytes, column);
        var value = bytes[..length].ToArray();
        if (column.Descending)
        {
            Complement(value);
        }

        if (value[0] == Null)
        {
            return IndexValue.Null;
        }

        return column.Kind switch
        {
            IndexedKind.Text => IndexValue.Of(Encoding.UTF8.GetString(Unescaped(value.AsSpan(1, length - 1 - TextEndBytes)))),
            IndexedKind.Boolean => IndexValue.Of(value[0] == 2),
            _ => TryNumber(value, out var number) ? IndexValue.Of(number) : IndexValue.Null,
        };
    }

    /// <summary>The least bytes that come behind everything that begins with <paramref name="prefix"/>; null if nothing does.</summary>
    public static byte[]? Behind(ReadOnlySpan<byte> prefix)
    {
        var length = prefix.LastIndexOfAnyExcept((byte)0xFF) + 1;
        if (length == 0)
        {
            return null;
        }

        var behind = prefix[..length].ToArray();
        behind[^1]++;
        return behind;
    }

    private static byte[] Unescaped(ReadOnlySpan<byte> text)
    {
        var bytes = new byte[text.Length];
        var length = 0;
        for (var i = 0; i < text.Length; i++)
        {
            bytes[length++] = text[i];
            i += text[i] == Zero ? 1 : 0;
        }

        return bytes[..length];
    }

    private static int TextLength(ReadOnlySpan<byte> bytes, byte flip)
    {
        for (var at = 1; at + 1 < bytes.Length; at++)
        {
            if ((bytes[at] ^ flip) != Zero)
            {
                continue;
            }

            if ((bytes[at + 1] ^ flip) == End)
            {
                return at + 2;
            }

            at++;
        }

        throw Damaged();
    }

    private static int CutLength(ReadOnlySpan<byte> utf8)
    {
        var length = Math.Min(utf8.Length, IndexLimits.TextBytes);
        while (length < utf8.Length && length > 0 && (utf8[length] & 0xC0) == 0x80)
        {
            length--; // within a character
        }

        return length;
    }

    private static CorruptDataException Damaged() => new("Damaged index entry: a value of its key does not end");
}
