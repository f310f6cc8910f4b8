using System.Net;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Dom;

/// <summary>
/// An element, of the page or new. Its members are the common ones of the browser; each comes down to one of the properties that messages
/// know (value, textContent, @attribute, style.X …), which the two kinds of element keep in their own ways.
/// </summary>
internal abstract class ElementObject(PageWorld world) : JsObject(world.Realm, world.ElementPrototype)
{
    /// <summary>Members that are attributes of the same name.</summary>
    private static readonly HashSet<string> Reflected =
    [
        "title", "href", "src", "alt", "placeholder", "lang", "dir", "rel", "target", "action", "method", "min", "max", "step", "pattern", "width", "height",
    ];

    /// <summary>Members that are attributes without a value.</summary>
    private static readonly Dictionary<string, string> Flags = new() { ["readOnly"] = "@readonly", ["required"] = "@required", ["multiple"] = "@multiple" };

    private static readonly HashSet<string> Texts = ["value", "textContent", "innerHTML", "className"];
    private static readonly HashSet<string> Booleans = ["checked", "hidden", "disabled"];

    public PageWorld World { get; } = world;

    public override string Class => "HTMLElement";

    /// <summary>Lower case.</summary>
    public abstract string Tag { get; }

    /// <summary>The value of a property of messages.</summary>
    public abstract JsValue Read(string property);

    public abstract void Write(string property, JsValue value);

    public override bool TryGetOwn(string key, out Slot slot)
    {
        if (base.TryGetOwn(key, out slot))
        {
            return true;
        }

        if (!TryMember(key, out var value))
        {
            return false;
        }

        slot = new Slot(key, value, Attributes.Plain);
        return true;
    }

    public override void Put(string key, JsValue value, bool strict)
    {
        if (!TryAssign(key, value))
        {
            base.Put(key, value, strict);
        }
    }

    /// <summary>Reads a member; false if elements have none of that name (scripts may add their own).</summary>
    protected virtual bool TryMember(string key, out JsValue value)
    {
        value = default;
        if (Texts.Contains(key) || Booleans.Contains(key))
        {
            value = Read(key);
        }
        else if (key == "innerText")
        {
            value = Read("textContent");
        }
        else if (Reflected.Contains(key))
        {
            value = Read("@" + key) is { IsString: true } text ? text : "";
        }
        else if (Flags.TryGetValue(key, out var flag))
        {
            value = !Read(flag).IsNull;
        }
        else if (key is "type" or "name" or "id" or "htmlFor")
        {
            value = Read(key == "htmlFor" ? "@for" : "@" + key) is { IsString: true } text ? text : DefaultOf(key);
        }
        else
        {
            return TryPart(key, out value) || TryUnsupported(key, out value);
        }

        return true;
    }

    protected virtual bool TryAssign(string key, JsValue value)
    {
        if (Texts.Contains(key) || key == "innerText")
        {
            var text = key is "value" or "innerHTML" && value.IsNull ? "" : key == "textContent" && value.IsNull ? "" : Operators.ToText(value);
            Write(key == "innerText" ? "textContent" : key, text);
        }
        else if (Booleans.Contains(key))
        {
            Write(key, Operators.ToBoolean(value));
        }
        else if (key == "selectedIndex")
        {
            Write(key, Operators.ToInteger(value));
        }
        else if (Reflected.Contains(key) || key is "type" or "name" or "id" or "htmlFor")
        {
            Write(key == "htmlFor" ? "@for" : "@" + key, Operators.ToText(value));
        }
        else if (Flags.TryGetValue(key, out var flag))
        {
            Write(flag, Operators.ToBoolean(value) ? "" : JsValue.Null);
        }
        else
        {
            return TryAssignPart(key, value) || (IsUnsupported(key) && Refuse(key));
        }

        return true;
    }

    /// <summary>The text of HTML, as <c>textContent</c> gives it.</summary>
    protected static string TextOf(string html)
    {
        var document = new AngleSharp.Html.Parser.HtmlParser().ParseDocument("<body>" + html);
        return document.Body?.TextContent ?? "";
    }

    protected static string HtmlOf(string text) => WebUtility.HtmlEncode(text);

    private JsValue DefaultOf(string key) => key != "type" ? ""
        : Tag == "input" ? "text"
        : Tag == "select" ? "select-one"
        : Tag == "textarea" ? "textarea"
        : Tag == "button" ? "submit"
        : "";

    private bool TryPart(string key, out JsValue value)
    {
        value = key switch
        {
            "tagName" or "nodeName" => Tag.ToUpperInvariant(),
            "nodeType" => 1,
            "style" => new StyleObject(this),
            "classList" => new ClassListObject(this),
            "dataset" => new DatasetObject(this),
            "selectedIndex" => Read("selectedIndex"),
            _ => default(JsValue),
        };
        return !value.IsUndefined;
    }

    private bool TryAssignPart(string key, JsValue value)
    {
        if (key == "style")
        {
            Write("@style", Operators.ToText(value));
            return true;
        }

        // A listener given while the page's scripts run is the browser's; one given by a handler would be lost.
        return key.StartsWith("on", StringComparison.Ordinal) && key.Length > 2 && (World.Run is null || Refuse(key));
    }

    private bool TryUnsupported(string key, out JsValue value)
    {
        value = default;
        if (!IsUnsupported(key))
        {
            return false;
        }

        value = World.Unsupported($"element.{key}");
        return true;
    }

    private bool Refuse(string key)
    {
        World.Unsupported($"assigning element.{key}");
        return true;
    }

    private static bool IsUnsupported(string key) => BrowserMembers.OfElements.Contains(key);
}
