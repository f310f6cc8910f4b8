using Mjolnir.Scripting.Jint.Builtins;
using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Dom;

/// <summary>The global <c>document</c>.</summary>
internal sealed class DocumentObject : JsObject
{
    private static readonly string[] Unsupported =
    [
        "getElementsByTagName", "getElementsByClassName", "write", "writeln", "execCommand", "createDocumentFragment", "createEvent", "elementFromPoint", "open", "close",
        "hasFocus", "importNode", "createElementNS", "createComment", "createRange",
    ];

    private readonly PageWorld _world;

    private DocumentObject(PageWorld world)
        : base(world.Realm, world.Realm.Intrinsics.ObjectPrototype)
    {
        _world = world;
    }

    public override string Class => "HTMLDocument";

    public static void Install(PageWorld world)
    {
        var document = new DocumentObject(world);
        document.InstallFinding();
        document.InstallMaking();
        document.Set("readyState", "complete");
        foreach (var name in Unsupported)
        {
            document.Method(name, 1, (_, _, _) => world.Unsupported($"document.{name}()"));
        }

        world.Realm.Global.Set("document", document, Attributes.Hidden);
    }

    public override bool TryGetOwn(string key, out Slot slot)
    {
        if (base.TryGetOwn(key, out slot))
        {
            return true;
        }

        var value = Member(key);
        slot = new Slot(key, value, Attributes.Plain);
        return !value.IsUndefined;
    }

    public override void Put(string key, JsValue value, bool strict)
    {
        if (key == "location")
        {
            Realm.Global.Put("location", value, strict);
        }
        else if (BrowserMembers.OfDocument.Contains(key) || (key.StartsWith("on", StringComparison.Ordinal) && _world.Run is not null))
        {
            _world.Unsupported($"assigning document.{key}");
        }
        else
        {
            base.Put(key, value, strict);
        }
    }

    private JsValue Member(string key) => key switch
    {
        "body" => _world.Element("body"),
        "location" => Realm.Global.Get("location"),
        "forms" => Forms(),
        _ when BrowserMembers.OfDocument.Contains(key) => _world.Unsupported($"document.{key}"),
        _ => FormNamed(key),
    };

    private JsArray Forms()
    {
        var forms = Selectors.List(_world, _world.Page.Forms);
        foreach (var form in _world.Page.Forms)
        {
            foreach (var name in new[] { "id", "name" })
            {
                if (AsWritten.Attribute(form, name) is { Length: > 0 } text && !ArrayIndex.TryParse(text, out _))
                {
                    forms.Set(text, _world.Element(form.Reference), Attributes.Hidden);
                }
            }
        }

        return forms;
    }

    /// <summary><c>document.myform</c></summary>
    private JsValue FormNamed(string key) =>
        _world.Page.Forms.FirstOrDefault(f => AsWritten.Attribute(f, "name") == key) is { } form ? _world.Element(form.Reference) : default(JsValue);

    private void InstallFinding()
    {
        this.Method("getElementById", 1, (_, _, args) => JsValue.OrNull(_world.ById(Operators.ToText(args.At(0)))));
        this.Method("getElementsByName", 1, (_, _, args) => Selectors.List(_world, _world.Page.ByName(Operators.ToText(args.At(0)))));
        this.Method("querySelector", 1, (_, _, args) => JsValue.OrNull(Selectors.All(_world, Operators.ToText(args.At(0))).FirstOrDefault()));
        this.Method("querySelectorAll", 1, (r, _, args) => new JsArray(r, [.. Selectors.All(_world, Operators.ToText(args.At(0))).Distinct().Select(e => JsValue.Of(e))]));
    }

    private void InstallMaking()
    {
        this.Method("createElement", 1, (r, _, args) =>
        {
            var tag = Operators.ToText(args.At(0)).ToLowerInvariant();
            return tag.Length > 0 && char.IsAsciiLetter(tag[0]) && tag.All(c => char.IsAsciiLetterOrDigit(c) || c == '-')
                ? new NewElement(_world, tag)
                : throw r.SyntaxError($"'{tag}' is not the name of an element");
        });
        this.Method("createTextNode", 1, (_, _, args) => new TextNode(_world, Operators.ToText(args.At(0))));
        foreach (var name in new[] { "addEventListener", "removeEventListener" })
        {
            this.Method(name, 2, (_, _, _) => _world.Run is null ? default : _world.Unsupported($"document.{name}() in a handler"));
        }
    }
}
