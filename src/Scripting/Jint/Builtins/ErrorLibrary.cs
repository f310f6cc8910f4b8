using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Builtins;

/// <summary>Error and its kinds (15.11).</summary>
internal static class ErrorLibrary
{
    public static void Install(Realm realm)
    {
        var intrinsics = realm.Intrinsics;
        var error = Kind(realm, "Error", intrinsics.ObjectPrototype);
        intrinsics.ErrorPrototype = error;
        intrinsics.TypeErrorPrototype = Kind(realm, "TypeError", error);
        intrinsics.RangeErrorPrototype = Kind(realm, "RangeError", error);
        intrinsics.ReferenceErrorPrototype = Kind(realm, "ReferenceError", error);
        intrinsics.SyntaxErrorPrototype = Kind(realm, "SyntaxError", error);
        intrinsics.UriErrorPrototype = Kind(realm, "URIError", error);
        intrinsics.EvalErrorPrototype = Kind(realm, "EvalError", error);
        error.Method("toString", 0, (r, self, _) =>
            Describe(self.Object ?? throw r.TypeError("Error.prototype.toString requires that 'this' be a Object")));
    }

    /// <summary>An error object with a message.</summary>
    public static JsError Make(Realm realm, JsObject prototype, string message)
    {
        var error = new JsError(realm, prototype);
        error.Set("message", message, Attributes.Hidden);
        return error;
    }

    /// <summary><c>Name: message</c>, as <c>String(error)</c> gives it.</summary>
    public static string Describe(JsObject error)
    {
        var name = error.Get("name");
        var message = error.Get("message");
        var nameText = name.IsUndefined ? "Error" : Operators.ToText(name);
        var messageText = message.IsUndefined ? "" : Operators.ToText(message);
        return nameText.Length == 0 || messageText.Length == 0 ? nameText + messageText : $"{nameText}: {messageText}";
    }

    private static JsObject Kind(Realm realm, string name, JsObject parent)
    {
        var prototype = new JsObject(realm, parent);
        prototype.Set("name", name, Attributes.Hidden);
        prototype.Set("message", "", Attributes.Hidden);
        realm.Constructor(name, 1, prototype, (r, _, args) => New(r, prototype, args.At(0)), (r, args) => New(r, prototype, args.At(0)));

        // Where it was made; read-only in effect, since it is no property of the object itself.
        prototype.Define("stack", new Descriptor
        {
            HasGetter = true,
            Getter = new NativeFunction(realm, "stack", 0, (_, self, _) => self.Object is JsError e ? Stack(e) : default),
            HasSetter = true,
            Setter = new NativeFunction(realm, "stack", 1, (_, _, _) => default),
            Configurable = true,
        });
        return prototype;
    }

    private static JsValue Stack(JsError error) =>
        error.Site is null ? Describe(error) : $"{Describe(error)}\n    at {error.Site.Position}";

    private static JsError New(Realm realm, JsObject prototype, JsValue message)
    {
        var error = new JsError(realm, prototype);
        if (!message.IsUndefined)
        {
            error.Set("message", Operators.ToText(message), Attributes.Hidden);
        }

        return error;
    }
}
