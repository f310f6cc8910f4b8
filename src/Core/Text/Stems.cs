namespace Mjolnir.Core.Text;

/// <summary>
/// Words without their endings, so that "library" finds "libraries" and "Häuser" finds "Haus". Light: endings of number, case and tense only; what remains need be no word, only the same
/// for words that belong together.
/// </summary>
internal static class Stems
{
    private static readonly string[] GermanEndings = ["ern", "em", "er", "en", "es", "e", "n", "s"];

    public static string Of(string word, string? language) => language switch
    {
        "en" => English(word),
        "de" => German(word),
        _ => word,
    };

    private static string English(string word)
    {
        var stem = WithoutPlural(word);
        if (stem.Length > 5 && stem.EndsWith("ing", StringComparison.Ordinal) && HasVowel(stem, 3))
        {
            stem = Undoubled(stem[..^3]);
        }
        else if (stem.Length > 4 && stem.EndsWith("ed", StringComparison.Ordinal) && HasVowel(stem, 2))
        {
            stem = Undoubled(stem[..^2]);
        }

        // "file" as "filing", "library" as "libraries".
        return stem.Length > 3 && stem[^1] == 'e' ? stem[..^1] : stem.Length > 3 && stem[^1] == 'y' ? stem[..^1] + "i" : stem;
    }

    private static string WithoutPlural(string word) => word switch
    {
        { Length: > 4 } when word.EndsWith("ies", StringComparison.Ordinal) => word[..^3] + "y",
        { Length: > 4 } when word.EndsWith("sses", StringComparison.Ordinal) || word.EndsWith("shes", StringComparison.Ordinal) || word.EndsWith("ches", StringComparison.Ordinal) || word.EndsWith("xes", StringComparison.Ordinal) => word[..^2],
        { Length: > 3 } when word[^1] == 's' && word[^2] is not ('s' or 'u' or 'i') => word[..^1],
        _ => word,
    };

    private static bool HasVowel(string word, int ending) => word.AsSpan(0, word.Length - ending).IndexOfAny("aeiouy") >= 0;

    private static string Undoubled(string stem) => stem.Length > 2 && stem[^1] == stem[^2] && stem[^1] is not ('l' or 's' or 'z') ? stem[..^1] : stem;

    private static string German(string word)
    {
        foreach (var ending in GermanEndings)
        {
            if (word.Length - ending.Length >= 4 && word.EndsWith(ending, StringComparison.Ordinal))
            {
                return word[..^ending.Length];
            }
        }

        return word;
    }
}
