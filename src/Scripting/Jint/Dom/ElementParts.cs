using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Dom;

/// <summary><c>element.style</c></summary>
internal sealed class StyleObject(ElementObject element) : JsObject(element.Realm, element.Realm.Intrinsics.ObjectPrototype)
{
    public override bool TryGetOwn(string key, out Slot slot)
    {
        if (key is "setProperty" or "removeProperty" or "getPropertyValue")
        {
            slot = new Slot(key, new NativeFunction(Realm, key, 2, (_, _, args) => Function(key, args)), Attributes.Hidden);
            return true;
        }

        if (key == "cssText")
        {
            slot = new Slot(key, element.World.Unsupported("style.cssText"), Attributes.Plain);
            return true;
        }

        slot = new Slot(key, Text(element.Read("style." + key)), Attributes.Plain);
        return !Realm.Intrinsics.ObjectPrototype.HasProperty(key);
    }

    public override void Put(string key, JsValue value, bool strict)
    {
        if (key == "cssText")
        {
            element.World.Unsupported("style.cssText");
        }

        element.Write("style." + key, value.IsNull ? "" : Operators.ToText(value));
    }

    private JsValue Function(string name, JsValue[] args)
    {
        var property = "style." + ScriptName(args.Length > 0 ? Operators.ToText(args[0]) : "");
        var old = name == "setProperty" ? default : Text(element.Read(property));
        if (name != "getPropertyValue")
        {
            element.Write(property, name == "setProperty" && args.Length > 1 && !args[1].IsNull ? Operators.ToText(args[1]) : "");
        }

        return old;
    }

    private static JsValue Text(JsValue value) => value.IsString ? value : "";

    private static string ScriptName(string css)
    {
        var parts = css.Split('-', StringSplitOptions.RemoveEmptyEntries);
        return parts.Length == 0 ? css : parts[0] + string.Concat(parts.Skip(1).Select(p => char.ToUpperInvariant(p[0]) + p[1..]));
    }
}

/// <summary><c>element.dataset</c></summary>
internal sealed class DatasetObject(ElementObject element) : JsObject(element.Realm, element.Realm.Intrinsics.ObjectPrototype)
{
    public override bool TryGetOwn(string key, out Slot slot)
    {
        var value = element.Read("@data-" + AsWritten.CssName(key));
        slot = new Slot(key, value, Attributes.Plain);
        return value.IsString;
    }

    public override void Put(string key, JsValue value, bool strict) => element.Write("@data-" + AsWritten.CssName(key), Operators.ToText(value));

    public override bool Delete(string key, bool strict)
    {
        element.Write("@data-" + AsWritten.CssName(key), JsValue.Null);
        return true;
    }
}

/// <summary><c>element.classList</c>: adding and removing need not know the other classes, so two tabs' handlers do not undo each other's.</summary>
internal sealed class ClassListObject : JsObject
{
    private readonly ElementObject _element;

    public ClassListObject(ElementObject element)
        : base(element.Realm, element.Realm.Intrinsics.ObjectPrototype)
    {
        _element = element;
        Add("add", (_, _, args) => Each(args, name => Set(name, true)));
        Add("remove", (_, _, args) => Each(args, name => Set(name, false)));
        Add("contains", (_, _, args) => Contains(Operators.ToText(args[0])));
        Add("toggle", (_, _, args) =>
        {
            var name = Name(args[0]);
            var on = args.Length > 1 && !args[1].IsUndefined ? Operators.ToBoolean(args[1]) : !Contains(name);
            Set(name, on);
            return on;
        });
        Add("toString", (_, _, _) => _element.Read("className"));
    }

    private void Add(string name, NativeBody body) => Set(name, new NativeFunction(Realm, name, 1, (r, s, args) => body(r, s, args.Length == 0 ? [default] : args)), Attributes.Hidden);

    private static JsValue Each(JsValue[] names, Action<string> action)
    {
        foreach (var name in names)
        {
            action(Name(name));
        }

        return default;
    }

    private static string Name(JsValue value) => Operators.ToText(value);

    private bool Contains(string name) =>
        _element is PageElementObject { World.Run: { } run } page && run.TryReadWritten(page.Reference, "class:" + name, out var known)
            ? known.IsTrue
            : Classes().Contains(name);

    private string[] Classes() => Operators.ToText(_element.Read("className")).Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private void Set(string name, bool on)
    {
        if (name.Length == 0 || name.Any(char.IsWhiteSpace))
        {
            throw Realm.SyntaxError($"'{name}' is not the name of a class");
        }

        if (_element is PageElementObject page)
        {
            page.SetClass(name, on);
            return;
        }

        var others = Classes().Where(c => c != name);
        _element.Write("className", string.Join(' ', on ? others.Append(name) : others));
    }
}
