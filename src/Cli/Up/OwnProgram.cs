using Mjolnir.Cli.Configuration;
using Mjolnir.Services;

namespace Mjolnir.Cli.Up;

/// <summary>This program as a child process in one role: its command line names mjolnir and has the role as a word of its own.</summary>
internal static class OwnProgram
{
    public static ServiceCommand Role(string word, string configuration)
    {
        // Under `dotnet mjolnir.dll` the process is dotnet; published for a platform it is mjolnir itself.
        var process = Environment.ProcessPath!;
        string[] self = Path.GetFileNameWithoutExtension(process) == "dotnet" ? [typeof(OwnProgram).Assembly.Location] : [];

        // What this process was told by variables is in the file; a variable would be stronger there, for all processes alike.
        return new ServiceCommand(process, [.. self, word, "--config", configuration]) { EnvironmentWithout = ConfigurationSources.Prefix };
    }
}
