using System.Text;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Dom;

/// <summary>An element that the run made: kept here as attributes and content, and sent as HTML where it was put.</summary>
internal sealed class NewElement(PageWorld world, string tag) : ElementObject(world)
{
    private static readonly HashSet<string> Void = ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"];

    private Dictionary<string, string> _attributes = new(StringComparer.Ordinal);
    private Dictionary<string, string> _styles = new(StringComparer.Ordinal);
    private List<object> _children = [];

    public override string Tag => tag;

    /// <summary>The new element it stands in, if any.</summary>
    public NewElement? Parent { get; private set; }

    public override JsValue Read(string property) => property switch
    {
        "textContent" => TextOf(Inner()),
        "innerHTML" => Inner(),
        "className" => Attribute("class") ?? "",
        "value" => Attribute("value") ?? "",
        "checked" or "hidden" or "disabled" => Attribute(property) is not null,
        "selectedIndex" => -1,
        _ when property.StartsWith("style.", StringComparison.Ordinal) => _styles.GetValueOrDefault(AsWritten.CssName(property[6..]), ""),
        _ => JsValue.OrNull(Attribute(property.TrimStart('@'))),
    };

    public override void Write(string property, JsValue value)
    {
        Touch();
        switch (property)
        {
            case "textContent":
                SetContent(HtmlOf(Operators.ToText(value)));
                break;
            case "innerHTML":
                SetContent(Operators.ToText(value));
                break;
            case "className":
                _attributes["class"] = Operators.ToText(value);
                break;
            case "value" when tag == "textarea":
                SetContent(HtmlOf(Operators.ToText(value)));
                break;
            case "checked" or "hidden" or "disabled":
                SetAttribute(property, value.IsTrue ? "" : null);
                break;
            case "selectedIndex":
                World.Unsupported("selectedIndex of a new element");
                break;
            default:
                WriteOther(property, value);
                break;
        }
    }

    /// <summary>Puts a new element, or HTML, in it.</summary>
    public void Insert(object child, bool first)
    {
        if (child is NewElement element)
        {
            element.Leave();
            element.Touch();
            element.Parent = this;
        }

        Touch();

        _children.Insert(first ? 0 : _children.Count, child);
    }

    /// <summary>Takes it out of where it was put.</summary>
    public void Leave()
    {
        Touch();
        Parent?.Touch();
        Parent?._children.Remove(this);
        Parent = null;
        World.Change(changes => changes.Take(this));
    }

    /// <summary>Is it the other, or does it stand within it?</summary>
    public bool IsWithin(NewElement other)
    {
        for (var e = this; e is not null; e = e.Parent)
        {
            Realm.Tick();
            if (ReferenceEquals(e, other))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Its HTML, itself included.</summary>
    public string Html()
    {
        Realm.EnterCall();
        var html = new StringBuilder("<").Append(tag);
        foreach (var (name, value) in _attributes)
        {
            html.Append(' ').Append(name).Append("=\"").Append(HtmlOf(value)).Append('"');
        }

        if (_styles.Count > 0)
        {
            html.Append(" style=\"").Append(HtmlOf(string.Join(';', _styles.Select(s => $"{s.Key}:{s.Value}")))).Append('"');
        }

        html.Append('>');
        if (!Void.Contains(tag))
        {
            html.Append(Inner()).Append("</").Append(tag).Append('>');
        }

        Realm.RequireTextLength(html.Length, charge: false);
        Realm.LeaveCall();
        return html.ToString();
    }

    internal override object Save() => new Saved(base.Save(), new Dictionary<string, string>(_attributes), new Dictionary<string, string>(_styles), [.. _children], Parent);

    internal override void Restore(object saved)
    {
        var state = (Saved)saved;
        base.Restore(state.Object);
        (_attributes, _styles, _children, Parent) = (state.Attributes, state.Styles, state.Children, state.Parent);
    }

    private string Inner() => string.Concat(_children.Select(c => c as string ?? ((NewElement)c).Html()));

    private void SetContent(string html)
    {
        foreach (var child in _children.OfType<NewElement>())
        {
            child.Touch();
            child.Parent = null;
        }

        _children.Clear();
        _children.Add(html);
    }

    private void WriteOther(string property, JsValue value)
    {
        if (property.StartsWith("style.", StringComparison.Ordinal))
        {
            var name = AsWritten.CssName(property[6..]);
            _styles.Remove(name);
            if (Operators.ToText(value) is { Length: > 0 } text)
            {
                _styles.Add(name, text);
            }

            return;
        }

        SetAttribute(property.TrimStart('@'), value.IsNull ? null : Operators.ToText(value));
    }

    private string? Attribute(string name) => _attributes.GetValueOrDefault(name);

    private void SetAttribute(string name, string? value)
    {
        if (name.Length == 0 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or ':' or '.'))
        {
            throw Realm.SyntaxError($"'{name}' is not the name of an attribute");
        }

        if (value is null)
        {
            _attributes.Remove(name);
        }
        else
        {
            _attributes[name] = value;
        }
    }

    private sealed record Saved(object Object, Dictionary<string, string> Attributes, Dictionary<string, string> Styles, List<object> Children, NewElement? Parent);
}
