using Mjolnir.Scripting.Jint.Realms;

namespace Mjolnir.Scripting.Jint.Values;

/// <summary>A function of the language's own library or of the page's world.</summary>
/// <param name="realm">where it runs</param>
/// <param name="self"><c>this</c></param>
/// <param name="args">as many as the caller gave</param>
internal delegate JsValue NativeBody(Realm realm, JsValue self, JsValue[] args);

/// <summary>Anything that can be called. Every call of every kind passes <see cref="Call"/>: depth and stack are checked there, and nowhere else.</summary>
internal abstract class JsFunction(Realm realm, JsObject prototype) : JsObject(realm, prototype)
{
    public override string Class => "Function";

    /// <summary>Can it stand behind <c>new</c>?</summary>
    public virtual bool IsConstructor => false;

    public JsValue Call(JsValue self, JsValue[] args)
    {
        Realm.EnterCall();
        var result = Invoke(self, args);
        Realm.LeaveCall();
        return result;
    }

    public JsObject New(JsValue[] args)
    {
        Realm.EnterCall();
        var result = Construct(args);
        Realm.LeaveCall();
        return result;
    }

    /// <summary>What <c>instanceof</c> asks.</summary>
    public virtual bool HasInstance(JsValue value)
    {
        if (value.Object is not { } o)
        {
            return false;
        }

        var prototype = Get("prototype").Object ?? throw Realm.TypeError("Function has non-object prototype in instanceof check");
        var steps = 0;
        for (var parent = o.Prototype; parent is not null; parent = parent.Prototype)
        {
            if (ReferenceEquals(parent, prototype))
            {
                return true;
            }

            Realm.Step(ref steps);
        }

        return false;
    }

    /// <summary>The function's text, as <c>String(f)</c> gives it.</summary>
    public virtual string SourceText => $"function {Get("name").Text}() {{ [native code] }}";

    protected abstract JsValue Invoke(JsValue self, JsValue[] args);

    protected virtual JsObject Construct(JsValue[] args) => throw Realm.TypeError($"{Get("name").Text} is not a constructor");
}

/// <summary>A function written in C#.</summary>
internal sealed class NativeFunction : JsFunction
{
    private readonly NativeBody _body;
    private readonly Func<Realm, JsValue[], JsObject>? _construct;

    public NativeFunction(Realm realm, string name, int length, NativeBody body, Func<Realm, JsValue[], JsObject>? construct = null)
        : base(realm, realm.Intrinsics.FunctionPrototype)
    {
        _body = body;
        _construct = construct;
        Set("length", length, Attributes.Configurable);
        Set("name", name, Attributes.Configurable);
    }

    public override bool IsConstructor => _construct is not null;

    protected override JsValue Invoke(JsValue self, JsValue[] args) => _body(Realm, self, args);

    protected override JsObject Construct(JsValue[] args) => _construct is null ? base.Construct(args) : _construct(Realm, args);
}

/// <summary>What <c>Function.prototype.bind</c> gives.</summary>
internal sealed class BoundFunction : JsFunction
{
    private readonly JsFunction _target;
    private readonly JsValue _self;
    private readonly JsValue[] _first;

    public BoundFunction(Realm realm, JsFunction target, JsValue self, JsValue[] first)
        : base(realm, realm.Intrinsics.FunctionPrototype)
    {
        _target = target;
        _self = self;
        _first = first;
        var length = target.Get("length");
        Set("length", Math.Max(0, (length.IsNumber ? length.Number : 0) - first.Length), Attributes.Configurable);
        Set("name", "bound " + target.Get("name").Text, Attributes.Configurable);
    }

    public override bool IsConstructor => _target.IsConstructor;

    public override bool HasInstance(JsValue value)
    {
        Realm.EnterCall();
        var result = _target.HasInstance(value);
        Realm.LeaveCall();
        return result;
    }

    protected override JsValue Invoke(JsValue self, JsValue[] args) => _target.Call(_self, [.. _first, .. args]);

    protected override JsObject Construct(JsValue[] args) => _target.New([.. _first, .. args]);
}
