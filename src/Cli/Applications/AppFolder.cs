using System.CommandLine;
using Mjolnir.Scripting.Applications;

namespace Mjolnir.Cli.Applications;

/// <summary>An application's folder as the verbs take it, and where its data lies.</summary>
internal static class AppFolder
{
    /// <summary>Beside the pages, so that an application is one folder; never served, because no dot file is.</summary>
    private const string DataFolderName = ".mjolnir";

    public static Argument<string> Argument() => new("APP") { Description = "Folder with the pages, scripts and mjolnir.json of an application." };

    public static string Resolve(string given)
    {
        var folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(given));
        if (!Directory.Exists(folder))
        {
            throw new FailureException($"there is no folder {given}", "Give the folder that holds mjolnir.json, or make one: mjolnir new NAME");
        }

        return folder;
    }

    public static string DataFolder(string folder, string? given) =>
        given is null ? Path.Combine(folder, DataFolderName) : Path.GetFullPath(given);

    /// <summary>The application, or its mistakes written to <paramref name="errors"/>.</summary>
    public static Application? Load(string folder, TextWriter errors)
    {
        var loaded = ApplicationLoader.Load(folder);
        errors.Write(DiagnosticsText.Format(loaded.Diagnostics, folder));
        return loaded.Application;
    }
}
