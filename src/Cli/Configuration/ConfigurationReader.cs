namespace Mjolnir.Cli.Configuration;

/// <summary>What a configuration is read for: each role needs other values.</summary>
internal enum StackRole
{
    App,
    WriteBehind,
    Indexer,
    Proxy,

    /// <summary>A tool that works on the store alone (export).</summary>
    Store,

    /// <summary>What all processes of a cluster share; anything may come from elsewhere (up).</summary>
    Cluster,
}

/// <summary>Reads a configuration: sources, binding, rules.</summary>
internal static class ConfigurationReader
{
    /// <param name="role">what it is for</param>
    /// <param name="file">the configuration file; null: stack.json if there is one</param>
    /// <param name="overrides">keys and values from the command line</param>
    /// <exception cref="FailureException">something is wrong with it; every mistake is named; exit code 2</exception>
    public static StackConfiguration Read(StackRole role, string? file, IReadOnlyList<KeyValuePair<string, string?>> overrides)
    {
        var sources = ConfigurationSources.Open(file, overrides);
        var mistakes = new ConfigurationMistakes(sources);
        var configuration = new ConfigurationBinder(sources, mistakes).Bind();

        // What could not be read is not also missing.
        mistakes.ThrowIfAny();
        new ConfigurationRules(configuration, mistakes).Check(role);
        mistakes.ThrowIfAny();
        return configuration;
    }

    /// <summary>Overrides on the command line: <c>--Server:Name=s1</c> or <c>--Server:Name s1</c>.</summary>
    public static IReadOnlyList<KeyValuePair<string, string?>> Overrides(IReadOnlyList<string> tokens)
    {
        var overrides = new List<KeyValuePair<string, string?>>();
        for (var at = 0; at < tokens.Count; at++)
        {
            var (token, equals) = (tokens[at], tokens[at].IndexOf('=', StringComparison.Ordinal));
            if (!token.StartsWith("--", StringComparison.Ordinal) || (equals < 0 && at + 1 == tokens.Count))
            {
                throw new FailureException($"'{token}' makes no sense here", "Keys of the configuration are given as --Server:Name=s1") { ExitCode = ExitCodes.Usage };
            }

            overrides.Add(equals >= 0 ? new(token[2..equals], token[(equals + 1)..]) : new(token[2..], tokens[++at]));
        }

        if (overrides.GroupBy(pair => pair.Key, StringComparer.OrdinalIgnoreCase).FirstOrDefault(group => group.Skip(1).Any()) is { } twice)
        {
            throw new FailureException($"--{twice.Key} is given twice", "Leave out one of the two") { ExitCode = ExitCodes.Usage };
        }

        return overrides;
    }
}
