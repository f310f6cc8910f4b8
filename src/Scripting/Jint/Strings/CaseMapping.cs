using System.Globalization;
using System.Text;

namespace Mjolnir.Scripting.Jint.Strings;

/// <summary>Upper and lower case as Unicode's full mappings give them, without a locale: the platform maps single characters only.</summary>
internal static class CaseMapping
{
    /// <summary>Characters whose upper case is more than one (SpecialCasing.txt, unconditional), but for the Greek with iota.</summary>
    private static readonly Dictionary<char, string> Expanding = new()
    {
        ['ß'] = "SS",
        ['ŉ'] = "ʼN",
        ['ǰ'] = "J̌",
        ['ΐ'] = "Ϊ́",
        ['ΰ'] = "Ϋ́",
        ['և'] = "ԵՒ",
        ['ẖ'] = "H̱",
        ['ẗ'] = "T̈",
        ['ẘ'] = "W̊",
        ['ẙ'] = "Y̊",
        ['ẚ'] = "Aʾ",
        ['ﬀ'] = "FF",
        ['ﬁ'] = "FI",
        ['ﬂ'] = "FL",
        ['ﬃ'] = "FFI",
        ['ﬄ'] = "FFL",
        ['ﬅ'] = "ST",
        ['ﬆ'] = "ST",
    };

    public static string Upper(string text)
    {
        var upper = text.ToUpperInvariant();
        if (System.Text.Ascii.IsValid(text))
        {
            return upper;
        }

        var result = new StringBuilder(upper.Length);
        for (var i = 0; i < text.Length; i++)
        {
            result.Append(text[i] switch
            {
                'ı' => "I",
                'ſ' => "S",
                var c when Expanding.TryGetValue(c, out var expanded) => expanded,
                _ => upper[i].ToString(),
            });
        }

        return result.ToString();
    }

    public static string Lower(string text)
    {
        var lower = text.ToLowerInvariant();
        if (System.Text.Ascii.IsValid(text) || text.AsSpan().IndexOfAny("\u03a3\u0130\u212a\u212b") < 0)
        {
            return lower;
        }

        var result = new StringBuilder(lower.Length);
        for (var i = 0; i < text.Length; i++)
        {
            result.Append(text[i] switch
            {
                '\u03a3' => IsFinal(text, i) ? "ς" : "σ",
                '\u0130' => "i\u0307",
                '\u212a' => "k",
                '\u212b' => "å",
                _ => lower[i].ToString(),
            });
        }

        return result.ToString();
    }

    /// <summary>No surrogate without its other half.</summary>
    public static bool IsWellFormed(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
            {
                continue;
            }

            if (!char.IsHighSurrogate(text[i]) || i + 1 >= text.Length || !char.IsLowSurrogate(text[++i]))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Unicode's condition for a final sigma: a cased letter before it and none after it, others like accents and stops not counting.</summary>
    private static bool IsFinal(string text, int at) => IsCasedBeyond(text, at, -1) && !IsCasedBeyond(text, at, 1);

    private static bool IsCasedBeyond(string text, int at, int step)
    {
        do
        {
            at += step;
        }
        while (at >= 0 && at < text.Length && IsIgnorable(text[at]));

        return at >= 0 && at < text.Length && (char.GetUnicodeCategory(text[at]) is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter);
    }

    private static bool IsIgnorable(char c) => "'.:·’‘․‧﹒﹕＇．：^`¨¯´¸".Contains(c)
        || char.GetUnicodeCategory(c) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format or UnicodeCategory.ModifierLetter or UnicodeCategory.ModifierSymbol;
}
