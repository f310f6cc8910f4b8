using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Strings;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Compilation;

/// <summary>A variable of the function itself.</summary>
internal sealed class Local(string name, int slot, bool constant) : Target
{
    public override string Name => name;

    public override JsValue Evaluate(Frame frame) => frame.Scope.Slots[slot];

    public override JsValue Load(Frame frame, in (JsValue Base, JsValue Key) place) => frame.Scope.Slots[slot];

    public override void Store(Frame frame, in (JsValue Base, JsValue Key) place, JsValue value)
    {
        if (!constant)
        {
            frame.Scope.Set(slot, value);
        }
    }
}

/// <summary>A variable of a function around it.</summary>
internal sealed class Captured(string name, int depth, int slot, bool constant) : Target
{
    public override string Name => name;

    public override JsValue Evaluate(Frame frame) => Find(frame).Slots[slot];

    public override JsValue Load(Frame frame, in (JsValue Base, JsValue Key) place) => Find(frame).Slots[slot];

    public override void Store(Frame frame, in (JsValue Base, JsValue Key) place, JsValue value)
    {
        if (!constant)
        {
            Find(frame).Set(slot, value);
        }
    }

    private Scope Find(Frame frame)
    {
        var scope = frame.Scope;
        for (var i = 0; i < depth; i++)
        {
            scope = scope.Parent!;
        }

        return scope;
    }
}

/// <summary>A global variable.</summary>
internal sealed class Global(string name, bool strict, Site site) : Target
{
    public override string Name => name;

    public override JsValue Load(Frame frame, in (JsValue Base, JsValue Key) place)
    {
        if (frame.Realm.Global.TryRead(name, out var value))
        {
            return value;
        }

        frame.Realm.At = site;
        throw frame.Realm.ReferenceError($"{name} is not defined");
    }

    public override void Store(Frame frame, in (JsValue Base, JsValue Key) place, JsValue value)
    {
        frame.Realm.At = site;
        if (strict && !frame.Realm.Global.HasProperty(name))
        {
            throw frame.Realm.ReferenceError($"{name} is not defined");
        }

        frame.Realm.Global.Put(name, value, strict);
    }

    public override bool Delete(Frame frame) => frame.Realm.Global.Delete(name, strict: false);

    public override JsValue EvaluateForTypeOf(Frame frame) => frame.Realm.Global.TryRead(name, out var value) ? value : default;
}

/// <summary><c>o.name</c></summary>
/// <param name="target">the object</param>
/// <param name="key">the property</param>
/// <param name="strict">refused assignments throw</param>
/// <param name="lenient">in templates: a property of nothing is undefined</param>
/// <param name="site">where</param>
internal sealed class Member(Expression target, string key, bool strict, bool lenient, Site site) : Target
{
    public override string Name => target.Name + "." + key;

    public Expression Object => target;

    public override JsValue Evaluate(Frame frame)
    {
        var value = target.Evaluate(frame);
        frame.Realm.At = site;
        return value.Object is { } o ? o.Get(key) : Members.OfPrimitive(frame.Realm, value, key, lenient);
    }

    public override (JsValue Base, JsValue Key) Prepare(Frame frame) => (target.Evaluate(frame), default);

    public override JsValue Load(Frame frame, in (JsValue Base, JsValue Key) place)
    {
        frame.Realm.At = site;
        return Members.Get(frame.Realm, place.Base, key, lenient);
    }

    public override void Store(Frame frame, in (JsValue Base, JsValue Key) place, JsValue value)
    {
        frame.Realm.At = site;
        Members.Put(frame.Realm, place.Base, key, value, strict);
    }

    public override bool Delete(Frame frame)
    {
        var value = target.Evaluate(frame);
        frame.Realm.At = site;
        return Operators.ToObject(frame.Realm, value).Delete(key, strict);
    }
}

/// <summary><c>o[key]</c></summary>
internal sealed class Element(Expression target, Expression key, bool strict, bool lenient, Site site) : Target
{
    public override string Name => target.Name + "[...]";

    public Expression Object => target;

    public override (JsValue Base, JsValue Key) Prepare(Frame frame) => (target.Evaluate(frame), key.Evaluate(frame));

    public override JsValue Load(Frame frame, in (JsValue Base, JsValue Key) place)
    {
        frame.Realm.At = site;
        if (ArrayIndex.TryGet(place.Key, out var index))
        {
            if (place.Base.Object is { } o)
            {
                return o.GetIndex(index);
            }

            if (place.Base.Text is { } text && index < text.Length)
            {
                return Characters.Text(text[(int)index]);
            }
        }

        return Members.Get(frame.Realm, place.Base, KeyOf(frame.Realm, place), lenient);
    }

    public override void Store(Frame frame, in (JsValue Base, JsValue Key) place, JsValue value)
    {
        frame.Realm.At = site;
        if (place.Base.Object is { } o && ArrayIndex.TryGet(place.Key, out var index))
        {
            o.PutIndex(index, value, strict);
        }
        else
        {
            Members.Put(frame.Realm, place.Base, KeyOf(frame.Realm, place), value, strict);
        }
    }

    public override bool Delete(Frame frame)
    {
        var place = Prepare(frame);
        frame.Realm.At = site;
        return Operators.ToObject(frame.Realm, place.Base).Delete(KeyOf(frame.Realm, place), strict);
    }

    private static string KeyOf(Realm realm, in (JsValue Base, JsValue Key) place)
    {
        // A property of nothing is named in the error before its key is converted, as engines do.
        var text = place.Base.IsNullish ? "" : Operators.ToText(place.Key);
        Realm.ChargeText(text);
        return place.Base.IsNullish && !place.Key.IsObject ? Operators.ToText(place.Key) : text;
    }
}

/// <summary>Members of values that may be no objects.</summary>
internal static class Members
{
    public static JsValue Get(Realm realm, JsValue value, string key, bool lenient = false) =>
        value.Object is { } o ? o.Get(key) : OfPrimitive(realm, value, key, lenient);

    public static JsValue OfPrimitive(Realm realm, JsValue value, string key, bool lenient)
    {
        switch (value.Kind)
        {
            case JsKind.String:
                return OfText(realm, value, key);
            case JsKind.Number:
                return realm.Intrinsics.NumberPrototype.Get(key, value);
            case JsKind.Boolean:
                return realm.Intrinsics.BooleanPrototype.Get(key, value);
            default:
                return lenient ? default(JsValue) : throw realm.TypeError($"Cannot read properties of {Operators.ToText(value)} (reading '{key}')");
        }
    }

    public static void Put(Realm realm, JsValue target, string key, JsValue value, bool strict)
    {
        if (target.Object is { } o)
        {
            o.Put(key, value, strict);
            return;
        }

        if (target.IsNullish)
        {
            throw realm.TypeError($"Cannot set properties of {Operators.ToText(target)} (setting '{key}')");
        }

        if (strict)
        {
            throw realm.TypeError($"Cannot create property '{key}' on {Operators.TypeOf(target)}");
        }

        // A property of a primitive: a setter may see it, nobody else ever will.
        Operators.ToObject(realm, target).Put(key, value, strict: false);
    }

    private static JsValue OfText(Realm realm, JsValue value, string key)
    {
        if (key == "length")
        {
            return value.Reference is string s ? s.Length : ((Rope)value.Reference!).Length;
        }

        if (ArrayIndex.TryParse(key, out var index) && index < value.Text!.Length)
        {
            return Characters.Text(value.Text[(int)index]);
        }

        return realm.Intrinsics.StringPrototype.Get(key, value);
    }
}
