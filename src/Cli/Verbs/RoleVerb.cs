using System.CommandLine;
using Mjolnir.Cli.Configuration;
using Mjolnir.Cli.Dev;

namespace Mjolnir.Cli.Verbs;

/// <summary><c>app</c>, <c>write-behind</c>, <c>proxy</c>: one role alone, as a deployment runs it.</summary>
internal static class RoleVerb
{
    /// <param name="word">the verb, and the word by which the process is known in a list of processes</param>
    /// <param name="role">what its configuration must hold</param>
    /// <param name="description">for the help</param>
    /// <param name="make">makes the role</param>
    public static Command Create(string word, StackRole role, string description, Func<IRole> make)
    {
        var config = new Option<string?>("--config") { Description = $"The configuration file. Usual: {ConfigurationSources.UsualFile} if there is one." };
        var command = new Command(word, description + " Any key of the configuration can be given as --Section:Key=value.") { config };

        // The keys of the configuration are no options: ConfigurationReader takes them, and is strict.
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction((parsed, _) => RunAsync(role, parsed.GetValue(config), parsed.UnmatchedTokens, make));
        return command;
    }

    private static async Task<int> RunAsync(StackRole role, string? file, IReadOnlyList<string> tokens, Func<IRole> make)
    {
        var configuration = ConfigurationReader.Read(role, file, ConfigurationReader.Overrides(tokens));
        using var stop = new StopSignal();
        return await make().RunAsync(configuration, stop);
    }
}
