namespace Mjolnir.Scripting.Applications;

/// <summary>"Did you mean": the known name that a mistyped one most likely stands for.</summary>
internal static class NearestName
{
    // A name of n letters may be this many single-letter mistakes away: one in three, as compilers do.
    private const int LettersPerMistake = 3;

    // Longer names are not typed by hand, and the comparison takes time in the square of the length.
    private const int MaxLength = 64;

    /// <summary>A hint that offers the nearest name, else lists all.</summary>
    public static string Hint(string name, IEnumerable<string> known, string noneYet)
    {
        var names = known.Order(StringComparer.Ordinal).ToList();
        if (Find(name, names) is { } nearest)
        {
            return $"Did you mean '{nearest}'?";
        }

        return names.Count == 0 ? noneYet : $"There are: {string.Join(", ", names.Take(12))}{(names.Count > 12 ? ", …" : "")}.";
    }

    /// <summary>The nearest of <paramref name="known"/>, or null if none is near.</summary>
    public static string? Find(string name, IEnumerable<string> known)
    {
        if (name.Length > MaxLength)
        {
            return null;
        }

        string? nearest = null;
        var least = Math.Max(1, name.Length / LettersPerMistake) + 1;
        foreach (var candidate in known.Where(candidate => candidate.Length <= MaxLength))
        {
            var distance = Distance(name.ToUpperInvariant(), candidate.ToUpperInvariant());
            if (distance < least)
            {
                (nearest, least) = (candidate, distance);
            }
        }

        return nearest;
    }

    // Levenshtein with swapped neighbours as one mistake (optimal string alignment).
    private static int Distance(string a, string b)
    {
        var rows = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            rows[i, 0] = i;
        }

        for (var j = 0; j <= b.Length; j++)
        {
            rows[0, j] = j;
        }

        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                var best = Math.Min(Math.Min(rows[i - 1, j], rows[i, j - 1]) + 1, rows[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
                var swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                rows[i, j] = swapped ? Math.Min(best, rows[i - 2, j - 2] + 1) : best;
            }
        }

        return rows[a.Length, b.Length];
    }
}
