namespace Mjolnir.Scripting.Jint.Strings;

/// <summary>Finds a text in a text in time that is linear whatever the two look like: the platform's search is not, for long needles.</summary>
internal static class TextSearch
{
    /// <summary>Product of the lengths up to which the platform's quick search cannot take noticeable time (about a millisecond).</summary>
    private const long QuickProduct = 8_000_000;

    public static int IndexOf(string text, string needle, int from)
    {
        if (needle.Length == 0)
        {
            return from;
        }

        if ((long)(text.Length - from) * needle.Length <= QuickProduct)
        {
            var at = text.AsSpan(from).IndexOf(needle.AsSpan());
            return at < 0 ? -1 : at + from;
        }

        return Linear(text, needle, from);
    }

    public static int LastIndexOf(string text, string needle, int from)
    {
        var end = Math.Min(text.Length, from + needle.Length);
        if ((long)end * needle.Length <= QuickProduct)
        {
            return text.AsSpan(0, end).LastIndexOf(needle.AsSpan());
        }

        return LastByReversal(text[..end], needle);
    }

    private static int LastByReversal(string text, string needle)
    {
        var at = Linear(Reverse(text), Reverse(needle), 0);
        return at < 0 ? -1 : text.Length - needle.Length - at;
    }

    private static string Reverse(string text) => string.Create(text.Length, text, static (span, t) =>
    {
        t.CopyTo(span);
        span.Reverse();
    });

    /// <summary>Knuth, Morris and Pratt.</summary>
    private static int Linear(string text, string needle, int from)
    {
        var border = Borders(needle);
        var matched = 0;
        for (var i = from; i < text.Length; i++)
        {
            while (matched > 0 && text[i] != needle[matched])
            {
                matched = border[matched - 1];
            }

            matched += text[i] == needle[matched] ? 1 : 0;
            if (matched == needle.Length)
            {
                return i - matched + 1;
            }
        }

        return -1;
    }

    private static int[] Borders(string needle)
    {
        var border = new int[needle.Length];
        for (int i = 1, length = 0; i < needle.Length; i++)
        {
            while (length > 0 && needle[i] != needle[length])
            {
                length = border[length - 1];
            }

            length += needle[i] == needle[length] ? 1 : 0;
            border[i] = length;
        }

        return border;
    }
}
