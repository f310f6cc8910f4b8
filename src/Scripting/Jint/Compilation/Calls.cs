using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Compilation;

/// <summary>A call of a plain expression: <c>this</c> is undefined.</summary>
internal sealed class Call(Expression callee, Expression[] arguments, bool lenient, Site site) : Expression
{
    public override string Name => callee.Name + "(...)";

    public override JsValue Evaluate(Frame frame)
    {
        var function = callee.Evaluate(frame);
        var args = Arguments.Evaluate(arguments, frame);
        frame.Realm.At = site;
        if (function.Function is { } f)
        {
            return f.Call(default, args);
        }

        return lenient && function.IsNullish ? default(JsValue) : throw Arguments.NotAFunction(frame.Realm, callee);
    }
}

/// <summary>A call of a member: <c>this</c> is the object.</summary>
internal sealed class MethodCall(Target callee, Expression[] arguments, bool lenient, Site site) : Expression
{
    public override string Name => callee.Name + "(...)";

    public override JsValue Evaluate(Frame frame)
    {
        var place = callee.Prepare(frame);
        var function = callee.Load(frame, place);
        var args = Arguments.Evaluate(arguments, frame);
        frame.Realm.At = site;
        if (function.Function is { } f)
        {
            return f.Call(place.Base, args);
        }

        return lenient && place.Base.IsNullish ? default(JsValue) : throw Arguments.NotAFunction(frame.Realm, callee);
    }
}

internal sealed class New(Expression callee, Expression[] arguments, Site site) : Expression
{
    public override JsValue Evaluate(Frame frame)
    {
        var function = callee.Evaluate(frame);
        var args = Arguments.Evaluate(arguments, frame);
        frame.Realm.At = site;
        return function.Function is { IsConstructor: true } f
            ? f.New(args)
            : throw frame.Realm.TypeError($"{callee.Name} is not a constructor");
    }
}

internal static class Arguments
{
    public static JsValue[] Evaluate(Expression[] arguments, Frame frame)
    {
        if (arguments.Length == 0)
        {
            return [];
        }

        var values = new JsValue[arguments.Length];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = arguments[i].Evaluate(frame);
        }

        return values;
    }

    public static ScriptThrow NotAFunction(Realm realm, Expression callee) => realm.TypeError($"{callee.Name} is not a function");
}
