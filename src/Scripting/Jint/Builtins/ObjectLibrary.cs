using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Builtins;

/// <summary>Object (15.2).</summary>
internal static class ObjectLibrary
{
    public static void Install(Realm realm)
    {
        var prototype = realm.Intrinsics.ObjectPrototype;
        var constructor = realm.Constructor("Object", 1, prototype, (r, _, args) => Make(r, args.At(0)), (r, args) => Make(r, args.At(0)));
        InstallPrototype(prototype);
        InstallReflection(constructor);
        InstallRestrictions(constructor);
        InstallLists(constructor);
    }

    /// <summary>A property descriptor from a script's object.</summary>
    public static Descriptor ToDescriptor(Realm realm, JsValue value)
    {
        var o = value.Object ?? throw realm.TypeError($"Property description must be an object: {Operators.ToText(value)}");
        var descriptor = new Descriptor
        {
            Value = o.HasProperty("value") ? o.Get("value") : default(JsValue?),
            Writable = Flag(o, "writable"),
            Enumerable = Flag(o, "enumerable"),
            Configurable = Flag(o, "configurable"),
            HasGetter = o.HasProperty("get"),
            Getter = FunctionOf(realm, o, "get", "Getter"),
            HasSetter = o.HasProperty("set"),
            Setter = FunctionOf(realm, o, "set", "Setter"),
        };
        return descriptor.IsAccessor && descriptor.IsData
            ? throw realm.TypeError("Invalid property descriptor. Cannot both specify accessors and a value or writable attribute")
            : descriptor;
    }

    private static JsObject Make(Realm realm, JsValue value) =>
        value.IsNullish ? new JsObject(realm, realm.Intrinsics.ObjectPrototype) : Operators.ToObject(realm, value);

    private static bool? Flag(JsObject o, string key) => o.HasProperty(key) ? Operators.ToBoolean(o.Get(key)) : null;

    private static JsFunction? FunctionOf(Realm realm, JsObject o, string key, string name)
    {
        var value = o.Get(key);
        return value.IsUndefined || value.Function is not null ? value.Function : throw realm.TypeError($"{name} must be a function: {Operators.ToText(value)}");
    }

    private static void InstallPrototype(JsObject prototype)
    {
        prototype.Method("toString", 0, (_, self, _) => self.Kind switch
        {
            JsKind.Undefined => "[object Undefined]",
            JsKind.Null => "[object Null]",
            JsKind.String => "[object String]",
            JsKind.Number => "[object Number]",
            JsKind.Boolean => "[object Boolean]",
            _ => $"[object {self.Object!.Class}]",
        });
        prototype.Method("toLocaleString", 0, (r, self, _) => r.RequireFunction(Compilation.Members.Get(r, self, "toString")).Call(self, []));
        prototype.Method("valueOf", 0, (r, self, _) => Operators.ToObject(r, self));
        prototype.Method("hasOwnProperty", 1, (r, self, args) =>
        {
            var key = Operators.ToKey(args.At(0));
            return Operators.ToObject(r, self).TryGetOwn(key, out _);
        });
        prototype.Method("propertyIsEnumerable", 1, (r, self, args) =>
            Operators.ToObject(r, self).TryGetOwn(Operators.ToKey(args.At(0)), out var slot) && slot.Enumerable);
        prototype.Define("__proto__", new Descriptor
        {
            HasGetter = true,
            Getter = new NativeFunction(prototype.Realm, "__proto__", 0, (r, self, _) => JsValue.OrNull(Operators.ToObject(r, self).Prototype)),
            HasSetter = true,
            Setter = new NativeFunction(prototype.Realm, "__proto__", 1, (r, self, args) => args.At(0).IsObject || args.At(0).IsNull ? SetPrototype(r, self, args[0]) : default),
            Configurable = true,
        });
        prototype.Method("isPrototypeOf", 1, (r, self, args) => IsPrototypeOf(r, Operators.ToObject(r, self), args.At(0).Object));
    }

    private static bool IsPrototypeOf(Realm realm, JsObject self, JsObject? o)
    {
        var steps = 0;
        for (var parent = o?.Prototype; parent is not null; parent = parent.Prototype)
        {
            if (ReferenceEquals(parent, self))
            {
                return true;
            }

            realm.Step(ref steps);
        }

        return false;
    }

    private static void InstallReflection(JsObject constructor)
    {
        constructor.Method("getPrototypeOf", 1, (r, _, args) => JsValue.OrNull(Operators.ToObject(r, args.At(0)).Prototype));
        constructor.Method("setPrototypeOf", 2, (r, _, args) => SetPrototype(r, args.At(0), args.At(1)));
        constructor.Method("create", 2, (r, _, args) =>
        {
            if (!args.At(0).IsObject && !args.At(0).IsNull)
            {
                throw r.TypeError($"Object prototype may only be an Object or null: {Operators.ToText(args.At(0))}");
            }

            var o = new JsObject(r, args.At(0).Object);
            return JsValue.Of(args.At(1).IsUndefined ? o : DefineAll(r, o, args.At(1)));
        });
        constructor.Method("defineProperty", 3, (r, _, args) =>
        {
            var o = args.At(0).Object ?? throw r.TypeError("Object.defineProperty called on non-object");
            var key = Operators.ToKey(args.At(1));
            o.Define(key, ToDescriptor(r, args.At(2)));
            return o;
        });
        constructor.Method("defineProperties", 2, (r, _, args) =>
            DefineAll(r, args.At(0).Object ?? throw r.TypeError("Object.defineProperties called on non-object"), args.At(1)));
        constructor.Method("getOwnPropertyDescriptor", 2, (r, _, args) =>
            Operators.ToObject(r, args.At(0)).TryGetOwn(Operators.ToKey(args.At(1)), out var slot) ? JsValue.Of(FromSlot(r, slot)) : default);
        constructor.Method("getOwnPropertyNames", 1, (r, _, args) => ArrayLibrary.FromTexts(r, Operators.ToObject(r, args.At(0)).OwnKeys()));
        constructor.Method("is", 2, (_, _, args) => Operators.SameValue(args.At(0), args.At(1)));
    }

    private static JsValue SetPrototype(Realm realm, JsValue target, JsValue prototype)
    {
        if (target.Object is not { } o)
        {
            return target;
        }

        var steps = 0;
        for (var parent = prototype.Object; parent is not null; parent = parent.Prototype)
        {
            if (ReferenceEquals(parent, o))
            {
                throw realm.TypeError("Cyclic __proto__ value");
            }

            realm.Step(ref steps);
        }

        if (!o.Extensible && !ReferenceEquals(o.Prototype, prototype.Object))
        {
            throw realm.TypeError("#<Object> is not extensible");
        }

        o.Prototype = prototype.Object;
        return target;
    }

    private static JsObject DefineAll(Realm realm, JsObject o, JsValue descriptors)
    {
        var source = Operators.ToObject(realm, descriptors);
        var found = source.EnumerableKeys().ConvertAll(key => (key, ToDescriptor(realm, source.Get(key))));
        foreach (var (key, descriptor) in found)
        {
            o.Define(key, descriptor);
        }

        return o;
    }

    private static JsValue OrUndefined(JsFunction? function) => function is null ? default : JsValue.Of(function);

    private static JsObject FromSlot(Realm realm, in Slot slot)
    {
        var o = new JsObject(realm, realm.Intrinsics.ObjectPrototype);
        if (slot.Accessor is { } accessor)
        {
            o.Set("get", OrUndefined(accessor.Getter));
            o.Set("set", OrUndefined(accessor.Setter));
        }
        else
        {
            o.Set("value", slot.Value);
            o.Set("writable", slot.Writable);
        }

        o.Set("enumerable", slot.Enumerable);
        o.Set("configurable", slot.Configurable);
        return o;
    }

    private static void InstallRestrictions(JsObject constructor)
    {
        constructor.Method("freeze", 1, (_, _, args) => Restrict(args.At(0), Attributes.Writable | Attributes.Configurable));
        constructor.Method("seal", 1, (_, _, args) => Restrict(args.At(0), Attributes.Configurable));
        constructor.Method("preventExtensions", 1, (_, _, args) => Restrict(args.At(0), Attributes.None));
        constructor.Method("isFrozen", 1, (_, _, args) => Lacks(args.At(0), Attributes.Writable | Attributes.Configurable));
        constructor.Method("isSealed", 1, (_, _, args) => Lacks(args.At(0), Attributes.Configurable));
        constructor.Method("isExtensible", 1, (_, _, args) => args.At(0).Object is { Extensible: true });
    }

    private static JsValue Restrict(JsValue value, Attributes remove)
    {
        if (value.Object is { } o)
        {
            o.PreventExtensions();
            o.Restrict(remove);
        }

        return value;
    }

    private static bool Lacks(JsValue value, Attributes attributes)
    {
        if (value.Object is not { } o)
        {
            return true;
        }

        return !o.Extensible && o.OwnKeys().TrueForAll(key =>
            !o.TryGetOwn(key, out var slot) || (slot.Attributes & (slot.Accessor is null ? attributes : attributes & ~Attributes.Writable)) == 0);
    }

    private static void InstallLists(JsObject constructor)
    {
        constructor.Method("keys", 1, (r, _, args) => ArrayLibrary.FromTexts(r, Operators.ToObject(r, args.At(0)).EnumerableKeys()));
        constructor.Method("values", 1, (r, _, args) =>
        {
            var o = Operators.ToObject(r, args.At(0));
            return new JsArray(r, [.. o.EnumerableKeys().Select(key => o.Get(key))]);
        });
        constructor.Method("entries", 1, (r, _, args) =>
        {
            var o = Operators.ToObject(r, args.At(0));
            return new JsArray(r, [.. o.EnumerableKeys().Select(key => JsValue.Of(new JsArray(r, [key, o.Get(key)])))]);
        });
        constructor.Method("fromEntries", 1, (r, _, args) => FromEntries(r, args.At(0)));
        constructor.Method("assign", 2, (r, _, args) =>
        {
            var target = Operators.ToObject(r, args.At(0));
            foreach (var source in args.Skip(1).Where(a => !a.IsNullish))
            {
                var o = Operators.ToObject(r, source);
                o.EnumerableKeys().ForEach(key => target.Put(key, o.Get(key), strict: true));
            }

            return target;
        });
    }

    private static JsObject FromEntries(Realm realm, JsValue entries)
    {
        var result = new JsObject(realm, realm.Intrinsics.ObjectPrototype);
        CollectionLibrary.ForEachOf(realm, entries, entry =>
        {
            var pair = entry.Object ?? throw realm.TypeError($"Iterator value {Operators.ToText(entry)} is not an entry object");
            result.Set(Operators.ToKey(pair.GetIndex(0)), pair.GetIndex(1));
        });
        return result;
    }
}
