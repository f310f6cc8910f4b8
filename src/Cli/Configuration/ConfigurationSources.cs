using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.EnvironmentVariables;
using Microsoft.Extensions.Configuration.Json;
using Microsoft.Extensions.Configuration.Memory;

namespace Mjolnir.Cli.Configuration;

/// <summary>Where values come from, weakest first: file, environment, command line; and which of them a value came from, for messages.</summary>
internal sealed class ConfigurationSources
{
    /// <summary>Begins the variables: <c>Mjolnir__Server__Name</c>.</summary>
    public const string Prefix = "Mjolnir__";

    /// <summary>Read when no file is named and this one is there.</summary>
    public const string UsualFile = "stack.json";

    private readonly string? _file;

    private ConfigurationSources(IConfigurationRoot root, string? file) => (Root, _file) = (root, file);

    public IConfigurationRoot Root { get; }

    /// <summary>Where a missing value can be given.</summary>
    public string Place => _file ?? UsualFile;

    /// <param name="file">the configuration file; null: <see cref="UsualFile"/> if there is one</param>
    /// <param name="overrides">keys (<c>Server:Name</c>) and values from the command line</param>
    public static ConfigurationSources Open(string? file, IReadOnlyList<KeyValuePair<string, string?>> overrides)
    {
        var path = file ?? (File.Exists(UsualFile) ? UsualFile : null);
        var builder = new ConfigurationBuilder();
        if (path is not null)
        {
            RequireReadable(path);
            builder.AddJsonStream(new MemoryStream(File.ReadAllBytes(path)));
        }

        builder.AddEnvironmentVariables(Prefix).AddInMemoryCollection(overrides);
        try
        {
            return new ConfigurationSources(builder.Build(), path);
        }
        catch (Exception fault) when (fault is FormatException or System.Text.Json.JsonException)
        {
            throw new FailureException($"{path} is not valid JSON: {fault.Message}", "Correct it, or check it with any JSON editor.", fault) { ExitCode = ExitCodes.Usage };
        }
    }

    /// <summary>What gave this key, as a person names it: the file, the variable, or the command line.</summary>
    public string Of(string key) => Giver(key) switch
    {
        JsonStreamConfigurationProvider => _file!,
        EnvironmentVariablesConfigurationProvider => $"environment variable {Variable(key)}",
        MemoryConfigurationProvider => $"command line (--{key})",
        _ => Place,
    };

    /// <summary>The folder that a path under this key is relative to.</summary>
    public string FolderOf(string key) => Giver(key) is JsonStreamConfigurationProvider ? Path.GetDirectoryName(Path.GetFullPath(_file!))! : Environment.CurrentDirectory;

    public static string Variable(string key) => Prefix + key.Replace(":", "__", StringComparison.Ordinal);

    private IConfigurationProvider? Giver(string key) =>
        Root.Providers.LastOrDefault(provider => provider.TryGet(key, out _))
        ?? Root.Providers.LastOrDefault(provider => provider.GetChildKeys([], key).Any());

    private static void RequireReadable(string path)
    {
        try
        {
            File.OpenRead(path).Dispose();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            var why = fault is FileNotFoundException or DirectoryNotFoundException ? "there is no file" : Directory.Exists(path) ? "a folder is no file:" : "this user may not read";
            throw new FailureException($"{why} {path}", "Name the configuration: --config FILE", fault) { ExitCode = ExitCodes.Usage };
        }
    }
}
