using Microsoft.Extensions.Primitives;

namespace Mjolnir.AppServer.Http.Files;

/// <summary>Comparison of entity tags (RFC 9110, 8.8.3 and 13.1).</summary>
internal static class EntityTags
{
    /// <summary>Whether <c>If-None-Match</c> names this tag, by weak comparison: then the client has it already.</summary>
    public static bool Has(StringValues ifNoneMatch, string tag)
    {
        foreach (var line in ifNoneMatch)
        {
            foreach (var range in line.AsSpan().Split(','))
            {
                var item = line.AsSpan(range).Trim();
                if (item is "*" || Strong(item).SequenceEqual(tag))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static ReadOnlySpan<char> Strong(ReadOnlySpan<char> tag) => tag.StartsWith("W/", StringComparison.Ordinal) ? tag[2..] : tag;
}
