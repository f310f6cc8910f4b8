using Mjolnir.Scripting.Jint.Builtins;
using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Dom;

/// <summary>The functions of elements.</summary>
internal static class ElementMethods
{
    private static readonly string[] Unsupported =
    [
        "getBoundingClientRect", "getClientRects", "closest", "matches", "replaceChild", "replaceWith", "cloneNode", "insertAdjacentElement", "scrollIntoView",
        "dispatchEvent", "click", "querySelector", "querySelectorAll", "getElementsByTagName", "getElementsByClassName", "animate", "contains", "hasChildNodes",
        "before", "after", "replaceChildren", "checkValidity", "reportValidity", "setCustomValidity", "setSelectionRange", "requestFullscreen", "showModal", "close", "add",
    ];

    public static void Install(PageWorld world)
    {
        var prototype = world.ElementPrototype;
        InstallAttributes(world, prototype);
        InstallPlacing(world, prototype);
        InstallEffects(world, prototype);
        foreach (var name in Unsupported)
        {
            prototype.Method(name, 1, (_, _, _) => world.Unsupported($"element.{name}()"));
        }

        foreach (var name in new[] { "addEventListener", "removeEventListener" })
        {
            prototype.Method(name, 2, (_, _, _) => world.Run is null ? default : world.Unsupported($"element.{name}() in a handler"));
        }
    }

    private static ElementObject This(Realm realm, JsValue self) => self.Object as ElementObject ?? throw realm.TypeError("Illegal invocation");

    private static void InstallAttributes(PageWorld world, JsObject prototype)
    {
        prototype.Method("getAttribute", 1, (r, self, args) => This(r, self).Read(Attribute(args)));
        prototype.Method("hasAttribute", 1, (r, self, args) => This(r, self).Read(Attribute(args)).IsString);
        prototype.Method("setAttribute", 2, (r, self, args) =>
        {
            This(r, self).Write(Attribute(args), Operators.ToText(args.At(1)));
            return default;
        });
        prototype.Method("removeAttribute", 1, (r, self, args) =>
        {
            This(r, self).Write(Attribute(args), JsValue.Null);
            return default;
        });
        prototype.Method("toString", 0, (_, self, _) => self.Object is ElementObject ? "[object HTMLElement]" : "[object Object]");
    }

    private static string Attribute(JsValue[] args) => "@" + Operators.ToText(args.At(0)).ToLowerInvariant();

    private static void InstallPlacing(PageWorld world, JsObject prototype)
    {
        prototype.Method("appendChild", 1, (r, self, args) => Put(r, This(r, self), args.At(0), first: false));
        prototype.Method("append", 1, (r, self, args) => PutAll(r, This(r, self), args, first: false));
        prototype.Method("prepend", 1, (r, self, args) => PutAll(r, This(r, self), [.. args.Reverse()], first: true));
        prototype.Method("insertBefore", 2, (r, self, args) => args.At(1).IsNullish || args.At(1).Object is FirstChild
            ? Put(r, This(r, self), args.At(0), first: args.At(1).Object is FirstChild)
            : world.Unsupported("element.insertBefore() with anything but firstChild or null"));
        prototype.Method("insertAdjacentHTML", 2, (r, self, args) =>
        {
            var place = Operators.ToText(args.At(0)).ToLowerInvariant();
            return place is "beforeend" or "afterbegin"
                ? PutHtml(r, This(r, self), Operators.ToText(args.At(1)), first: place == "afterbegin")
                : world.Unsupported($"element.insertAdjacentHTML('{place}')");
        });
        prototype.Method("remove", 0, (r, self, _) => Remove(world, This(r, self)));
        prototype.Method("removeChild", 1, (r, _, args) =>
        {
            Remove(world, args.At(0).Object as ElementObject ?? throw r.NotSupported("element.removeChild() of a node that is no element"));
            return args.At(0);
        });
    }

    private static JsValue PutAll(Realm realm, ElementObject parent, JsValue[] children, bool first)
    {
        foreach (var child in children)
        {
            Put(realm, parent, child.IsObject ? child : new TextNode(parent.World, Operators.ToText(child)), first);
        }

        return default;
    }

    private static JsValue Put(Realm realm, ElementObject parent, JsValue child, bool first)
    {
        switch (child.Object)
        {
            case TextNode text:
                PutHtml(realm, parent, System.Net.WebUtility.HtmlEncode(text.Content), first);
                break;
            case NewElement element when parent is NewElement owner:
                if (owner.IsWithin(element))
                {
                    throw realm.TypeError("The new child element contains the parent.");
                }

                owner.Insert(element, first);
                break;
            case NewElement element:
                element.Leave();
                parent.World.Change(changes => changes.Put(((PageElementObject)parent).Reference, first ? "prepend" : "append", element));
                break;
            case PageElementObject:
                return parent.World.Unsupported("moving an element of the page");
            case Absorber:
                break;
            default:
                throw realm.TypeError("parameter 1 is not of type 'Node'.");
        }

        return child;
    }

    private static JsValue PutHtml(Realm realm, ElementObject parent, string html, bool first)
    {
        realm.Tick();
        if (parent is NewElement owner)
        {
            owner.Insert(html, first);
        }
        else
        {
            parent.World.Change(changes => changes.Set(((PageElementObject)parent).Reference, first ? "prepend" : "append", html));
        }

        return default;
    }

    private static JsValue Remove(PageWorld world, ElementObject element)
    {
        if (element is NewElement made)
        {
            made.Leave();
        }
        else
        {
            world.Change(changes => changes.Set(((PageElementObject)element).Reference, "remove", JsValue.Null));
        }

        return default;
    }

    private static void InstallEffects(PageWorld world, JsObject prototype)
    {
        foreach (var (name, effect) in new[] { ("focus", "focus"), ("select", "focus"), ("submit", "submit"), ("requestSubmit", "submit"), ("reset", "reset") })
        {
            prototype.Method(name, 0, (r, self, _) =>
            {
                var element = This(r, self) as PageElementObject ?? throw r.NotSupported($"{name}() of a new element");
                world.Change(changes => changes.Effect(effect, element.Reference));
                return default;
            });
        }

        prototype.Method("blur", 0, (_, _, _) => world.Unsupported("element.blur()"));
    }
}

/// <summary>What <c>document.createTextNode</c> gives.</summary>
internal sealed class TextNode(PageWorld world, string content) : JsObject(world.Realm, world.Realm.Intrinsics.ObjectPrototype)
{
    public string Content { get; } = content;
}
