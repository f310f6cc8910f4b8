using Mjolnir.Scripting.Jint.Builtins;
using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Dom;

/// <summary>What a run did to the page: applied by the browser all together, only on commit.</summary>
internal sealed class PageChanges
{
    private readonly List<(string Reference, string Property, JsValue Value, NewElement? Element)> _dom = [];
    private readonly List<(string Name, string Json)> _globals = [];
    private readonly List<(string Kind, JsValue Value)> _effects = [];

    /// <summary>The event's default action does not go on.</summary>
    public bool Prevent { get; set; }

    public bool IsEmpty => _dom.Count == 0 && _globals.Count == 0 && _effects.Count == 0 && !Prevent;

    /// <summary>A change of a property; the same one written again right after takes its place.</summary>
    public void Set(string reference, string property, JsValue value)
    {
        if (_dom.Count > 0 && _dom[^1].Reference == reference && _dom[^1].Property == property && property is not ("append" or "prepend" or "class+" or "class-"))
        {
            _dom.RemoveAt(_dom.Count - 1);
        }

        _dom.Add((reference, property, value, null));
    }

    /// <summary>A new element put into one of the page; what it looks like is asked at the end.</summary>
    public void Put(string reference, string property, NewElement element)
    {
        Take(element);
        _dom.Add((reference, property, default, element));
    }

    /// <summary>A new element is put elsewhere, or removed again.</summary>
    public void Take(NewElement element) => _dom.RemoveAll(change => ReferenceEquals(change.Element, element));

    public void Global(string name, string json) => _globals.Add((name, json));

    public void Effect(string kind, JsValue value) => _effects.Add((kind, value));

    public void Write(Realm realm, JsonWriter writer)
    {
        writer.Raw('{');
        if (_dom.Count > 0)
        {
            Section(writer, "dom", '[');
            for (var i = 0; i < _dom.Count; i++)
            {
                var (reference, property, value, element) = _dom[i];
                Item(realm, writer, i, [reference, property, element is null ? value : element.Html()]);
            }

            writer.Raw(']');
        }

        if (_globals.Count > 0)
        {
            Section(writer, "globals", '{');
            WriteGlobals(writer);
            writer.Raw('}');
        }

        if (_effects.Count > 0)
        {
            Section(writer, "effects", '[');
            for (var i = 0; i < _effects.Count; i++)
            {
                Item(realm, writer, i, [_effects[i].Kind, _effects[i].Value]);
            }

            writer.Raw(']');
        }

        if (Prevent)
        {
            Separate(writer);
            writer.Raw("\"prevent\":true");
        }

        writer.Raw('}');
    }

    private void WriteGlobals(JsonWriter writer)
    {
        for (var i = 0; i < _globals.Count; i++)
        {
            if (i > 0)
            {
                writer.Raw(',');
            }

            writer.Quoted(_globals[i].Name);
            writer.Raw(':');
            writer.Raw(_globals[i].Json);
        }
    }

    private static void Section(JsonWriter writer, string name, char open)
    {
        Separate(writer);
        writer.Quoted(name);
        writer.Raw(':');
        writer.Raw(open);
    }

    private static void Separate(JsonWriter writer)
    {
        if (writer.Length > 1)
        {
            writer.Raw(',');
        }
    }

    private static void Item(Realm realm, JsonWriter writer, int index, ReadOnlySpan<JsValue> parts)
    {
        realm.Tick();
        writer.Raw(index > 0 ? ",[" : "[");
        for (var i = 0; i < parts.Length; i++)
        {
            if (i > 0)
            {
                writer.Raw(',');
            }

            if (!JsonStringifier.Write(realm, writer, parts[i]))
            {
                writer.Raw("null");
            }
        }

        writer.Raw(']');
    }
}
