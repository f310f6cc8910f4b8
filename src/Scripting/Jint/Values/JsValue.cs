using System.Runtime.CompilerServices;

namespace Mjolnir.Scripting.Jint.Values;

/// <summary>What a value is, in the language's own terms.</summary>
internal enum JsKind : byte
{
    Undefined,
    Null,
    Boolean,
    Number,
    String,
    Object,
}

/// <summary>
/// A value of the language in 16 bytes, without allocation for numbers. The reference tells the kind: null is undefined, a tag is null, true,
/// false or number, text is a string or a <see cref="Rope"/>, everything else an object.
/// </summary>
internal readonly struct JsValue
{
    private static readonly Tag NumberTag = new();
    private static readonly Tag NullTag = new();
    private static readonly Tag TrueTag = new();
    private static readonly Tag FalseTag = new();

    private readonly object? _reference;
    private readonly double _number;

    private JsValue(object? reference, double number = 0)
    {
        _reference = reference;
        _number = number;
    }

    private sealed class Tag;

    public static JsValue Undefined => default;

    public static JsValue Null => new(NullTag);

    public static JsValue True => new(TrueTag);

    public static JsValue False => new(FalseTag);

    public static JsValue NaN => new(NumberTag, double.NaN);

    public static JsValue EmptyText => new("");

    /// <summary>The marker or object behind the value: for code that keeps its own markers in slots.</summary>
    public object? Reference => _reference;

    public bool IsUndefined => _reference is null;

    public bool IsNull => ReferenceEquals(_reference, NullTag);

    public bool IsNullish => _reference is null || ReferenceEquals(_reference, NullTag);

    public bool IsNumber => ReferenceEquals(_reference, NumberTag);

    public bool IsBoolean => ReferenceEquals(_reference, TrueTag) || ReferenceEquals(_reference, FalseTag);

    public bool IsTrue => ReferenceEquals(_reference, TrueTag);

    public bool IsString => _reference is string or Rope;

    public bool IsObject => _reference is JsObject;

    /// <summary>The number; only of a number.</summary>
    public double Number => _number;

    /// <summary>The object, or null if it is none.</summary>
    public JsObject? Object => _reference as JsObject;

    /// <summary>The function, or null if it is none.</summary>
    public JsFunction? Function => _reference as JsFunction;

    /// <summary>The text of a string value, or null if it is none.</summary>
    public string? Text => _reference as string ?? (_reference as Rope)?.Flatten();

    public JsKind Kind
    {
        get
        {
            if (_reference is null)
            {
                return JsKind.Undefined;
            }

            if (ReferenceEquals(_reference, NumberTag))
            {
                return JsKind.Number;
            }

            if (_reference is string or Rope)
            {
                return JsKind.String;
            }

            if (_reference is Tag)
            {
                return ReferenceEquals(_reference, NullTag) ? JsKind.Null : JsKind.Boolean;
            }

            return JsKind.Object;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static JsValue Of(double number) => new(NumberTag, number);

    public static JsValue Of(bool value) => new(value ? TrueTag : FalseTag);

    public static JsValue Of(string text) => new(text);

    public static JsValue Of(Rope rope) => new(rope);

    public static JsValue Of(JsObject value) => new(value);

    /// <summary>The object, or null for none.</summary>
    public static JsValue OrNull(JsObject? value) => value is null ? Null : new(value);

    /// <summary>The text, or null for none.</summary>
    public static JsValue OrNull(string? value) => value is null ? Null : new(value);

    /// <summary>A slot's own marker: never seen by scripts.</summary>
    public static JsValue Marker(object marker) => new(marker);

    public static implicit operator JsValue(double number) => Of(number);

    public static implicit operator JsValue(bool value) => Of(value);

    public static implicit operator JsValue(string text) => Of(text);

    public static implicit operator JsValue(JsObject value) => Of(value);

    /// <summary>Same slot content: what a write that changes nothing compares.</summary>
    public static bool Same(JsValue a, JsValue b)
    {
        if (a.IsNumber && b.IsNumber)
        {
            return BitConverter.DoubleToInt64Bits(a._number) == BitConverter.DoubleToInt64Bits(b._number) || (double.IsNaN(a._number) && double.IsNaN(b._number));
        }

        return ReferenceEquals(a._reference, b._reference) || (a.IsString && b.IsString && a.Text == b.Text);
    }

    /// <summary>For debugging.</summary>
    public override string ToString() => Kind switch
    {
        JsKind.Number => _number.ToString(System.Globalization.CultureInfo.InvariantCulture),
        JsKind.String => Text!,
        JsKind.Boolean => IsTrue ? "true" : "false",
        JsKind.Object => "[object]",
        _ => IsNull ? "null" : "undefined",
    };
}
