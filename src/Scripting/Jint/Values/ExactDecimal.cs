using System.Globalization;
using System.Numerics;

namespace Mjolnir.Scripting.Jint.Values;

/// <summary>Decimal digits of a double's exact value, halves rounded up as the language says (15.7.4.5 to 15.7.4.7); the platform rounds them to even.</summary>
internal static class ExactDecimal
{
    /// <summary>So many digits behind the point.</summary>
    public static string Fixed(double positive, int digits)
    {
        var text = Scaled(positive, digits).ToString(CultureInfo.InvariantCulture).PadLeft(digits + 1, '0');
        return digits == 0 ? text : text[..^digits] + "." + text[^digits..];
    }

    /// <summary>So many significant digits, and the power of ten of the first.</summary>
    public static (string Digits, int Exponent) Rounded(double positive, int count)
    {
        if (positive == 0)
        {
            return (new string('0', count), 0);
        }

        // The shortest digits give the power of ten; rounding may carry into the next.
        var exponent = Numbers.ShortestDigits(positive).Exponent - 1;
        var digits = Scaled(positive, count - 1 - exponent).ToString(CultureInfo.InvariantCulture);
        return digits.Length > count ? (digits[..count], exponent + 1)
            : digits.Length < count ? Rounded(positive, count, exponent - 1)
            : (digits, exponent);
    }

    private static (string Digits, int Exponent) Rounded(double positive, int count, int exponent) =>
        (Scaled(positive, count - 1 - exponent).ToString(CultureInfo.InvariantCulture), exponent);

    /// <summary>The number times a power of ten, rounded to an integer.</summary>
    private static BigInteger Scaled(double positive, int power)
    {
        var bits = BitConverter.DoubleToInt64Bits(positive);
        var biased = (int)(bits >> 52) & 0x7FF;
        BigInteger mantissa = (bits & 0xFFFFFFFFFFFFF) | (biased == 0 ? 0 : 1L << 52);
        var exponent = Math.Max(biased, 1) - 1075;
        var numerator = mantissa * BigInteger.Pow(10, Math.Max(power, 0)) << Math.Max(exponent, 0);
        var denominator = BigInteger.Pow(10, Math.Max(-power, 0)) << Math.Max(-exponent, 0);
        return ((numerator * 2) + denominator) / (denominator * 2);
    }
}
