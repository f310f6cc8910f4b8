using Mjolnir.Cli.Dev;

namespace Mjolnir.Cli.Configuration;

/// <summary>
/// One role of a cluster, run by a process of its own until it is asked to stop. It prints one line when it is ready (<see cref="ReadyLine"/>), so that whoever
/// started it can wait for it, and ends with 0 when it was asked to stop or has left the cluster.
/// </summary>
internal interface IRole
{
    Task<int> RunAsync(StackConfiguration configuration, StopSignal stop);
}

/// <summary>The line that a role prints when it is ready: <c>mjolnir app s1: ready, http://127.0.0.1:9001 (view 3)</c>.</summary>
internal static class ReadyLine
{
    private const string Ready = ": ready";

    /// <param name="role">the role's word: app, write-behind, proxy</param>
    /// <param name="name">the process's name; empty if it has none</param>
    /// <param name="about">where it is reached, and what else is worth a word; empty: nothing</param>
    public static string Of(string role, string name, string about) =>
        $"mjolnir {role}{(name.Length > 0 ? " " + name : "")}{Ready}{(about.Length > 0 ? ", " + about : "")}";

    /// <summary>Whether a line of a process's output says that this role is ready.</summary>
    public static bool Is(string line, string role) =>
        line.StartsWith($"mjolnir {role}", StringComparison.Ordinal) && line.Contains(Ready, StringComparison.Ordinal);
}
