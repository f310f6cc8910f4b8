using System.Reflection;
using System.Text;

namespace Mjolnir.Cli.New;

/// <summary>Writes a small application that works: a guest book.</summary>
internal static class Scaffold
{
    private const string Prefix = "new/";

    /// <summary>Makes the folder and returns the files written, in the order to read them.</summary>
    public static IReadOnlyList<string> Write(string folder, string name)
    {
        if (Directory.Exists(folder) || File.Exists(folder))
        {
            throw new FailureException($"{folder} exists already", "Choose another name; nothing was changed.");
        }

        Directory.CreateDirectory(folder);
        var assembly = Assembly.GetExecutingAssembly();
        var files = assembly.GetManifestResourceNames().Where(resource => resource.StartsWith(Prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToList();
        foreach (var resource in files)
        {
            WriteFile(assembly, resource, Path.Combine(folder, resource[Prefix.Length..]), name);
        }

        return files.ConvertAll(resource => resource[Prefix.Length..]);
    }

    private static void WriteFile(Assembly assembly, string resource, string path, string name)
    {
        using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!, Encoding.UTF8);
        File.WriteAllText(path, reader.ReadToEnd().Replace("\"NAME\"", $"\"{name}\"", StringComparison.Ordinal));
    }
}
