using System.Globalization;
using System.Numerics;
using System.Text;
using Mjolnir.Scripting.Jint.Strings;

namespace Mjolnir.Scripting.Jint.Values;

/// <summary>Numbers to text and back, and to the language's integers (ES5.1, sections 9.3 to 9.8 and 15.7.4).</summary>
internal static class Numbers
{
    /// <summary>2^53 - 1: beyond it doubles skip integers.</summary>
    public const double MaxSafeInteger = 9007199254740991;

    private const string Digits = "0123456789abcdefghijklmnopqrstuvwxyz";

    public static double ToInteger(double number) => double.IsNaN(number) ? 0 : Math.Truncate(number) + 0.0;

    public static int ToInt32(double number) => (int)ToUInt32(number);

    public static uint ToUInt32(double number)
    {
        if (number is >= int.MinValue and <= uint.MaxValue)
        {
            return (uint)(long)number;
        }

        if (!double.IsFinite(number))
        {
            return 0;
        }

        var modulo = Math.IEEERemainder(Math.Truncate(number), 4294967296.0);
        return (uint)(long)modulo;
    }

    /// <summary>A whole number that a double holds exactly.</summary>
    public static bool IsSafeInteger(double number) => Math.Abs(number) <= MaxSafeInteger && Math.Floor(number) == number;

    public static string Text(double number)
    {
        if (Math.Abs(number) < 1e15 && (long)number == number)
        {
            var integer = (long)number;
            return integer is >= 0 and < 1024 ? ArrayIndex.Text((uint)integer) : integer.ToString(CultureInfo.InvariantCulture);
        }

        if (!double.IsFinite(number))
        {
            return double.IsNaN(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity";
        }

        var (digits, exponent) = ShortestDigits(Math.Abs(number));
        return (number < 0 ? "-" : "") + Layout(digits, exponent);
    }

    /// <summary>The value of a text as <c>Number(text)</c> gives it.</summary>
    public static double Parse(string text)
    {
        Realms.Realm.ChargeText(text);
        var span = Characters.Trim(text.AsSpan());
        if (span.Length == 0)
        {
            return 0;
        }

        if (span.Length > 2 && span[0] == '0' && !char.IsAsciiDigit(span[1]) && span[1] is not ('.' or 'e' or 'E'))
        {
            return ParsePrefixed(span);
        }

        var length = DecimalLength(span);
        return length == span.Length ? ParseDecimal(span) : double.NaN;
    }

    /// <summary>How many characters at the start are a decimal number with sign, or Infinity; 0 if none.</summary>
    public static int DecimalLength(ReadOnlySpan<char> text)
    {
        var at = text.Length > 0 && text[0] is '+' or '-' ? 1 : 0;
        if (text[at..].StartsWith("Infinity"))
        {
            return at + 8;
        }

        var whole = DigitsAt(text, at);
        at += whole;
        var fraction = 0;
        if (at < text.Length && text[at] == '.')
        {
            fraction = DigitsAt(text, at + 1);
            at += whole + fraction > 0 ? 1 + fraction : 0;
        }

        if (whole + fraction == 0)
        {
            return 0;
        }

        if (at < text.Length && text[at] is 'e' or 'E')
        {
            var sign = at + 1 < text.Length && text[at + 1] is '+' or '-' ? 1 : 0;
            var exponent = DigitsAt(text, at + 1 + sign);
            at += exponent > 0 ? 1 + sign + exponent : 0;
        }

        return at;
    }

    /// <summary>The value of what <see cref="DecimalLength"/> accepted.</summary>
    public static double ParseDecimal(ReadOnlySpan<char> text)
    {
        if (text.EndsWith("Infinity"))
        {
            return text[0] == '-' ? double.NegativeInfinity : double.PositiveInfinity;
        }

        return double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
    }

    /// <summary>The value of digits in a radix; the caller has checked them. Exact for any length.</summary>
    public static double ParseRadix(ReadOnlySpan<char> digits, int radix)
    {
        double value = 0;
        foreach (var c in digits)
        {
            value = (value * radix) + DigitValue(c);
        }

        if (value < MaxSafeInteger)
        {
            return value;
        }

        if (radix == 10)
        {
            return double.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture);
        }

        if (digits.Length > 2_000)
        {
            return double.PositiveInfinity;
        }

        BigInteger exact = 0;
        foreach (var c in digits)
        {
            exact = (exact * radix) + DigitValue(c);
        }

        return double.Parse(exact.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
    }

    /// <summary>0 to 35, or 99 for what is no digit.</summary>
    public static int DigitValue(char c) => c switch
    {
        >= '0' and <= '9' => c - '0',
        >= 'a' and <= 'z' => c - 'a' + 10,
        >= 'A' and <= 'Z' => c - 'A' + 10,
        _ => 99,
    };

    /// <summary>The shortest digits that read back as the number, and the place of the decimal point before the first digit (as 0.d1d2… · 10^exponent).</summary>
    public static (string Digits, int Exponent) ShortestDigits(double positive)
    {
        var shortest = positive.ToString("R", CultureInfo.InvariantCulture);
        var e = shortest.IndexOf('E');
        var exponent = e < 0 ? 0 : int.Parse(shortest.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        var mantissa = e < 0 ? shortest : shortest[..e];
        var point = mantissa.IndexOf('.');
        exponent += point < 0 ? mantissa.Length : point;
        var digits = mantissa.Replace(".", "", StringComparison.Ordinal);
        var significant = digits.TrimStart('0');
        return (significant.TrimEnd('0'), exponent - (digits.Length - significant.Length));
    }

    /// <summary>Text of a number in a radix other than ten: exact for integers that a double holds, as many fraction digits as tell it from its neighbours.</summary>
    public static string RadixText(double number, int radix)
    {
        if (!double.IsFinite(number))
        {
            return Text(number);
        }

        var positive = Math.Abs(number);
        var whole = Math.Floor(positive);
        var text = new StringBuilder(number < 0 ? "-" : "");
        text.Append(RadixWhole(whole, radix));
        AppendFraction(text, positive, whole, radix);
        return text.ToString();
    }

    private static string Layout(string digits, int exponent)
    {
        var count = digits.Length;
        if (exponent > 21 || exponent < -5)
        {
            var e = exponent - 1;
            var mantissa = count == 1 ? digits : digits[..1] + "." + digits[1..];
            return mantissa + (e < 0 ? "e-" : "e+") + Math.Abs(e).ToString(CultureInfo.InvariantCulture);
        }

        if (exponent <= 0)
        {
            return "0." + new string('0', -exponent) + digits;
        }

        return exponent >= count
            ? digits + new string('0', exponent - count)
            : digits[..exponent] + "." + digits[exponent..];
    }

    private static double ParsePrefixed(ReadOnlySpan<char> text)
    {
        var radix = (text[1] | 0x20) switch
        {
            'x' => 16,
            'o' => 8,
            'b' => 2,
            _ => 0,
        };
        foreach (var c in text[2..])
        {
            if (DigitValue(c) >= radix)
            {
                return double.NaN;
            }
        }

        return radix == 0 ? double.NaN : ParseRadix(text[2..], radix);
    }

    private static int DigitsAt(ReadOnlySpan<char> text, int at)
    {
        var start = at;
        while (at < text.Length && char.IsAsciiDigit(text[at]))
        {
            at++;
        }

        return at - start;
    }

    /// <summary>As engines do it: digits beyond what a double holds are zeros.</summary>
    private static string RadixWhole(double whole, int radix)
    {
        var digits = new List<char>();
        for (; whole / radix > MaxSafeInteger; whole /= radix)
        {
            digits.Add('0');
        }

        do
        {
            var digit = whole % radix;
            digits.Add(Digits[(int)digit]);
            whole = (whole - digit) / radix;
        }
        while (whole > 0);

        digits.Reverse();
        return new string([.. digits]);
    }

    private static void AppendFraction(StringBuilder text, double positive, double whole, int radix)
    {
        var fraction = positive - whole;
        var delta = Math.Max(0.5 * (Math.BitIncrement(positive) - positive), double.Epsilon);
        if (fraction < delta)
        {
            return;
        }

        var point = text.Length;
        text.Append('.');
        do
        {
            fraction *= radix;
            delta *= radix;
            var digit = (int)fraction;
            text.Append(Digits[digit]);
            fraction -= digit;
            if ((fraction > 0.5 || (fraction == 0.5 && (digit & 1) == 1)) && fraction + delta > 1)
            {
                CarryUp(text, point, radix);
                return;
            }
        }
        while (fraction >= delta);
    }

    private static void CarryUp(StringBuilder text, int point, int radix)
    {
        while (text.Length - 1 > point)
        {
            var value = DigitValue(text[^1]) + 1;
            text.Length--;
            if (value < radix)
            {
                text.Append(Digits[value]);
                return;
            }
        }

        text.Length = point;
        for (var i = point - 1; i >= 0 && text[i] != '-'; i--)
        {
            var value = DigitValue(text[i]) + 1;
            text[i] = value < radix ? Digits[value] : '0';
            if (value < radix)
            {
                return;
            }
        }

        text.Insert(text[0] == '-' ? 1 : 0, '1');
    }
}
