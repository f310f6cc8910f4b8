using Mjolnir.Scripting.Jint.Values;
using Mjolnir.Scripting.Pages;

namespace Mjolnir.Scripting.Jint.Dom;

/// <summary>An element of the page: reads come from what was shipped or written, writes become changes.</summary>
internal sealed class PageElementObject(PageWorld world, string reference) : ElementObject(world)
{
    public string Reference { get; } = reference;

    public PageElement? Written => World.Page.ByReference(Reference);

    public override string Tag => Written?.Tag ?? (Reference == "body" ? "body" : "div");

    public override JsValue Read(string property)
    {
        // What never changes need not be shipped.
        if (property is "@id" or "@name" or "@type" && Written is not null)
        {
            return AsWritten.Read(Written, property);
        }

        if (property is "@hidden" or "@disabled")
        {
            return Read(property[1..]).IsTrue ? "" : JsValue.Null;
        }

        property = property == "@class" ? "className" : property;
        if (World.Run is not { } run)
        {
            return AsWritten.Read(Written, property);
        }

        return Derived(run, property, out var value) ? value : run.Read(Reference, property);
    }

    public override void Write(string property, JsValue value)
    {
        if (World.Run is not { } run)
        {
            return;
        }

        // Attributes that are properties of messages under another name.
        (property, value) = property switch
        {
            "@class" => ("className", value.IsNull ? "" : value),
            "@hidden" or "@disabled" => (property[1..], JsValue.Of(!value.IsNull)),
            _ => (property, value),
        };

        run.Write(Reference, property, value);
        if (property == "className")
        {
            run.ForgetClasses(Reference);
        }

        foreach (var other in Replaced(property))
        {
            run.Forget(Reference, other);
        }

        run.Changes.Set(Reference, property, value);
    }

    /// <summary>Adds or removes a class without looking at the others.</summary>
    public void SetClass(string name, bool on)
    {
        if (World.Run is not { } run)
        {
            return;
        }

        run.Write(Reference, "class:" + name, on);
        if (run.TryReadWritten(Reference, "className", out var all))
        {
            var others = Operators.ToText(all).Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(c => c != name);
            run.Write(Reference, "className", string.Join(' ', on ? others.Append(name) : others));
        }
        else
        {
            run.ClassChange(Reference, name, on);
        }

        run.Changes.Set(Reference, on ? "class+" : "class-", name);
    }

    protected override bool TryMember(string key, out JsValue value)
    {
        switch (key)
        {
            case "form":
                value = World.Page.FormOf(Written) is { } form ? World.Element(form) : JsValue.Null;
                return true;
            case "options" when Tag == "select":
                value = Options();
                return true;
            case "elements" when Tag == "form":
                value = FormFields.Collection(World, Reference);
                return true;
            case "firstChild":
                value = new FirstChild(this);
                return true;
            default:
                return base.TryMember(key, out value) || TryField(key, out value);
        }
    }

    private bool TryField(string key, out JsValue value)
    {
        value = Tag == "form" ? FormFields.Named(World, Reference, key) : default;
        return !value.IsUndefined;
    }

    /// <summary>A property that follows from another one that the run wrote.</summary>
    private bool Derived(PageRun run, string property, out JsValue value)
    {
        value = default;
        switch (property)
        {
            case "textContent" when run.TryReadWritten(Reference, "innerHTML", out var html):
                value = TextOf(Operators.ToText(html));
                return true;
            case "innerHTML" when run.TryReadWritten(Reference, "textContent", out var text):
                value = HtmlOf(Operators.ToText(text));
                return true;
            case "value" when Tag == "select" && run.TryReadWritten(Reference, "selectedIndex", out var index):
                value = FormFields.ValueAt(OptionList(), index.Number);
                return true;
            case "selectedIndex" when run.TryReadWritten(Reference, "value", out var written):
                value = FormFields.IndexOf(OptionList(), Operators.ToText(written));
                return true;
            case "className" when !run.TryReadWritten(Reference, "className", out _):
                value = run.WithClassChanges(Reference, Operators.ToText(run.Read(Reference, property)));
                return true;
            default:
                return false;
        }
    }

    private static string[] Replaced(string property) => property switch
    {
        "textContent" => ["innerHTML"],
        "innerHTML" => ["textContent"],
        "value" => ["selectedIndex"],
        "selectedIndex" => ["value"],
        _ => [],
    };

    /// <summary>Value and text of each option: as shipped, or as written.</summary>
    private List<(string Value, string Text)> OptionList()
    {
        if (World.Run is { } run && run.Read(Reference, "options").Object is JsArray shipped)
        {
            return [.. shipped.Dense.ToArray().Where(o => o.IsObject).Select(o => (Operators.ToText(o.Object!.GetIndex(0)), Operators.ToText(o.Object.GetIndex(1))))];
        }

        return [.. (Written?.Options ?? []).Select(o => (o.Key, o.Value))];
    }

    private JsArray Options()
    {
        var options = OptionList();
        var selected = Read("selectedIndex");
        var list = new JsArray(Realm, []);
        for (var i = 0; i < options.Count; i++)
        {
            list.Push(new OptionObject(World, options[i].Value, options[i].Text, i, selected.IsNumber && selected.Number == i));
        }

        list.Set("selectedIndex", selected);
        return list;
    }
}

/// <summary>An option of a select: read-only here; which is selected is the select's to say.</summary>
internal sealed class OptionObject : JsObject
{
    private readonly PageWorld _world;

    public OptionObject(PageWorld world, string value, string text, int index, bool selected)
        : base(world.Realm, world.Realm.Intrinsics.ObjectPrototype)
    {
        _world = world;
        Set("value", value);
        Set("text", text);
        Set("textContent", text);
        Set("index", index);
        Set("selected", selected);
    }

    public override void Put(string key, JsValue value, bool strict) => _world.Unsupported($"assigning option.{key}; assign the select's value or selectedIndex");
}

/// <summary>What <c>firstChild</c> gives: known only as the place to insert before.</summary>
internal sealed class FirstChild(PageElementObject parent) : JsObject(parent.Realm, parent.World.ElementPrototype)
{
    public PageElementObject Parent { get; } = parent;
}
