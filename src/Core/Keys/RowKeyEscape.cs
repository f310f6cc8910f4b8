using System.Buffers;
using System.Text;

namespace Mjolnir.Core.Keys;

/// <summary>Percent-escaping of primary keys: only what a cache key may not contain, and the two marks of our own syntax.</summary>
internal static class RowKeyEscape
{
    private static readonly SearchValues<char> Escaped =
        SearchValues.Create("\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\u0008\u0009\u000a\u000b\u000c\u000d\u000e\u000f" +
                            "\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f \u007f%/");

    public static string Escape(string primaryKey)
    {
        if (primaryKey.AsSpan().IndexOfAny(Escaped) < 0)
        {
            return primaryKey;
        }

        var text = new StringBuilder(primaryKey.Length + 8);
        foreach (var c in primaryKey)
        {
            if (Escaped.Contains(c))
            {
                text.Append('%').Append(((int)c).ToString("X2", System.Globalization.CultureInfo.InvariantCulture));
            }
            else
            {
                text.Append(c);
            }
        }

        return text.ToString();
    }

    /// <summary>The same in UTF-8; every escaped character is one byte there.</summary>
    /// <param name="primaryKey">not escaped</param>
    /// <param name="escaped">room for three bytes for each one</param>
    /// <returns>bytes written</returns>
    public static int Escape(ReadOnlySpan<byte> primaryKey, Span<byte> escaped)
    {
        const string Digits = "0123456789ABCDEF";
        var length = 0;
        foreach (var value in primaryKey)
        {
            if (value is <= (byte)' ' or 0x7F or (byte)'%' or (byte)'/')
            {
                escaped[length++] = (byte)'%';
                escaped[length++] = (byte)Digits[value >> 4];
                escaped[length++] = (byte)Digits[value & 15];
            }
            else
            {
                escaped[length++] = value;
            }
        }

        return length;
    }

    public static string Unescape(ReadOnlySpan<char> escaped)
    {
        if (!escaped.Contains('%'))
        {
            return escaped.ToString();
        }

        var text = new StringBuilder(escaped.Length);
        for (var i = 0; i < escaped.Length; i++)
        {
            if (escaped[i] == '%')
            {
                text.Append((char)Convert.ToInt32(escaped.Slice(i + 1, 2).ToString(), 16));
                i += 2;
            }
            else
            {
                text.Append(escaped[i]);
            }
        }

        return text.ToString();
    }
}
