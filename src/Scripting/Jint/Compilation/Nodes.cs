using Mjolnir.Scripting.Jint.Strings;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Compilation;

/// <summary>
/// A compiled expression: immutable, shared by all realms and threads; what a run needs comes with the frame. Variables are resolved to
/// places, so a run looks nothing up by name but properties and globals.
/// </summary>
internal abstract class Expression
{
    public abstract JsValue Evaluate(Frame frame);

    /// <summary>How error messages call it.</summary>
    public virtual string Name => "(intermediate value)";
}

/// <summary>An expression that can be assigned to. Its base and key are evaluated once, even where it is read and then written.</summary>
internal abstract class Target : Expression
{
    /// <summary>Evaluates what stands before the last member: object and key; nothing for a variable.</summary>
    public virtual (JsValue Base, JsValue Key) Prepare(Frame frame) => default;

    public abstract JsValue Load(Frame frame, in (JsValue Base, JsValue Key) place);

    public abstract void Store(Frame frame, in (JsValue Base, JsValue Key) place, JsValue value);

    public override JsValue Evaluate(Frame frame) => Load(frame, Prepare(frame));

    /// <summary>What <c>delete</c> does to it.</summary>
    public virtual bool Delete(Frame frame) => false;

    /// <summary>What <c>typeof</c> sees: a variable that does not exist is undefined.</summary>
    public virtual JsValue EvaluateForTypeOf(Frame frame) => Evaluate(frame);
}

internal sealed class Constant(JsValue value) : Expression
{
    public override JsValue Evaluate(Frame frame) => value;

    public override string Name => value.Kind == JsKind.String ? $"\"{value.Text}\"" : Operators.ToText(value);
}

internal sealed class ThisExpression : Expression
{
    public override JsValue Evaluate(Frame frame) => frame.This;

    public override string Name => "this";
}

internal sealed class RegExpLiteral(Pattern pattern) : Expression
{
    public override JsValue Evaluate(Frame frame) => new JsRegExp(frame.Realm, pattern);
}

internal sealed class ArrayLiteral(Expression?[] elements) : Expression
{
    public override JsValue Evaluate(Frame frame)
    {
        var items = new JsValue[elements.Length];
        var array = new JsArray(frame.Realm, items);
        for (var i = 0; i < items.Length; i++)
        {
            if (elements[i] is { } element)
            {
                items[i] = element.Evaluate(frame);
            }
            else
            {
                array.Delete(ArrayIndex.Text((uint)i), strict: false);
            }
        }

        return array;
    }
}

/// <summary>One property of an object literal; exactly one of value, getter and setter is there.</summary>
internal sealed record PropertyNode(string Key, Expression? Value, FunctionExpression? Getter, FunctionExpression? Setter);

/// <summary>An object literal. Without accessors and repeated keys its slots are filled in one go.</summary>
internal sealed class ObjectLiteral : Expression
{
    private readonly PropertyNode[] _properties;
    private readonly bool _plain;

    public ObjectLiteral(PropertyNode[] properties)
    {
        _properties = properties;
        _plain = properties.All(p => p.Value is not null && p.Key != "__proto__") && properties.Select(p => p.Key).Distinct().Count() == properties.Length;
    }

    public override JsValue Evaluate(Frame frame)
    {
        var prototype = frame.Realm.Intrinsics.ObjectPrototype;
        if (!_plain)
        {
            return General(frame, new JsObject(frame.Realm, prototype));
        }

        var slots = new Slot[_properties.Length];
        for (var i = 0; i < slots.Length; i++)
        {
            slots[i] = new Slot(_properties[i].Key, _properties[i].Value!.Evaluate(frame), Attributes.Plain);
        }

        return new JsObject(frame.Realm, prototype, slots);
    }

    private JsObject General(Frame frame, JsObject o)
    {
        foreach (var property in _properties)
        {
            if (property.Value is not null)
            {
                SetValue(frame, o, property.Key, property.Value.Evaluate(frame));
                continue;
            }

            o.Define(property.Key, new Descriptor
            {
                HasGetter = property.Getter is not null,
                Getter = property.Getter?.Evaluate(frame).Function,
                HasSetter = property.Setter is not null,
                Setter = property.Setter?.Evaluate(frame).Function,
                Enumerable = true,
                Configurable = true,
            });
        }

        return o;
    }

    private static void SetValue(Frame frame, JsObject o, string key, JsValue value)
    {
        if (key != "__proto__")
        {
            o.Set(key, value);
        }
        else if (value.Object is not null || value.IsNull)
        {
            o.Prototype = value.Object;
        }
    }
}

internal sealed class Sequence(Expression[] expressions) : Expression
{
    public override JsValue Evaluate(Frame frame)
    {
        var last = default(JsValue);
        foreach (var expression in expressions)
        {
            last = expression.Evaluate(frame);
        }

        return last;
    }
}

internal sealed class Conditional(Expression test, Expression yes, Expression no) : Expression
{
    public override JsValue Evaluate(Frame frame) => Operators.ToBoolean(test.Evaluate(frame)) ? yes.Evaluate(frame) : no.Evaluate(frame);
}

internal sealed class Logical(bool and, Expression left, Expression right) : Expression
{
    public override JsValue Evaluate(Frame frame)
    {
        var value = left.Evaluate(frame);
        return Operators.ToBoolean(value) == and ? right.Evaluate(frame) : value;
    }
}

/// <summary>Stands every so often in a deeply nested expression: the depth of the program must not end the process.</summary>
internal sealed class DepthGuard(Expression inner, Site site) : Expression
{
    public override string Name => inner.Name;

    public override JsValue Evaluate(Frame frame)
    {
        if (!System.Runtime.CompilerServices.RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            frame.Realm.At = site;
            throw frame.Realm.Limit("the expression is nested too deeply");
        }

        return inner.Evaluate(frame);
    }
}
