namespace Mjolnir.Scripting.Jint.Strings;

/// <summary>Single characters and white space as the language sees them.</summary>
internal static class Characters
{
    private static readonly string[] Ascii = [.. Enumerable.Range(0, 128).Select(i => ((char)i).ToString())];

    /// <summary>A text of one code unit; not allocated for ASCII.</summary>
    public static string Text(char c) => c < Ascii.Length ? Ascii[c] : c.ToString();

    /// <summary>White space and line ends of the language (7.2, 7.3).</summary>
    public static bool IsSpace(char c) => c switch
    {
        ' ' or '\t' or '\n' or '\r' or '\v' or '\f' or '\u00a0' or '\ufeff' or '\u2028' or '\u2029' => true,
        < '\u1680' => false,
        _ => char.GetUnicodeCategory(c) == System.Globalization.UnicodeCategory.SpaceSeparator,
    };

    public static ReadOnlySpan<char> Trim(ReadOnlySpan<char> text) => TrimEnd(TrimStart(text));

    public static ReadOnlySpan<char> TrimStart(ReadOnlySpan<char> text)
    {
        var at = 0;
        while (at < text.Length && IsSpace(text[at]))
        {
            at++;
        }

        return text[at..];
    }

    public static ReadOnlySpan<char> TrimEnd(ReadOnlySpan<char> text)
    {
        var end = text.Length;
        while (end > 0 && IsSpace(text[end - 1]))
        {
            end--;
        }

        return text[..end];
    }
}
