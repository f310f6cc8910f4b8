using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Builtins;

/// <summary>Math (15.8). Its random numbers are fixed by the transaction's seed.</summary>
internal static class MathLibrary
{
    public static void Install(Realm realm)
    {
        var math = new MathObject(realm);
        realm.Global.Set("Math", math, Attributes.Hidden);
        InstallConstants(math);
        InstallRounding(math);
        InstallTranscendentals(math);
        InstallLists(math);
        math.Method("random", 0, (r, _, _) => r.Seed.NextRandom());
        math.Method("imul", 2, (_, _, args) => Operators.ToInt32(args.At(0)) * Operators.ToInt32(args.At(1)));
        math.Method("clz32", 1, (_, _, args) => System.Numerics.BitOperations.LeadingZeroCount(Operators.ToUInt32(args.At(0))));
    }

    private static void Function(this JsObject math, string name, Func<double, double> body) =>
        math.Method(name, 1, (_, _, args) => body(Operators.ToNumber(args.At(0))));

    private static void InstallConstants(JsObject math)
    {
        math.Set("E", Math.E, Attributes.None);
        math.Set("PI", Math.PI, Attributes.None);
        math.Set("LN10", Math.Log(10), Attributes.None);
        math.Set("LN2", Math.Log(2), Attributes.None);
        math.Set("LOG10E", 0.4342944819032518, Attributes.None);
        math.Set("LOG2E", 1.4426950408889634, Attributes.None);
        math.Set("SQRT1_2", Math.Sqrt(0.5), Attributes.None);
        math.Set("SQRT2", Math.Sqrt(2), Attributes.None);
    }

    private static void InstallRounding(JsObject math)
    {
        math.Function("abs", Math.Abs);
        math.Function("ceil", Math.Ceiling);
        math.Function("floor", Math.Floor);
        math.Function("trunc", Math.Truncate);
        math.Function("round", Round);
        math.Function("sign", x => double.IsNaN(x) || x == 0 ? x : Math.Sign(x));
        math.Function("fround", x => (float)x);
    }

    /// <summary>Halves go up, also below zero; what is so large that it has no fraction stays.</summary>
    private static double Round(double x)
    {
        if (!double.IsFinite(x) || Math.Abs(x) >= 4503599627370496 || x == 0)
        {
            return x;
        }

        var floor = Math.Floor(x);
        var rounded = x - floor >= 0.5 ? floor + 1 : floor;
        return rounded == 0 && x < 0 ? -0.0 : rounded;
    }

    private static void InstallTranscendentals(JsObject math)
    {
        math.Function("acos", Math.Acos);
        math.Function("acosh", Math.Acosh);
        math.Function("asin", Math.Asin);
        math.Function("asinh", x => x == 0 ? x : Math.Asinh(x));
        math.Function("atan", Math.Atan);
        math.Function("atanh", Math.Atanh);
        math.Function("cbrt", CubeRoot);
        math.Function("cos", Math.Cos);
        math.Function("cosh", Math.Cosh);
        math.Function("exp", Math.Exp);
        math.Function("expm1", x => Math.Abs(x) < 1e-5 ? x + (x * x / 2) : Math.Exp(x) - 1);
        math.Function("log", Math.Log);
        math.Function("log10", Math.Log10);
        math.Function("log1p", x => Math.Abs(x) < 1e-5 ? x - (x * x / 2) : Math.Log(1 + x));
        math.Function("log2", Math.Log2);
        math.Function("sin", Math.Sin);
        math.Function("sinh", Math.Sinh);
        math.Function("sqrt", Math.Sqrt);
        math.Function("tan", Math.Tan);
        math.Function("tanh", Math.Tanh);
        math.Method("atan2", 2, (_, _, args) => Math.Atan2(Operators.ToNumber(args.At(0)), Operators.ToNumber(args.At(1))));
        math.Method("pow", 2, (_, _, args) => Power(Operators.ToNumber(args.At(0)), Operators.ToNumber(args.At(1))));
    }

    /// <summary>The platform's root is off by a bit even for cubes of integers.</summary>
    private static double CubeRoot(double x)
    {
        var root = Math.Cbrt(x);
        return root == 0 || !double.IsFinite(root) ? root : root - (((root * root * root) - x) / (3 * root * root));
    }

    /// <summary>Unlike the platform, 1 to the power of NaN or infinity is NaN here.</summary>
    private static double Power(double x, double y) =>
        double.IsNaN(y) || (Math.Abs(x) == 1 && double.IsInfinity(y)) ? double.NaN : Math.Pow(x, y);

    private static void InstallLists(JsObject math)
    {
        math.Method("max", 2, (_, _, args) => args.Aggregate(double.NegativeInfinity, (max, a) => Math.Max(max, Operators.ToNumber(a))));
        math.Method("min", 2, (_, _, args) => args.Aggregate(double.PositiveInfinity, (min, a) => Math.Min(min, Operators.ToNumber(a))));
        math.Method("hypot", 2, (_, _, args) =>
        {
            var numbers = Array.ConvertAll(args, Operators.ToNumber);
            var largest = numbers.Aggregate(0.0, (max, n) => Math.Max(max, Math.Abs(n)));
            return Array.Exists(numbers, double.IsInfinity) ? double.PositiveInfinity
                : largest == 0 || double.IsNaN(largest) ? largest
                : Math.Sqrt(numbers.Sum(n => n / largest * (n / largest))) * largest;
        });
    }

    private sealed class MathObject(Realm realm) : JsObject(realm, realm.Intrinsics.ObjectPrototype)
    {
        public override string Class => "Math";
    }
}
