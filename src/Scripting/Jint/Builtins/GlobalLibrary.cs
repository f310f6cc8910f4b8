using System.Text;
using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Strings;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Builtins;

/// <summary>Global functions and constants (15.1).</summary>
internal static class GlobalLibrary
{
    private const string Unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()";
    private const string Reserved = ";/?:@&=+$,#";

    public static void Install(Realm realm)
    {
        var global = realm.Global;
        global.Set("NaN", double.NaN, Attributes.None);
        global.Set("Infinity", double.PositiveInfinity, Attributes.None);
        global.Set("undefined", default, Attributes.None);
        global.Set("globalThis", global, Attributes.Hidden);
        global.Method("parseInt", 2, (_, _, args) => ParseInt(args));
        global.Method("parseFloat", 1, (_, _, args) => ParseFloat(args));
        global.Method("isNaN", 1, (_, _, args) => double.IsNaN(Operators.ToNumber(args.At(0))));
        global.Method("isFinite", 1, (_, _, args) => double.IsFinite(Operators.ToNumber(args.At(0))));
        global.Method("encodeURIComponent", 1, (r, _, args) => Encode(r, Operators.ToText(args.At(0)), Unreserved));
        global.Method("encodeURI", 1, (r, _, args) => Encode(r, Operators.ToText(args.At(0)), Unreserved + Reserved));
        global.Method("decodeURIComponent", 1, (r, _, args) => Decode(r, Operators.ToText(args.At(0)), ""));
        global.Method("decodeURI", 1, (r, _, args) => Decode(r, Operators.ToText(args.At(0)), Reserved));
    }

    public static double ParseInt(JsValue[] args)
    {
        var text = TrimmedStart(args.At(0));
        var negative = text.Length > 0 && text[0] == '-';
        text = text.Length > 0 && text[0] is '+' or '-' ? text[1..] : text;
        var radix = Operators.ToInt32(args.At(1));
        if (radix is 0 or 16 && text.Length >= 2 && text[0] == '0' && text[1] is 'x' or 'X')
        {
            radix = 16;
            text = text[2..];
        }

        radix = radix == 0 ? 10 : radix;
        if (radix is < 2 or > 36)
        {
            return double.NaN;
        }

        var length = 0;
        while (length < text.Length && Numbers.DigitValue(text[length]) < radix)
        {
            length++;
        }

        var value = length == 0 ? double.NaN : Numbers.ParseRadix(text[..length], radix);
        return negative ? -value : value;
    }

    public static double ParseFloat(JsValue[] args)
    {
        var text = TrimmedStart(args.At(0));
        var length = Numbers.DecimalLength(text);
        return length == 0 ? double.NaN : Numbers.ParseDecimal(text[..length]);
    }

    private static ReadOnlySpan<char> TrimmedStart(JsValue value)
    {
        var text = Operators.ToText(value);
        Realm.ChargeText(text);
        return Characters.TrimStart(text);
    }

    private static string Encode(Realm realm, string text, string kept)
    {
        realm.Work(text.Length);
        realm.RequireTextLength(text.Length * 3L, charge: false);
        var result = new StringBuilder(text.Length);
        Span<byte> bytes = stackalloc byte[4];
        for (var i = 0; i < text.Length; i++)
        {
            if (kept.Contains(text[i]))
            {
                result.Append(text[i]);
                continue;
            }

            if (Rune.DecodeFromUtf16(text.AsSpan(i), out var rune, out var used) != System.Buffers.OperationStatus.Done)
            {
                throw realm.UriError("URI malformed");
            }

            i += used - 1;
            foreach (var b in bytes[..rune.EncodeToUtf8(bytes)])
            {
                result.Append('%').Append("0123456789ABCDEF"[b >> 4]).Append("0123456789ABCDEF"[b & 15]);
            }
        }

        return result.ToString();
    }

    private static string Decode(Realm realm, string text, string kept)
    {
        realm.Work(text.Length);
        var result = new StringBuilder(text.Length);
        var bytes = new List<byte>();
        for (var i = 0; i < text.Length;)
        {
            if (text[i] != '%')
            {
                result.Append(text[i++]);
                continue;
            }

            var start = i;
            var rune = DecodeRune(realm, text, ref i, bytes);
            result.Append(rune.IsBmp && kept.Contains((char)rune.Value) ? text[start..i] : rune.ToString());
        }

        return result.ToString();
    }

    private static Rune DecodeRune(Realm realm, string text, ref int at, List<byte> bytes)
    {
        bytes.Clear();
        do
        {
            if (at + 2 >= text.Length || text[at] != '%' || Numbers.DigitValue(text[at + 1]) > 15 || Numbers.DigitValue(text[at + 2]) > 15)
            {
                throw realm.UriError("URI malformed");
            }

            bytes.Add((byte)((Numbers.DigitValue(text[at + 1]) << 4) | Numbers.DigitValue(text[at + 2])));
            at += 3;
        }
        while (bytes.Count < Utf8Length(bytes[0]));

        return Rune.DecodeFromUtf8(bytes.ToArray(), out var rune, out var used) == System.Buffers.OperationStatus.Done && used == bytes.Count
            ? rune
            : throw realm.UriError("URI malformed");
    }

    private static int Utf8Length(byte first) => first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}
