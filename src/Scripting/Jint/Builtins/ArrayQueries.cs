using System.Text;
using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Values;
using static Mjolnir.Scripting.Jint.Builtins.ArrayLibrary;

namespace Mjolnir.Scripting.Jint.Builtins;

/// <summary>Array functions that only look, without a callback.</summary>
internal static class ArrayQueries
{
    public static void Install(JsObject prototype)
    {
        prototype.Method("concat", 1, Concat);
        prototype.Method("join", 1, (r, self, args) => Join(r, Operators.ToObject(r, self), args.At(0).IsUndefined ? "," : Operators.ToText(args[0]), Operators.ToText));
        prototype.Method("toString", 0, ToText);
        prototype.Method("toLocaleString", 0, (r, self, _) => Join(r, Operators.ToObject(r, self), ",", v => Operators.ToText(r.RequireFunction(Compilation.Members.Get(r, v, "toLocaleString")).Call(v, []))));
        prototype.Method("slice", 2, Slice);
        prototype.Method("indexOf", 1, IndexOf);
        prototype.Method("lastIndexOf", 1, LastIndexOf);
        prototype.Method("includes", 1, Includes);
        prototype.Method("at", 1, (r, self, args) =>
        {
            var o = Operators.ToObject(r, self);
            var at = Operators.ToInteger(args.At(0));
            at += at < 0 ? LengthOf(o) : 0;
            return at < 0 || at >= LengthOf(o) ? default : ItemAt(o, at);
        });
        prototype.Method("flat", 0, (r, self, args) =>
        {
            var result = new JsArray(r, []);
            Flatten(r, result, Operators.ToObject(r, self), args.At(0).IsUndefined ? 1 : Operators.ToInteger(args[0]));
            return result;
        });
    }

    /// <summary>Puts the elements of an array into another, those of arrays in it one level less deep.</summary>
    public static void Flatten(Realm realm, JsArray result, JsObject source, double depth)
    {
        realm.EnterCall();
        var length = LengthOf(source);
        for (double i = 0; i < length; i++)
        {
            realm.Tick();
            if (!HasItem(source, i))
            {
                continue;
            }

            var item = ItemAt(source, i);
            if (depth > 0 && item.Object is JsArray inner)
            {
                Flatten(realm, result, inner, depth - 1);
            }
            else
            {
                result.Push(item);
            }
        }

        realm.LeaveCall();
    }

    private static JsValue Concat(Realm realm, JsValue self, JsValue[] args)
    {
        var result = new JsArray(realm, []);
        var length = 0.0;
        foreach (var part in args.Prepend(Operators.ToObject(realm, self)))
        {
            if (part.Object is not JsArray array)
            {
                result.PutIndex((uint)length++, part, strict: true);
                continue;
            }

            for (uint i = 0; i < array.Length; i++)
            {
                realm.Tick();
                if (HasItem(array, i))
                {
                    result.PutIndex((uint)(length + i), array.GetIndex(i), strict: true);
                }
            }

            length += array.Length;
        }

        result.SetLength(length, strict: true);
        return result;
    }

    private static JsValue ToText(Realm realm, JsValue self, JsValue[] args)
    {
        var o = Operators.ToObject(realm, self);
        return o.Get("join").Function is { } join ? join.Call(o, []) : $"[object {o.Class}]";
    }

    private static string Join(Realm realm, JsObject o, string separator, Func<JsValue, string> textOf)
    {
        if (!realm.EnterJoin(o))
        {
            return "";
        }

        try
        {
            var text = new StringBuilder();
            var length = LengthOf(o);
            for (double i = 0; i < length; i++)
            {
                realm.Tick();
                text.Append(i > 0 ? separator : "");
                var value = ItemAt(o, i);
                text.Append(value.IsNullish ? "" : textOf(value));
                realm.RequireTextLength(text.Length, charge: false);
            }

            return text.ToString();
        }
        finally
        {
            realm.LeaveJoin(o);
        }
    }

    private static JsValue Slice(Realm realm, JsValue self, JsValue[] args)
    {
        var o = Operators.ToObject(realm, self);
        var length = LengthOf(o);
        var start = Library.Relative(args.At(0), length, 0);
        var end = Library.Relative(args.At(1), length, length);
        if (o is JsArray array && array.IsDense())
        {
            realm.Work((int)length);
            return new JsArray(realm, end > start ? [.. array.Dense[(int)start..(int)end]] : []);
        }

        var result = new JsArray(realm, []);
        for (var i = start; i < end; i++)
        {
            realm.Tick();
            if (HasItem(o, i))
            {
                result.PutIndex((uint)(i - start), ItemAt(o, i), strict: true);
            }
        }

        result.SetLength(Math.Max(0, end - start), strict: true);
        return result;
    }

    private static JsValue IndexOf(Realm realm, JsValue self, JsValue[] args)
    {
        var o = Operators.ToObject(realm, self);
        var length = LengthOf(o);
        for (var i = Library.Relative(args.At(1), length, 0); i < length; i++)
        {
            realm.Tick();
            if (Operators.StrictEquals(ItemAt(o, i), args.At(0)) && HasItem(o, i))
            {
                return i;
            }
        }

        return -1;
    }

    private static JsValue LastIndexOf(Realm realm, JsValue self, JsValue[] args)
    {
        var o = Operators.ToObject(realm, self);
        var length = LengthOf(o);
        var from = args.Length > 1 ? Operators.ToInteger(args[1]) : length - 1;
        for (var i = from < 0 ? length + from : Math.Min(from, length - 1); i >= 0; i--)
        {
            realm.Tick();
            if (Operators.StrictEquals(ItemAt(o, i), args.At(0)) && HasItem(o, i))
            {
                return i;
            }
        }

        return -1;
    }

    private static JsValue Includes(Realm realm, JsValue self, JsValue[] args)
    {
        var o = Operators.ToObject(realm, self);
        var length = LengthOf(o);
        for (var i = Library.Relative(args.At(1), length, 0); i < length; i++)
        {
            realm.Tick();
            if (Operators.SameValueZero(ItemAt(o, i), args.At(0)))
            {
                return true;
            }
        }

        return false;
    }
}
