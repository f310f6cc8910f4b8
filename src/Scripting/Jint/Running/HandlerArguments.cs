using Mjolnir.Scripting.Jint.Builtins;
using Mjolnir.Scripting.Jint.Dom;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Running;

/// <summary>A handler's arguments: JSON, in which an element travels as <c>{"$element": reference}</c> and the event as <c>{"$event": true}</c>.</summary>
internal static class HandlerArguments
{
    public static JsValue[] Read(PageWorld world, ReadOnlyMemory<byte> json, JsObject? told)
    {
        if (json.IsEmpty)
        {
            return [];
        }

        var list = JsonReader.ReadUtf8(world.Realm, json.Span).Object as JsArray ?? throw world.Realm.Abort("args must be a JSON array");
        var args = list.Dense.ToArray();
        for (var i = 0; i < args.Length; i++)
        {
            args[i] = args[i].Object is { } o and not JsArray ? Special(world, o, told) : args[i];
        }

        return args;
    }

    private static JsValue Special(PageWorld world, JsObject argument, JsObject? told)
    {
        var keys = argument.OwnKeys();
        if (keys is ["$element"])
        {
            return argument.Get("$element").Text is { Length: > 0 } reference ? world.Element(reference) : JsValue.Null;
        }

        return keys is ["$event"] ? EventObject.Make(world, told) : argument;
    }
}
