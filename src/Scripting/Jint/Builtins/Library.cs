using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Builtins;

/// <summary>
/// The language's own library: ES5.1, and of later editions the functions that handlers commonly use. All loops count steps and all texts are
/// measured before they are made, so that a limit of the run also holds inside a library function.
/// </summary>
internal static class Library
{
    /// <summary>Fills a new realm.</summary>
    public static void Install(Realm realm)
    {
        var intrinsics = realm.Intrinsics;
        intrinsics.ObjectPrototype = new JsObject(realm, null);
        intrinsics.FunctionPrototype = new FunctionPrototype(realm, intrinsics.ObjectPrototype);
        realm.Global = new GlobalObject(realm, intrinsics.ObjectPrototype);
        ObjectLibrary.Install(realm);
        FunctionLibrary.Install(realm);
        ErrorLibrary.Install(realm);
        ArrayLibrary.Install(realm);
        StringLibrary.Install(realm);
        NumberLibrary.Install(realm);
        MathLibrary.Install(realm);
        DateLibrary.Install(realm);
        RegExpLibrary.Install(realm);
        JsonLibrary.Install(realm);
        CollectionLibrary.Install(realm);
        GlobalLibrary.Install(realm);
    }

    /// <summary>An argument, or undefined if the caller gave fewer.</summary>
    public static JsValue At(this JsValue[] args, int index) => index < args.Length ? args[index] : default;

    /// <summary>Adds a function that scripts call.</summary>
    public static void Method(this JsObject o, string name, int length, NativeBody body) =>
        o.Set(name, new NativeFunction(o.Realm, name, length, body), Attributes.Hidden);

    /// <summary>Adds a constructor with its prototype as a global.</summary>
    public static NativeFunction Constructor(this Realm realm, string name, int length, JsObject prototype, NativeBody call, Func<Realm, JsValue[], JsObject> construct)
    {
        var function = new NativeFunction(realm, name, length, call, construct);
        function.Set("prototype", prototype, Attributes.None);
        prototype.Set("constructor", function, Attributes.Hidden);
        realm.Global.Set(name, function, Attributes.Hidden);
        return function;
    }

    /// <summary>A function given as an argument.</summary>
    public static JsFunction RequireFunction(this Realm realm, JsValue value) =>
        value.Function ?? throw realm.TypeError($"{(value.IsObject ? "#<Object>" : Operators.ToText(value))} is not a function");

    /// <summary>A position given as an argument, counted from the end if negative, within 0 and <paramref name="length"/>.</summary>
    public static double Relative(JsValue value, double length, double ifMissing)
    {
        if (value.IsUndefined)
        {
            return ifMissing;
        }

        var at = Operators.ToInteger(value);
        return at < 0 ? Math.Max(0, length + at) : Math.Min(at, length);
    }

    private sealed class FunctionPrototype(Realm realm, JsObject prototype) : JsFunction(realm, prototype)
    {
        protected override JsValue Invoke(JsValue self, JsValue[] args) => default;
    }
}
