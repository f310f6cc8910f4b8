using System.Globalization;
using System.Text;

namespace Mjolnir.Scripting.Jint.Strings;

/// <summary>
/// The order of <c>localeCompare</c>, the same on every machine: letters regardless of case and accents, then accents, then lower case before upper,
/// then code units. The language leaves the order to the implementation; scripts should only rely on it for showing lists.
/// </summary>
internal static class LocaleOrder
{
    public static int Compare(string a, string b)
    {
        if (a == b)
        {
            return 0;
        }

        var byLetters = string.CompareOrdinal(Letters(a), Letters(b));
        var byAccents = byLetters != 0 ? byLetters : string.CompareOrdinal(a.ToLowerInvariant(), b.ToLowerInvariant());
        return Math.Sign(byAccents != 0 ? byAccents : string.CompareOrdinal(b, a));
    }

    private static string Letters(string text)
    {
        var lower = text.ToLowerInvariant();
        if (System.Text.Ascii.IsValid(lower) || !CaseMapping.IsWellFormed(lower))
        {
            return lower;
        }

        var letters = new StringBuilder(lower.Length);
        foreach (var c in lower.Normalize(NormalizationForm.FormD))
        {
            if (CharUnicodeInfo.GetUnicodeCategory(c) != UnicodeCategory.NonSpacingMark)
            {
                letters.Append(c);
            }
        }

        return letters.ToString();
    }
}
