namespace Mjolnir.Scripting.Pages.Analysis;

/// <summary>Resolves what a page's <c>src</c> names within the application's folder.</summary>
internal static class LocalPath
{
    /// <summary>Another origin's, generated data, or the system's own.</summary>
    public static bool IsElsewhere(string url)
    {
        var trimmed = url.Trim();
        var scheme = trimmed.AsSpan()[..Math.Max(0, trimmed.AsSpan().IndexOfAny(":/?#"))];
        return trimmed.StartsWith("//", StringComparison.Ordinal) || trimmed.StartsWith("/_mjolnir/", StringComparison.Ordinal)
            || (scheme.Length > 0 && trimmed[scheme.Length] == ':');
    }

    /// <summary>The path within the folder, with <c>/</c>; steps that lead out of it stay inside, as in browsers.</summary>
    public static string Resolve(string page, string url)
    {
        var path = url.Trim();
        var end = path.AsSpan().IndexOfAny('?', '#');
        path = Uri.UnescapeDataString(end < 0 ? path : path[..end]);
        var steps = new List<string>();
        if (!path.StartsWith('/'))
        {
            steps.AddRange(page.Split('/')[..^1]);
        }

        foreach (var step in path.Split('/'))
        {
            if (step == ".." && steps.Count > 0)
            {
                steps.RemoveAt(steps.Count - 1);
            }
            else if (step is not ("" or "." or ".."))
            {
                steps.Add(step);
            }
        }

        return string.Join('/', steps);
    }
}
