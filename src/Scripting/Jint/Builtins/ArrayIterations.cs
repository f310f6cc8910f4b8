using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Values;
using static Mjolnir.Scripting.Jint.Builtins.ArrayLibrary;

namespace Mjolnir.Scripting.Jint.Builtins;

/// <summary>Array functions that call a function for each element.</summary>
internal static class ArrayIterations
{
    /// <summary>Sees one element and what the callback said; true ends the walk.</summary>
    private delegate bool Visitor(double index, JsValue item, JsValue answer);

    public static void Install(JsObject prototype)
    {
        prototype.Method("forEach", 1, (r, self, args) =>
        {
            Walk(r, self, args, skipHoles: true, (_, _, _) => false);
            return default;
        });
        prototype.Method("map", 1, Map);
        prototype.Method("filter", 1, (r, self, args) =>
        {
            var result = new JsArray(r, []);
            Walk(r, self, args, skipHoles: true, (_, item, answer) =>
            {
                if (Operators.ToBoolean(answer))
                {
                    result.Push(item);
                }

                return false;
            });
            return result;
        });
        prototype.Method("some", 1, (r, self, args) => Walk(r, self, args, skipHoles: true, (_, _, answer) => Operators.ToBoolean(answer)));
        prototype.Method("every", 1, (r, self, args) => !Walk(r, self, args, skipHoles: true, (_, _, answer) => !Operators.ToBoolean(answer)));
        InstallSearches(prototype);
        prototype.Method("flatMap", 1, FlatMap);
        prototype.Method("reduce", 1, (r, self, args) => Reduce(r, self, args, fromRight: false));
        prototype.Method("reduceRight", 1, (r, self, args) => Reduce(r, self, args, fromRight: true));
    }

    private static void InstallSearches(JsObject prototype)
    {
        prototype.Method("find", 1, (r, self, args) =>
        {
            var found = default(JsValue);
            Walk(r, self, args, skipHoles: false, (_, item, answer) =>
            {
                var matches = Operators.ToBoolean(answer);
                found = matches ? item : found;
                return matches;
            });
            return found;
        });
        prototype.Method("findIndex", 1, (r, self, args) =>
        {
            var found = -1.0;
            Walk(r, self, args, skipHoles: false, (index, _, answer) =>
            {
                var matches = Operators.ToBoolean(answer);
                found = matches ? index : found;
                return matches;
            });
            return found;
        });
    }

    private static bool Walk(Realm realm, JsValue self, JsValue[] args, bool skipHoles, Visitor visit)
    {
        var o = Operators.ToObject(realm, self);
        var length = LengthOf(o);
        var function = realm.RequireFunction(args.At(0));
        for (double i = 0; i < length; i++)
        {
            realm.Tick();
            if (skipHoles && !HasItem(o, i))
            {
                continue;
            }

            var item = ItemAt(o, i);
            if (visit(i, item, function.Call(args.At(1), [item, i, o])))
            {
                return true;
            }
        }

        return false;
    }

    private static JsValue Map(Realm realm, JsValue self, JsValue[] args)
    {
        var o = Operators.ToObject(realm, self);
        var length = LengthOf(o);
        var result = new JsArray(realm, []);
        Walk(realm, o, args, skipHoles: true, (index, _, answer) =>
        {
            result.PutIndex((uint)index, answer, strict: true);
            return false;
        });
        if (result.Length < length)
        {
            result.SetLength(length, strict: true);
        }

        return result;
    }

    private static JsValue FlatMap(Realm realm, JsValue self, JsValue[] args)
    {
        var result = new JsArray(realm, []);
        Walk(realm, self, args, skipHoles: true, (_, _, answer) =>
        {
            if (answer.Object is JsArray inner)
            {
                ArrayQueries.Flatten(realm, result, inner, 0);
            }
            else
            {
                result.Push(answer);
            }

            return false;
        });
        return result;
    }

    private static JsValue Reduce(Realm realm, JsValue self, JsValue[] args, bool fromRight)
    {
        var o = Operators.ToObject(realm, self);
        var length = LengthOf(o);
        var function = realm.RequireFunction(args.At(0));
        var has = args.Length > 1;
        var result = args.At(1);
        for (double n = 0; n < length; n++)
        {
            realm.Tick();
            var i = fromRight ? length - 1 - n : n;
            if (HasItem(o, i))
            {
                result = has ? function.Call(default, [result, ItemAt(o, i), i, o]) : ItemAt(o, i);
                has = true;
            }
        }

        return has ? result : throw realm.TypeError("Reduce of empty array with no initial value");
    }
}
