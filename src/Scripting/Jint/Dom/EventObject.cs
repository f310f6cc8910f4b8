using Mjolnir.Scripting.Jint.Builtins;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Dom;

/// <summary>The event that started the handler.</summary>
internal static class EventObject
{
    /// <summary>Makes the event's object from what the browser told of it.</summary>
    public static JsObject Make(PageWorld world, JsObject? told)
    {
        var realm = world.Realm;
        var made = new JsObject(realm, realm.Intrinsics.ObjectPrototype);
        var target = Element(world, told, "target");
        var current = Element(world, told, "currentTarget");
        made.Set("type", told?.Get("type") is { IsString: true } type ? type : "");
        made.Set("key", told?.Get("key") is { IsString: true } key ? key : default(JsValue));
        made.Set("target", target);
        made.Set("srcElement", target);
        made.Set("currentTarget", current.IsNull ? target : current);
        made.Set("defaultPrevented", false);
        made.Method("preventDefault", 0, (_, _, _) =>
        {
            world.Change(changes => changes.Prevent = true);
            made.Set("defaultPrevented", true);
            return default;
        });
        made.Method("stopPropagation", 0, (_, _, _) => default);
        made.Method("stopImmediatePropagation", 0, (_, _, _) => default);
        return made;
    }

    /// <summary>The element that the event was on; null if it was on none that messages can name.</summary>
    public static JsValue Element(PageWorld world, JsObject? told, string name) =>
        told?.Get(name).Text is { Length: > 0 } reference ? world.Element(reference) : JsValue.Null;
}
