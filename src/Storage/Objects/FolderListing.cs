namespace Mjolnir.Storage.Objects;

/// <summary>
/// Lists a folder's files as names in ordinal order, folder by folder. Among its neighbours a folder stands where its name with the <c>/</c> belongs
/// (<c>a-b</c> before <c>a/b</c> before <c>ab</c>): that makes the walk's order the order of the whole names.
/// </summary>
internal static class FolderListing
{
    public static IEnumerable<string> Names(string root, string prefix, string? startAfter)
    {
        // The walk starts in the deepest folder that the prefix names, not at the root.
        var start = prefix[..(prefix.LastIndexOf('/') + 1)];
        if (start.Split('/').Any(part => part.StartsWith('.')))
        {
            return [];
        }

        return Walk(root, start, prefix, startAfter);
    }

    private static IEnumerable<string> Walk(string root, string below, string prefix, string? startAfter)
    {
        foreach (var entry in Entries(root, below))
        {
            if (!entry.EndsWith('/'))
            {
                if (entry.StartsWith(prefix, StringComparison.Ordinal) && IsAfter(entry, startAfter))
                {
                    yield return entry;
                }
            }
            else if (MayHold(entry, prefix, startAfter))
            {
                foreach (var name in Walk(root, entry, prefix, startAfter))
                {
                    yield return name;
                }
            }
        }
    }

    private static List<string> Entries(string root, string below)
    {
        var folder = new DirectoryInfo(Path.Combine(root, below));
        var entries = new List<string>();
        if (folder.Exists)
        {
            entries.AddRange(folder.EnumerateFileSystemInfos()
                .Where(entry => entry.Name[0] != '.')
                .Select(entry => below + entry.Name + (entry is DirectoryInfo ? "/" : "")));
            entries.Sort(StringComparer.Ordinal);
        }

        return entries;
    }

    private static bool IsAfter(string name, string? startAfter) => startAfter is null || string.CompareOrdinal(name, startAfter) > 0;

    private static bool MayHold(string folder, string prefix, string? startAfter) =>
        (folder.StartsWith(prefix, StringComparison.Ordinal) || prefix.StartsWith(folder, StringComparison.Ordinal))
        && (IsAfter(folder, startAfter) || startAfter!.StartsWith(folder, StringComparison.Ordinal));
}
