using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Values;
using static Mjolnir.Scripting.Jint.Builtins.ArrayLibrary;

namespace Mjolnir.Scripting.Jint.Builtins;

/// <summary>Array functions that change their array.</summary>
internal static class ArrayChanges
{
    public static void Install(JsObject prototype)
    {
        prototype.Method("push", 1, Push);
        prototype.Method("pop", 0, Pop);
        prototype.Method("shift", 0, Shift);
        prototype.Method("unshift", 1, Unshift);
        prototype.Method("splice", 2, Splice);
        prototype.Method("reverse", 0, Reverse);
        prototype.Method("sort", 1, ArraySort.Sort);
        prototype.Method("fill", 1, Fill);
    }

    private static JsValue Push(Realm realm, JsValue self, JsValue[] args)
    {
        var o = Operators.ToObject(realm, self);
        if (o is JsArray array)
        {
            foreach (var value in args)
            {
                array.Push(value);
            }

            return array.Length;
        }

        var length = LengthOf(o);
        foreach (var value in args)
        {
            PutItem(o, length++, value);
        }

        o.Put("length", length, strict: true);
        return length;
    }

    private static JsValue Pop(Realm realm, JsValue self, JsValue[] args)
    {
        var o = Operators.ToObject(realm, self);
        var length = LengthOf(o);
        if (length == 0)
        {
            o.Put("length", 0, strict: true);
            return default;
        }

        var last = ItemAt(o, length - 1);
        o.Delete(Key(length - 1), strict: true);
        o.Put("length", length - 1, strict: true);
        return last;
    }

    private static JsValue Shift(Realm realm, JsValue self, JsValue[] args)
    {
        var o = Operators.ToObject(realm, self);
        var length = LengthOf(o);
        if (length == 0)
        {
            o.Put("length", 0, strict: true);
            return default;
        }

        var first = ItemAt(o, 0);
        if (o is JsArray array && array.IsDense())
        {
            realm.Work((int)length);
            array.ReplaceAll([.. array.Dense[1..]], (int)length - 1);
            return first;
        }

        Move(realm, o, 1, 0, length - 1);
        o.Delete(Key(length - 1), strict: true);
        o.Put("length", length - 1, strict: true);
        return first;
    }

    private static JsValue Unshift(Realm realm, JsValue self, JsValue[] args)
    {
        var o = Operators.ToObject(realm, self);
        var length = LengthOf(o);
        if (o is JsArray array && array.IsDense())
        {
            realm.Work((int)length);
            array.ReplaceAll([.. args, .. array.Dense], (int)length + args.Length);
            return array.Length;
        }

        Move(realm, o, 0, args.Length, length);
        for (var i = 0; i < args.Length; i++)
        {
            PutItem(o, i, args[i]);
        }

        o.Put("length", length + args.Length, strict: true);
        return length + args.Length;
    }

    private static JsValue Splice(Realm realm, JsValue self, JsValue[] args)
    {
        var o = Operators.ToObject(realm, self);
        var length = LengthOf(o);
        var start = Library.Relative(args.At(0), length, 0);
        var count = args.Length switch
        {
            0 => 0,
            1 => length - start,
            _ => Math.Clamp(Operators.ToInteger(args[1]), 0, length - start),
        };
        var added = args.Length > 2 ? args[2..] : [];
        if (o is JsArray array && array.IsDense() && LengthOf(o) == length)
        {
            realm.Work((int)length);
            var (at, removed) = ((int)start, (int)count);
            var taken = new JsArray(realm, [.. array.Dense.Slice(at, removed)]);
            array.ReplaceAll([.. array.Dense[..at], .. added, .. array.Dense[(at + removed)..]], (int)length - removed + added.Length);
            return taken;
        }

        return SpliceSlowly(realm, o, length, start, count, added);
    }

    private static JsArray SpliceSlowly(Realm realm, JsObject o, double length, double start, double count, JsValue[] added)
    {
        var taken = new JsArray(realm, []);
        for (double i = 0; i < count; i++)
        {
            realm.Tick();
            if (HasItem(o, start + i))
            {
                taken.PutIndex((uint)i, ItemAt(o, start + i), strict: true);
            }
        }

        taken.SetLength(count, strict: true);
        Move(realm, o, start + count, start + added.Length, length - start - count);
        for (var i = length; i > length - count + added.Length; i--)
        {
            realm.Tick();
            o.Delete(Key(i - 1), strict: true);
        }

        for (var i = 0; i < added.Length; i++)
        {
            PutItem(o, start + i, added[i]);
        }

        o.Put("length", length - count + added.Length, strict: true);
        return taken;
    }

    /// <summary>Moves elements, holes included, in the order that does not overwrite what is still to be moved.</summary>
    private static void Move(Realm realm, JsObject o, double from, double to, double count)
    {
        for (double i = 0; i < count; i++)
        {
            realm.Tick();
            var offset = to < from ? i : count - 1 - i;
            if (HasItem(o, from + offset))
            {
                PutItem(o, to + offset, ItemAt(o, from + offset));
            }
            else
            {
                o.Delete(Key(to + offset), strict: true);
            }
        }
    }

    private static JsValue Reverse(Realm realm, JsValue self, JsValue[] args)
    {
        var o = Operators.ToObject(realm, self);
        var length = LengthOf(o);
        if (o is JsArray array && array.IsDense())
        {
            realm.Work((int)length);
            var items = array.Dense.ToArray();
            Array.Reverse(items);
            array.ReplaceAll(items, items.Length);
            return o;
        }

        for (double low = 0, high = length - 1; low < high; low++, high--)
        {
            realm.Tick();
            Swap(o, low, high);
        }

        return o;
    }

    private static void Swap(JsObject o, double low, double high)
    {
        var (hasLow, hasHigh) = (HasItem(o, low), HasItem(o, high));
        var (first, last) = (ItemAt(o, low), ItemAt(o, high));
        PutOrDelete(o, low, hasHigh, last);
        PutOrDelete(o, high, hasLow, first);
    }

    private static void PutOrDelete(JsObject o, double index, bool put, JsValue value)
    {
        if (put)
        {
            PutItem(o, index, value);
        }
        else
        {
            o.Delete(Key(index), strict: true);
        }
    }

    private static JsValue Fill(Realm realm, JsValue self, JsValue[] args)
    {
        var o = Operators.ToObject(realm, self);
        var length = LengthOf(o);
        var end = Library.Relative(args.At(2), length, length);
        for (var i = Library.Relative(args.At(1), length, 0); i < end; i++)
        {
            realm.Tick();
            PutItem(o, i, args.At(0));
        }

        return o;
    }
}
