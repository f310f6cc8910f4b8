using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Compilation;

/// <summary><c>target = value</c></summary>
internal sealed class Assignment(Target target, Expression value) : Expression
{
    public override JsValue Evaluate(Frame frame)
    {
        var place = target.Prepare(frame);
        var result = value.Evaluate(frame);
        target.Store(frame, place, result);
        return result;
    }
}

/// <summary><c>target op= value</c></summary>
internal sealed class CompoundAssignment(Target target, BinaryKind kind, Expression value, Site site) : Expression
{
    public override JsValue Evaluate(Frame frame)
    {
        var place = target.Prepare(frame);
        var old = target.Load(frame, place);
        var right = value.Evaluate(frame);
        frame.Realm.At = site;
        var result = Binary.Apply(frame.Realm, kind, old, right);
        target.Store(frame, place, result);
        return result;
    }
}

/// <summary><c>++</c> and <c>--</c>, before and behind.</summary>
internal sealed class Update(Target target, double by, bool prefix) : Expression
{
    public override JsValue Evaluate(Frame frame)
    {
        var place = target.Prepare(frame);
        var old = Operators.ToNumber(target.Load(frame, place));
        target.Store(frame, place, old + by);
        return prefix ? old + by : old;
    }
}
