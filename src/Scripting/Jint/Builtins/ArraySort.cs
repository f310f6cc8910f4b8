using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Builtins;

/// <summary>Array.prototype.sort: a stable merge sort over a copy, so a comparator that throws or changes the array cannot lose elements.</summary>
internal static class ArraySort
{
    public static JsValue Sort(Realm realm, JsValue self, JsValue[] args)
    {
        var comparator = args.At(0);
        if (!comparator.IsUndefined && comparator.Function is null)
        {
            throw realm.TypeError("The comparison function must be either a function or undefined");
        }

        var o = Operators.ToObject(realm, self);
        var length = ArrayLibrary.LengthOf(o);
        var (values, undefined) = Collect(realm, o, length);
        var sorted = comparator.Function is { } f ? Merge(realm, values, (a, b) => Compare(f, a, b)) : ByText(realm, values);
        WriteBack(realm, o, length, sorted, undefined);
        return o;
    }

    /// <summary>The values there are; undefined ones are counted, they come last; holes come after them.</summary>
    private static (List<JsValue> Values, int Undefined) Collect(Realm realm, JsObject o, double length)
    {
        var values = new List<JsValue>();
        var undefined = 0;
        for (double i = 0; i < length; i++)
        {
            realm.Tick();
            var value = ArrayLibrary.ItemAt(o, i);
            if (!value.IsUndefined)
            {
                values.Add(value);
            }
            else if (ArrayLibrary.HasItem(o, i))
            {
                undefined++;
            }
        }

        return (values, undefined);
    }

    private static JsValue[] ByText(Realm realm, List<JsValue> values)
    {
        var keyed = values.ConvertAll(v => (Text: Operators.ToText(v), Value: v));
        var order = Merge(realm, keyed, (a, b) =>
        {
            realm.Work(Math.Min(a.Text.Length, b.Text.Length) >> 3);
            return string.CompareOrdinal(a.Text, b.Text);
        });
        return [.. order.Select(k => k.Value)];
    }

    private static int Compare(JsFunction comparator, JsValue a, JsValue b)
    {
        var order = Operators.ToNumber(comparator.Call(default, [a, b]));
        return order > 0 ? 1 : order < 0 ? -1 : 0;
    }

    private static T[] Merge<T>(Realm realm, List<T> values, Func<T, T, int> compare)
    {
        realm.Allocate(values.Count * 32L);
        T[] from = [.. values];
        var to = new T[from.Length];
        for (var width = 1; width < from.Length; width *= 2)
        {
            for (var start = 0; start < from.Length; start += 2 * width)
            {
                MergeRuns(realm, from, to, start, Math.Min(start + width, from.Length), Math.Min(start + (2 * width), from.Length), compare);
            }

            (from, to) = (to, from);
        }

        return from;
    }

    private static void MergeRuns<T>(Realm realm, T[] from, T[] to, int left, int middle, int end, Func<T, T, int> compare)
    {
        var right = middle;
        for (var (i, at) = (left, left); at < end; at++)
        {
            realm.Tick();
            var takeLeft = i < middle && (right >= end || compare(from[i], from[right]) <= 0);
            to[at] = takeLeft ? from[i++] : from[right++];
        }
    }

    private static void WriteBack(Realm realm, JsObject o, double length, JsValue[] sorted, int undefined)
    {
        var at = 0.0;
        foreach (var value in sorted)
        {
            ArrayLibrary.PutItem(o, at++, value);
        }

        for (var i = 0; i < undefined; i++)
        {
            ArrayLibrary.PutItem(o, at++, default);
        }

        for (; at < length; at++)
        {
            realm.Tick();
            o.Delete(ArrayLibrary.Key(at), strict: true);
        }
    }
}
