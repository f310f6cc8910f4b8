namespace Mjolnir.Cli.Configuration;

/// <summary>Everything that is wrong with a configuration, so that it can be put right in one go.</summary>
internal sealed class ConfigurationMistakes(ConfigurationSources sources)
{
    private readonly List<string> _lines = [];

    /// <summary>A value that makes no sense.</summary>
    /// <param name="key">its key</param>
    /// <param name="problem">what is wrong and what would be right</param>
    public void Wrong(string key, string problem) => _lines.Add($"{sources.Of(key)}: {key} {problem}");

    /// <summary>A value that must be given and is not.</summary>
    public void Missing(string key, string what) =>
        _lines.Add($"{key} is missing: {what}. Give it in {sources.Place}, as environment variable {ConfigurationSources.Variable(key)}, or as --{key}=…");

    /// <exception cref="FailureException">there are mistakes; exit code 2</exception>
    public void ThrowIfAny()
    {
        if (_lines.Count > 0)
        {
            var title = _lines.Count == 1 ? "the configuration has a mistake" : $"the configuration has {_lines.Count} mistakes";
            throw new FailureException($"{title}\n  {string.Join("\n  ", _lines)}", "docs/operating.md lists every key.") { ExitCode = ExitCodes.Usage };
        }
    }
}
