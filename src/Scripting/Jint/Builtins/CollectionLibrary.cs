using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Strings;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Builtins;

/// <summary>Map and Set. There are no iterators in ES5: keys, values and entries give arrays.</summary>
internal static class CollectionLibrary
{
    public static void Install(Realm realm)
    {
        InstallMap(realm);
        InstallSet(realm);
    }

    /// <summary>Visits what later editions would iterate: arrays and array-likes, texts, Maps and Sets.</summary>
    public static void ForEachOf(Realm realm, JsValue source, Action<JsValue> visit)
    {
        switch (source.Object)
        {
            case JsCollection collection:
                collection.ForEach((key, value) => visit(collection.IsMap ? new JsArray(realm, [key, value]) : key));
                return;
            case null when source.Text is { } text:
                foreach (var rune in Runes(text))
                {
                    realm.Tick();
                    visit(rune);
                }

                return;
            case null:
                return;
        }

        var length = ArrayLibrary.LengthOf(source.Object);
        for (double i = 0; i < length; i++)
        {
            realm.Tick();
            visit(ArrayLibrary.ItemAt(source.Object, i));
        }
    }

    private static IEnumerable<string> Runes(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            var pair = char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]);
            yield return pair ? text.Substring(i++, 2) : Characters.Text(text[i]);
        }
    }

    private static JsCollection This(Realm realm, JsValue self, bool map) =>
        self.Object is JsCollection collection && collection.IsMap == map
            ? collection
            : throw realm.TypeError($"Method called on incompatible receiver {Operators.TypeOf(self)}");

    private static void InstallMap(Realm realm)
    {
        var prototype = new JsObject(realm, realm.Intrinsics.ObjectPrototype);
        realm.Intrinsics.MapPrototype = prototype;
        realm.Constructor("Map", 0, prototype, (r, _, _) => throw r.TypeError("Constructor Map requires 'new'"), (r, args) =>
        {
            var map = new JsCollection(r, prototype, isMap: true);
            ForEachOf(r, args.At(0), entry =>
            {
                var pair = entry.Object ?? throw r.TypeError($"Iterator value {Operators.ToText(entry)} is not an entry object");
                map.Put(pair.GetIndex(0), pair.GetIndex(1));
            });
            return map;
        });
        InstallShared(prototype, map: true);
        prototype.Method("get", 1, (r, self, args) => This(r, self, true).TryGet(args.At(0), out var value) ? value : default);
        prototype.Method("set", 2, (r, self, args) =>
        {
            This(r, self, true).Put(args.At(0), args.At(1));
            return self;
        });
        prototype.Method("keys", 0, (r, self, _) => List(r, self, true, (key, _) => key));
        prototype.Method("values", 0, (r, self, _) => List(r, self, true, (_, value) => value));
        prototype.Method("entries", 0, (r, self, _) => List(r, self, true, (key, value) => new JsArray(r, [key, value])));
    }

    private static void InstallSet(Realm realm)
    {
        var prototype = new JsObject(realm, realm.Intrinsics.ObjectPrototype);
        realm.Intrinsics.SetPrototype = prototype;
        realm.Constructor("Set", 0, prototype, (r, _, _) => throw r.TypeError("Constructor Set requires 'new'"), (r, args) =>
        {
            var set = new JsCollection(r, prototype, isMap: false);
            ForEachOf(r, args.At(0), item => set.Put(item, item));
            return set;
        });
        InstallShared(prototype, map: false);
        prototype.Method("add", 1, (r, self, args) =>
        {
            This(r, self, false).Put(args.At(0), args.At(0));
            return self;
        });
        prototype.Method("values", 0, (r, self, _) => List(r, self, false, (key, _) => key));
        prototype.Method("keys", 0, (r, self, _) => List(r, self, false, (key, _) => key));
        prototype.Method("entries", 0, (r, self, _) => List(r, self, false, (key, _) => new JsArray(r, [key, key])));
    }

    private static void InstallShared(JsObject prototype, bool map)
    {
        prototype.Method("has", 1, (r, self, args) => This(r, self, map).TryGet(args.At(0), out _));
        prototype.Method("delete", 1, (r, self, args) => This(r, self, map).Remove(args.At(0)));
        prototype.Method("clear", 0, (r, self, _) =>
        {
            This(r, self, map).Clear();
            return default;
        });
        prototype.Method("forEach", 1, (r, self, args) =>
        {
            var function = r.RequireFunction(args.At(0));
            This(r, self, map).ForEach((key, value) => function.Call(args.At(1), [value, key, self]));
            return default;
        });
        prototype.Define("size", new Descriptor
        {
            HasGetter = true,
            Getter = new NativeFunction(prototype.Realm, "size", 0, (r, self, _) => This(r, self, map).Size),
            Configurable = true,
        });
    }

    private static JsArray List(Realm realm, JsValue self, bool map, Func<JsValue, JsValue, JsValue> pick)
    {
        var result = new JsArray(realm, []);
        This(realm, self, map).ForEach((key, value) => result.Push(pick(key, value)));
        return result;
    }
}
