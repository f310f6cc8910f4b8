using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Realms;

/// <summary>The language's own objects of one realm, set once by the library.</summary>
internal sealed class Intrinsics
{
    public JsObject ObjectPrototype { get; set; } = null!;

    public JsObject FunctionPrototype { get; set; } = null!;

    public JsObject ArrayPrototype { get; set; } = null!;

    public JsObject StringPrototype { get; set; } = null!;

    public JsObject NumberPrototype { get; set; } = null!;

    public JsObject BooleanPrototype { get; set; } = null!;

    public JsObject DatePrototype { get; set; } = null!;

    public JsObject RegExpPrototype { get; set; } = null!;

    public JsObject MapPrototype { get; set; } = null!;

    public JsObject SetPrototype { get; set; } = null!;

    public JsObject ErrorPrototype { get; set; } = null!;

    public JsObject TypeErrorPrototype { get; set; } = null!;

    public JsObject RangeErrorPrototype { get; set; } = null!;

    public JsObject ReferenceErrorPrototype { get; set; } = null!;

    public JsObject SyntaxErrorPrototype { get; set; } = null!;

    public JsObject UriErrorPrototype { get; set; } = null!;

    public JsObject EvalErrorPrototype { get; set; } = null!;
}
