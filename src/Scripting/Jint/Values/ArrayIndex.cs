using System.Globalization;

namespace Mjolnir.Scripting.Jint.Values;

/// <summary>Property keys that are array indexes: canonical decimal, below 2^32 - 1.</summary>
internal static class ArrayIndex
{
    /// <summary>Small indexes' texts, made once: the common case of array-likes.</summary>
    private static readonly string[] Small = [.. Enumerable.Range(0, 1024).Select(i => i.ToString(CultureInfo.InvariantCulture))];

    public static string Text(uint index) => index < Small.Length ? Small[index] : index.ToString(CultureInfo.InvariantCulture);

    public static bool TryParse(string key, out uint index)
    {
        index = 0;
        if (key.Length is 0 or > 10 || key[0] is < '0' or > '9' || (key[0] == '0' && key.Length > 1))
        {
            return false;
        }

        ulong value = 0;
        foreach (var c in key)
        {
            if (c is < '0' or > '9')
            {
                return false;
            }

            value = (value * 10) + (uint)(c - '0');
        }

        index = (uint)value;
        return value < uint.MaxValue;
    }

    /// <summary>A number that is an array index.</summary>
    public static bool TryGet(JsValue value, out uint index)
    {
        index = 0;
        if (!value.IsNumber)
        {
            return false;
        }

        var number = value.Number;
        if (!(number >= 0 && number < uint.MaxValue))
        {
            return false;
        }

        index = (uint)number;
        return index == number;
    }

    /// <summary>Puts indexes first, ascending; the order of the others stays.</summary>
    public static void Order(List<string> keys)
    {
        var indexes = new List<uint>();
        var others = new List<string>();
        foreach (var key in keys)
        {
            if (TryParse(key, out var index))
            {
                indexes.Add(index);
            }
            else
            {
                others.Add(key);
            }
        }

        indexes.Sort();
        keys.Clear();
        keys.AddRange(indexes.Select(Text));
        keys.AddRange(others);
    }
}
