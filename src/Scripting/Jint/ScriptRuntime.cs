using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Mjolnir.Scripting.Tests")]

namespace Mjolnir.Scripting.Jint;

/// <summary>What a process must set before any script runs.</summary>
public static class ScriptRuntime
{
    /// <summary>
    /// Gives every regular expression of the process that names no time-out of its own one of 100 ms. To be called first thing at program start: the
    /// platform reads it once, with the first regular expression. The engine's own expressions name theirs and do not depend on it.
    /// </summary>
    public static void Initialise() => AppDomain.CurrentDomain.SetData("REGEX_DEFAULT_MATCH_TIMEOUT", ScriptLimits.Default.RegexTimeout);
}
