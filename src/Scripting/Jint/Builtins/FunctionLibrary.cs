using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Builtins;

/// <summary>Function (15.3). Making functions from text is not supported: the text could not be checked when the application was loaded.</summary>
internal static class FunctionLibrary
{
    /// <summary>Arguments that <c>apply</c> passes on at most; engines stop at about this many as well.</summary>
    private const int MaxArguments = 65_535;

    public static void Install(Realm realm)
    {
        var prototype = realm.Intrinsics.FunctionPrototype;
        prototype.Set("length", 0, Attributes.Configurable);
        prototype.Set("name", "", Attributes.Configurable);
        realm.Constructor("Function", 1, prototype, (r, _, _) => throw FromText(r), (r, _) => throw FromText(r));
        prototype.Method("toString", 0, (r, self, _) =>
            self.Function is { } f ? f.SourceText : throw r.TypeError("Function.prototype.toString requires that 'this' be a Function"));
        prototype.Method("call", 1, (r, self, args) => r.RequireFunction(self).Call(args.At(0), args.Length > 1 ? args[1..] : []));
        prototype.Method("apply", 2, (r, self, args) => r.RequireFunction(self).Call(args.At(0), ListOf(r, args.At(1))));
        prototype.Method("bind", 1, (r, self, args) => new BoundFunction(r, r.RequireFunction(self), args.At(0), args.Length > 1 ? args[1..] : []));
        realm.Global.Method("eval", 1, (r, _, args) => args.At(0).IsString ? throw r.NotSupported("eval") : args.At(0));
    }

    private static RunAborted FromText(Realm realm) => realm.NotSupported("making a function from text (Function)");

    private static JsValue[] ListOf(Realm realm, JsValue list)
    {
        if (list.IsNullish)
        {
            return [];
        }

        var o = list.Object ?? throw realm.TypeError("CreateListFromArrayLike called on non-object");
        var length = ArrayLibrary.LengthOf(o);
        if (length > MaxArguments)
        {
            throw realm.RangeError($"Maximum call stack size exceeded: {length} arguments");
        }

        var values = new JsValue[(int)length];
        for (var i = 0; i < values.Length; i++)
        {
            realm.Tick();
            values[i] = o.GetIndex((uint)i);
        }

        return values;
    }
}
