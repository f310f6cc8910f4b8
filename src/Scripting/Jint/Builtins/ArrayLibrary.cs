using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Builtins;

/// <summary>Array (15.4) and the array functions of later editions. All are generic: they work on anything with a length.</summary>
internal static class ArrayLibrary
{
    public static void Install(Realm realm)
    {
        var prototype = new ArrayPrototypeObject(realm);
        realm.Intrinsics.ArrayPrototype = prototype;
        var constructor = realm.Constructor("Array", 1, prototype, (r, _, args) => Make(r, args), Make);
        constructor.Method("isArray", 1, (_, _, args) => args.At(0).Object is JsArray);
        constructor.Method("of", 0, (r, _, args) => new JsArray(r, (JsValue[])args.Clone()));
        constructor.Method("from", 1, (r, _, args) => From(r, args.At(0), args.At(1), args.At(2)));
        ArrayChanges.Install(prototype);
        ArrayQueries.Install(prototype);
        ArrayIterations.Install(prototype);
    }

    public static JsArray FromTexts(Realm realm, List<string> texts)
    {
        realm.Allocate(texts.Count * 16L);
        return new JsArray(realm, [.. texts.Select(JsValue.Of)]);
    }

    /// <summary>The length of an array-like, at most 2^53 - 1 (an array's own fits 32 bits).</summary>
    public static double LengthOf(JsObject o) =>
        o is JsArray array ? array.Length : Math.Clamp(Operators.ToInteger(o.Get("length")), 0, Numbers.MaxSafeInteger);

    /// <summary>Element at any position an array-like may have.</summary>
    public static JsValue ItemAt(JsObject o, double index) => index < uint.MaxValue ? o.GetIndex((uint)index) : o.Get(Numbers.Text(index));

    public static bool HasItem(JsObject o, double index) =>
        (o is JsArray array && array.HasElement(index)) || o.HasProperty(Key(index));

    public static string Key(double index) => index < uint.MaxValue ? ArrayIndex.Text((uint)index) : Numbers.Text(index);

    public static void PutItem(JsObject o, double index, JsValue value)
    {
        if (index < uint.MaxValue)
        {
            o.PutIndex((uint)index, value, strict: true);
        }
        else
        {
            o.Put(Numbers.Text(index), value, strict: true);
        }
    }

    private static JsObject Make(Realm realm, JsValue[] args)
    {
        if (args.Length != 1 || !args[0].IsNumber)
        {
            return new JsArray(realm, (JsValue[])args.Clone());
        }

        return ArrayIndex.TryGet(args[0], out var length) || args[0].Number == uint.MaxValue
            ? new JsArray(realm, args[0].Number == uint.MaxValue ? uint.MaxValue : length)
            : throw realm.RangeError("Invalid array length");
    }

    private static JsArray From(Realm realm, JsValue source, JsValue map, JsValue self)
    {
        var function = map.IsUndefined ? null : realm.RequireFunction(map);
        if (source.IsNullish)
        {
            throw realm.TypeError($"{Operators.ToText(source)} is not iterable");
        }

        var result = new JsArray(realm, []);
        var index = 0.0;
        CollectionLibrary.ForEachOf(realm, source, item =>
        {
            result.Push(function is null ? item : function.Call(self, [item, index]));
            index++;
        });
        return result;
    }

    /// <summary>Array.prototype is an array itself; it must exist before any array can.</summary>
    private sealed class ArrayPrototypeObject(Realm realm) : JsObject(realm, realm.Intrinsics.ObjectPrototype)
    {
        public override string Class => "Array";

        protected override bool HasOwnIndexes => false;
    }
}
