namespace Mjolnir.Scripting.Jint.Strings;

/// <summary>
/// The order of <c>localeCompare</c>, the same on every machine: letters regardless of case and accents, then accents, then lower case before upper,
/// then code units. The language leaves the order to the implementation; accents are known of the Latin letters up to U+017F.
/// </summary>
internal static class LocaleOrder
{
    /// <summary>Of U+00C0 to U+017F: the lower-case letter that each is sorted as.</summary>
    private const string Base =
        "aaaaaaaceeeeiiiidnooooo×ouuuuytsaaaaaaaceeeeiiiidnooooo÷ouuuuytyaaaaaaccccccccddddeeeeeeeeeegggg" +
        "gggghhhhiiiiiiiiiiiijjkkkllllllllllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

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

    private static string Letters(string text) => string.Create(text.Length, text, static (span, t) =>
    {
        for (var i = 0; i < span.Length; i++)
        {
            span[i] = t[i] is >= '\u00c0' and <= '\u017f' ? Base[t[i] - 0xC0] : char.ToLowerInvariant(t[i]);
        }
    });
}
