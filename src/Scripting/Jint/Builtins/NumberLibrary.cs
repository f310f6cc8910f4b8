using System.Globalization;
using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Builtins;

/// <summary>Number (15.7) and Boolean (15.6).</summary>
internal static class NumberLibrary
{
    /// <summary>Largest count of digits that the formatting functions accept.</summary>
    private const int MaxDigits = 100;

    public static void Install(Realm realm)
    {
        var prototype = new JsWrapper(realm, realm.Intrinsics.ObjectPrototype, 0);
        realm.Intrinsics.NumberPrototype = prototype;
        var constructor = realm.Constructor("Number", 1, prototype, (_, _, args) => First(args), (r, args) => new JsWrapper(r, prototype, First(args)));
        InstallConstants(constructor);
        InstallTests(constructor);
        InstallFormats(prototype);
        InstallBoolean(realm);
    }

    private static JsValue First(JsValue[] args) => args.Length == 0 ? 0 : Operators.ToNumber(args[0]);

    private static double This(Realm realm, JsValue self) =>
        self.IsNumber ? self.Number : self.Object is JsWrapper { Value.IsNumber: true } wrapper ? wrapper.Value.Number : throw realm.TypeError("Number.prototype.valueOf requires that 'this' be a Number");

    private static void InstallConstants(JsObject constructor)
    {
        constructor.Set("MAX_VALUE", double.MaxValue, Attributes.None);
        constructor.Set("MIN_VALUE", double.Epsilon, Attributes.None);
        constructor.Set("NaN", double.NaN, Attributes.None);
        constructor.Set("POSITIVE_INFINITY", double.PositiveInfinity, Attributes.None);
        constructor.Set("NEGATIVE_INFINITY", double.NegativeInfinity, Attributes.None);
        constructor.Set("EPSILON", Math.BitIncrement(1.0) - 1, Attributes.None);
        constructor.Set("MAX_SAFE_INTEGER", Numbers.MaxSafeInteger, Attributes.None);
        constructor.Set("MIN_SAFE_INTEGER", -Numbers.MaxSafeInteger, Attributes.None);
    }

    private static void InstallTests(JsObject constructor)
    {
        constructor.Method("isFinite", 1, (_, _, args) => args.At(0).IsNumber && double.IsFinite(args[0].Number));
        constructor.Method("isNaN", 1, (_, _, args) => args.At(0).IsNumber && double.IsNaN(args[0].Number));
        constructor.Method("isInteger", 1, (_, _, args) => args.At(0).IsNumber && double.IsFinite(args[0].Number) && Math.Floor(args[0].Number) == args[0].Number);
        constructor.Method("isSafeInteger", 1, (_, _, args) => args.At(0).IsNumber && Numbers.IsSafeInteger(args[0].Number));
        constructor.Method("parseInt", 2, (_, _, args) => GlobalLibrary.ParseInt(args));
        constructor.Method("parseFloat", 1, (_, _, args) => GlobalLibrary.ParseFloat(args));
    }

    private static void InstallFormats(JsObject prototype)
    {
        prototype.Method("valueOf", 0, (r, self, _) => This(r, self));
        prototype.Method("toString", 1, (r, self, args) =>
        {
            var number = This(r, self);
            var radix = args.At(0).IsUndefined ? 10 : Operators.ToInteger(args[0]);
            return radix == 10 ? Numbers.Text(number)
                : radix is >= 2 and <= 36 ? Numbers.RadixText(number, (int)radix)
                : throw r.RangeError("toString() radix must be between 2 and 36");
        });
        prototype.Method("toLocaleString", 0, (r, self, args) => Grouped(This(r, self), args.At(1)));
        prototype.Method("toFixed", 1, (r, self, args) => Fixed(This(r, self), Digits(r, args.At(0), 0, "toFixed() digits")));
        prototype.Method("toExponential", 1, (r, self, args) =>
        {
            var number = This(r, self);
            var digits = Operators.ToInteger(args.At(0));
            return double.IsFinite(number)
                ? Exponential(number, args.At(0).IsUndefined ? -1 : Digits(r, digits, 0, "toExponential()"))
                : Numbers.Text(number);
        });
        prototype.Method("toPrecision", 1, (r, self, args) =>
        {
            var number = This(r, self);
            return args.At(0).IsUndefined || !double.IsFinite(number) ? Numbers.Text(number) : Precision(number, Digits(r, args[0], 1, "toPrecision()"));
        });
    }

    private static int Digits(Realm realm, JsValue value, int low, string what)
    {
        var digits = Operators.ToInteger(value);
        return digits >= low && digits <= MaxDigits ? (int)digits : throw realm.RangeError($"{what} argument must be between {low} and {MaxDigits}");
    }

    private static string Fixed(double number, int digits)
    {
        if (!double.IsFinite(number) || Math.Abs(number) >= 1e21)
        {
            return Numbers.Text(number);
        }

        var text = ExactDecimal.Fixed(Math.Abs(number), digits);
        return number < 0 ? "-" + text : text;
    }

    private static string Exponential(double number, int digits)
    {
        var sign = number < 0 ? "-" : "";
        number = Math.Abs(number);
        var (mantissa, exponent) = digits < 0 ? Shortest(number) : ExactDecimal.Rounded(number, digits + 1);
        var text = mantissa.Length > 1 ? mantissa[..1] + "." + mantissa[1..] : mantissa;
        return $"{sign}{text}e{(exponent < 0 ? "-" : "+")}{Math.Abs(exponent).ToString(CultureInfo.InvariantCulture)}";
    }

    private static (string Digits, int Exponent) Shortest(double positive)
    {
        if (positive == 0)
        {
            return ("0", 0);
        }

        var (digits, exponent) = Numbers.ShortestDigits(positive);
        return (digits, exponent - 1);
    }

    private static string Precision(double number, int precision)
    {
        var sign = number < 0 ? "-" : "";
        var (digits, exponent) = ExactDecimal.Rounded(Math.Abs(number), precision);
        if (exponent < -6 || exponent >= precision)
        {
            return Exponential(number, precision - 1);
        }

        if (exponent < 0)
        {
            return sign + "0." + new string('0', -exponent - 1) + digits;
        }

        return sign + (exponent + 1 == precision ? digits : digits[..(exponent + 1)] + "." + digits[(exponent + 1)..]);
    }

    /// <summary>As in the locale en-US: groups of three, up to three fraction digits unless the options say otherwise.</summary>
    private static string Grouped(double number, JsValue options)
    {
        if (!double.IsFinite(number))
        {
            return double.IsNaN(number) ? "NaN" : number > 0 ? "∞" : "-∞";
        }

        var low = Option(options, "minimumFractionDigits", 0);
        var high = Math.Max(low, Option(options, "maximumFractionDigits", Math.Max(low, 3)));
        return number.ToString("#,##0." + new string('0', low) + new string('#', high - low), CultureInfo.InvariantCulture);
    }

    private static int Option(JsValue options, string name, int otherwise)
    {
        var value = options.Object?.Get(name) ?? default;
        return value.IsUndefined ? otherwise : (int)Math.Clamp(Operators.ToInteger(value), 0, 20);
    }

    private static void InstallBoolean(Realm realm)
    {
        var prototype = new JsWrapper(realm, realm.Intrinsics.ObjectPrototype, false);
        realm.Intrinsics.BooleanPrototype = prototype;
        realm.Constructor("Boolean", 1, prototype, (_, _, args) => Operators.ToBoolean(args.At(0)), (r, args) => new JsWrapper(r, prototype, Operators.ToBoolean(args.At(0))));
        prototype.Method("valueOf", 0, (r, self, _) => ThisBoolean(r, self));
        prototype.Method("toString", 0, (r, self, _) => ThisBoolean(r, self) ? "true" : "false");
    }

    private static bool ThisBoolean(Realm realm, JsValue self) =>
        self.IsBoolean ? self.IsTrue : self.Object is JsWrapper { Value.IsBoolean: true } wrapper ? wrapper.Value.IsTrue : throw realm.TypeError("Boolean.prototype.valueOf requires that 'this' be a Boolean");
}
