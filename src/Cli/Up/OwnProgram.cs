using Mjolnir.Cli.Configuration;
using Mjolnir.Services;

namespace Mjolnir.Cli.Up;

/// <summary>This program as a child process in one role: its command line names mjolnir and has the role as a word of its own.</summary>
internal static class OwnProgram
{
    /// <summary>
    /// Bytes allocated between two collections of memory: 8 MB. The runtime takes its default from the processor's cache (66 MB with 105 MB of cache), and a collection of that much stops an app server, and all callers
    /// with it, for 40 to 100 ms. It is read from the environment alone (docs/bench.md).
    /// </summary>
    private static readonly KeyValuePair<string, string> CollectOften = new("DOTNET_GCgen0size", "0x800000");

    /// <summary>
    /// A worker is compiled once less. Code that is measured before it is compiled for good is worth it where calls wait; a worker spends more on that, in its first minute after each start and beside servers that take
    /// calls again, than it ever saves (docs/bench.md).
    /// </summary>
    private static readonly KeyValuePair<string, string> CompileOnce = new("DOTNET_TieredPGO", "0");

    public static ServiceCommand Role(string word, string configuration)
    {
        // Under `dotnet mjolnir.dll` the process is dotnet; published for a platform it is mjolnir itself.
        var process = Environment.ProcessPath!;
        string[] self = Path.GetFileNameWithoutExtension(process) == "dotnet" ? [typeof(OwnProgram).Assembly.Location] : [];

        // What this process was told by variables is in the file; a variable would be stronger there, for all processes alike.
        return new ServiceCommand(process, [.. self, word, "--config", configuration])
        {
            EnvironmentWithout = ConfigurationSources.Prefix,
            Environment = SettingsOf(word).Where(static setting => Environment.GetEnvironmentVariable(setting.Key) is null).ToDictionary(),
        };
    }

    /// <summary>What the operator's own environment does not say otherwise.</summary>
    private static KeyValuePair<string, string>[] SettingsOf(string role) => role == "write-behind" ? [CollectOften, CompileOnce] : [CollectOften];
}
