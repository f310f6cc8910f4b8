using System.Globalization;

namespace Mjolnir.Scripting.Pages.Analysis;

/// <summary>The hash by which the browser knows a function: FNV-1a, 32 bits, over UTF-16 code units, low byte first (docs/design/pages.md).</summary>
internal static class SourceHash
{
    private const uint Offset = 2166136261;
    private const uint Prime = 16777619;

    public static string Of(string text)
    {
        var hash = Offset;
        foreach (var unit in text)
        {
            hash = unchecked((hash ^ (byte)unit) * Prime);
            hash = unchecked((hash ^ (byte)(unit >> 8)) * Prime);
        }

        return hash.ToString("x8", CultureInfo.InvariantCulture);
    }
}
