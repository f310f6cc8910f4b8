namespace Mjolnir.Scripting.Applications;

/// <summary>A file of an application as it was read.</summary>
/// <param name="Path">relative to the folder, with <c>/</c></param>
/// <param name="Bytes">its content</param>
internal sealed record SourceFile(string Path, ReadOnlyMemory<byte> Bytes);

/// <summary>Reads a folder once: everything afterwards sees one and the same state of it.</summary>
internal static class ApplicationFolder
{
    public const string ManifestName = "mjolnir.json";

    /// <summary>All files by path; files that cannot be taken are diagnostics. Dot files, dot folders and links that lead out of the folder do not exist.</summary>
    public static SortedDictionary<string, SourceFile> Read(string folder, DiagnosticList diagnostics)
    {
        var files = new SortedDictionary<string, SourceFile>(StringComparer.Ordinal);
        var root = new DirectoryInfo(System.IO.Path.GetFullPath(folder));
        if (!root.Exists)
        {
            diagnostics.Add(new SourcePosition(ManifestName, 1, 1), $"there is no folder '{root.Name}'", "Name the folder that holds mjolnir.json.");
            return files;
        }

        var budget = ApplicationLimits.MaxTotalBytes;
        foreach (var file in Files(root, diagnostics))
        {
            if (files.Count == ApplicationLimits.MaxFiles || budget <= 0)
            {
                diagnostics.Add(
                    new SourcePosition(ManifestName, 1, 1),
                    $"the folder holds more than {ApplicationLimits.MaxFiles} files or {ApplicationLimits.MaxTotalBytes / 1024 / 1024} MB",
                    "Keep only the application's own files in it.");
                break;
            }

            if (ReadFile(root, file, diagnostics) is { } read)
            {
                files[read.Path] = read;
                budget -= read.Bytes.Length;
            }
        }

        return files;
    }

    private static IEnumerable<FileInfo> Files(DirectoryInfo root, DiagnosticList diagnostics)
    {
        // Hidden ones are skipped by name below; links to folders are not followed, so there is no way out and no circle.
        var options = new EnumerationOptions { RecurseSubdirectories = false, AttributesToSkip = 0, IgnoreInaccessible = false };
        var folders = new Stack<DirectoryInfo>([root]);
        while (folders.TryPop(out var folder))
        {
            foreach (var entry in Entries(root, folder, options, diagnostics))
            {
                if (entry.Name.StartsWith('.'))
                {
                    continue;
                }

                if (entry is FileInfo file)
                {
                    yield return file;
                }
                else if (entry is DirectoryInfo { LinkTarget: null } below)
                {
                    folders.Push(below);
                }
            }
        }
    }

    private static FileSystemInfo[] Entries(DirectoryInfo root, DirectoryInfo folder, EnumerationOptions options, DiagnosticList diagnostics)
    {
        try
        {
            return folder.GetFileSystemInfos("*", options);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            diagnostics.Add(new SourcePosition(Relative(root, folder), 1, 1), $"the folder cannot be read: {e.Message}");
            return [];
        }
    }

    private static SourceFile? ReadFile(DirectoryInfo root, FileInfo file, DiagnosticList diagnostics)
    {
        var path = Relative(root, file);
        try
        {
            if (LeadsOut(root, file))
            {
                return null;
            }

            var length = file.LinkTarget is null ? file.Length : ((FileInfo)file.ResolveLinkTarget(returnFinalTarget: true)!).Length;
            if (length <= ApplicationLimits.MaxFileBytes)
            {
                return new SourceFile(path, File.ReadAllBytes(file.FullName));
            }

            diagnostics.Add(
                new SourcePosition(path, 1, 1),
                $"the file has {length / 1024 / 1024} MB; the limit is {ApplicationLimits.MaxFileBytes / 1024 / 1024} MB",
                "Serve large files from elsewhere, or remove it from the folder.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            diagnostics.Add(new SourcePosition(path, 1, 1), $"the file cannot be read: {e.Message}");
        }

        return null;
    }

    private static bool LeadsOut(DirectoryInfo root, FileInfo file)
    {
        if (file.LinkTarget is null)
        {
            return false;
        }

        // A target that passes through another link is not worth following: only plain files inside the folder count.
        var target = file.ResolveLinkTarget(returnFinalTarget: true);
        if (target is not FileInfo { Exists: true })
        {
            return true;
        }

        var relative = System.IO.Path.GetRelativePath(root.FullName, target.FullName);
        return System.IO.Path.IsPathRooted(relative) || relative.Split(System.IO.Path.DirectorySeparatorChar).Any(part => part.StartsWith('.'))
            || PassesLink(root, target);
    }

    private static bool PassesLink(DirectoryInfo root, FileSystemInfo target)
    {
        for (var folder = Directory.GetParent(target.FullName); folder is not null && folder.FullName != root.FullName; folder = folder.Parent)
        {
            if (folder.LinkTarget is not null)
            {
                return true;
            }
        }

        return false;
    }

    private static string Relative(DirectoryInfo root, FileSystemInfo entry) =>
        System.IO.Path.GetRelativePath(root.FullName, entry.FullName).Replace(System.IO.Path.DirectorySeparatorChar, '/');
}
