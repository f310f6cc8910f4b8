using Mjolnir.Scripting.Engine;

namespace Mjolnir.Cli.Embedded;

/// <summary>Chooses the script engine of a stack: by what the application is written in (ES5: in this process).</summary>
internal static class ScriptEngines
{
    public static IScriptEngine Create() => throw new FailureException("this build has no script engine", "src/Scripting/Jint is not part of it yet.");
}
