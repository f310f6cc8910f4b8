using Mjolnir.Scripting.Jint.Realms;

namespace Mjolnir.Scripting.Jint.Values;

/// <summary>Conversions and comparisons of the language (ES5.1, sections 9 and 11), exact also where the platform's casts are not.</summary>
internal static class Operators
{
    public static bool ToBoolean(JsValue value) => value.Kind switch
    {
        JsKind.Boolean => value.IsTrue,
        JsKind.Number => value.Number != 0 && !double.IsNaN(value.Number),
        JsKind.String => value.Reference is string text ? text.Length > 0 : ((Rope)value.Reference!).Length > 0,
        JsKind.Object => true,
        _ => false,
    };

    public static double ToNumber(JsValue value) => value.Kind switch
    {
        JsKind.Number => value.Number,
        JsKind.String => Numbers.Parse(value.Text!),
        JsKind.Boolean => value.IsTrue ? 1 : 0,
        JsKind.Null => 0,
        JsKind.Object => ToNumber(ToPrimitive(value, JsKind.Number)),
        _ => double.NaN,
    };

    public static double ToInteger(JsValue value) => Numbers.ToInteger(ToNumber(value));

    public static int ToInt32(JsValue value) => Numbers.ToInt32(ToNumber(value));

    public static uint ToUInt32(JsValue value) => Numbers.ToUInt32(ToNumber(value));

    public static string ToText(JsValue value) => value.Kind switch
    {
        JsKind.String => value.Text!,
        JsKind.Number => Numbers.Text(value.Number),
        JsKind.Boolean => value.IsTrue ? "true" : "false",
        JsKind.Null => "null",
        JsKind.Object => ToText(ToPrimitive(value, JsKind.String)),
        _ => "undefined",
    };

    /// <summary>As <see cref="ToText"/>, keeping a rope a rope.</summary>
    public static JsValue ToTextValue(JsValue value) => value.IsString ? value : ToText(value);

    /// <summary>A property key.</summary>
    public static string ToKey(JsValue value)
    {
        var text = value.Reference as string ?? ToText(value);
        Realm.ChargeText(text);
        return text;
    }

    /// <summary>A primitive; <paramref name="hint"/> is Number, String, or Undefined for none (which is String for dates).</summary>
    public static JsValue ToPrimitive(JsValue value, JsKind hint = JsKind.Undefined)
    {
        if (value.Object is not { } o)
        {
            return value;
        }

        var textFirst = hint == JsKind.String || (hint == JsKind.Undefined && o is JsDate);
        if (TryPrimitive(o, textFirst ? "toString" : "valueOf", out var result) || TryPrimitive(o, textFirst ? "valueOf" : "toString", out result))
        {
            return result;
        }

        throw o.Realm.TypeError("Cannot convert object to primitive value");
    }

    /// <summary>The object of a value; undefined and null have none.</summary>
    public static JsObject ToObject(Realm realm, JsValue value) => value.Kind switch
    {
        JsKind.Object => value.Object!,
        JsKind.String => new JsWrapper(realm, realm.Intrinsics.StringPrototype, value),
        JsKind.Number => new JsWrapper(realm, realm.Intrinsics.NumberPrototype, value),
        JsKind.Boolean => new JsWrapper(realm, realm.Intrinsics.BooleanPrototype, value),
        _ => throw realm.TypeError("Cannot convert undefined or null to object"),
    };

    public static bool StrictEquals(JsValue a, JsValue b)
    {
        var kind = a.Kind;
        return kind == b.Kind && kind switch
        {
            JsKind.Number => a.Number == b.Number,
            JsKind.String => SameText(a.Text!, b.Text!),
            JsKind.Undefined or JsKind.Null => true,
            _ => ReferenceEquals(a.Reference, b.Reference),
        };
    }

    public static bool LooseEquals(JsValue a, JsValue b)
    {
        while (true)
        {
            JsKind x = a.Kind, y = b.Kind;
            if (x == y)
            {
                return StrictEquals(a, b);
            }

            if (a.IsNullish || b.IsNullish)
            {
                return a.IsNullish && b.IsNullish;
            }

            if (x != JsKind.Object && y != JsKind.Object)
            {
                return ToNumber(a) == ToNumber(b);
            }

            a = ToPrimitive(a);
            b = ToPrimitive(b);
        }
    }

    /// <summary>As strict equality, but NaN is itself and the zeros differ.</summary>
    public static bool SameValue(JsValue a, JsValue b) =>
        a.IsNumber && b.IsNumber ? a.Number.Equals(b.Number) && double.IsNegative(a.Number) == double.IsNegative(b.Number) | double.IsNaN(a.Number) : StrictEquals(a, b);

    /// <summary>As strict equality, but NaN is itself: what <c>includes</c>, Map and Set use.</summary>
    public static bool SameValueZero(JsValue a, JsValue b) =>
        a.IsNumber && b.IsNumber ? a.Number.Equals(b.Number) : StrictEquals(a, b);

    /// <summary>a &lt; b; null if one is NaN. Converts <paramref name="a"/> first unless told otherwise.</summary>
    public static bool? Less(JsValue a, JsValue b, bool leftFirst)
    {
        JsValue x, y;
        if (leftFirst)
        {
            x = ToPrimitive(a, JsKind.Number);
            y = ToPrimitive(b, JsKind.Number);
        }
        else
        {
            y = ToPrimitive(b, JsKind.Number);
            x = ToPrimitive(a, JsKind.Number);
        }

        if (x.IsString && y.IsString)
        {
            Realm.ChargeText(x.Text!);
            return string.CompareOrdinal(x.Text, y.Text) < 0;
        }

        double m = ToNumber(x), n = ToNumber(y);
        return double.IsNaN(m) || double.IsNaN(n) ? null : m < n;
    }

    public static JsValue Add(Realm realm, JsValue a, JsValue b)
    {
        var x = ToPrimitive(a);
        var y = ToPrimitive(b);
        return x.IsString || y.IsString
            ? realm.Concat(ToTextValue(x), ToTextValue(y))
            : ToNumber(x) + ToNumber(y);
    }

    public static string TypeOf(JsValue value) => value.Kind switch
    {
        JsKind.Undefined => "undefined",
        JsKind.Boolean => "boolean",
        JsKind.Number => "number",
        JsKind.String => "string",
        JsKind.Object => value.Function is null ? "object" : "function",
        _ => "object",
    };

    private static bool SameText(string a, string b)
    {
        if (ReferenceEquals(a, b) || a.Length != b.Length)
        {
            return ReferenceEquals(a, b);
        }

        Realm.ChargeText(a);
        return a == b;
    }

    private static bool TryPrimitive(JsObject o, string method, out JsValue result)
    {
        result = default;
        if (o.Get(method).Function is not { } function)
        {
            return false;
        }

        result = function.Call(o, []);
        return !result.IsObject;
    }
}
