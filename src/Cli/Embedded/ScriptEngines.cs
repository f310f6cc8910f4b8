using Mjolnir.Scripting.Engine;
using Mjolnir.Scripting.Jint;

namespace Mjolnir.Cli.Embedded;

/// <summary>Chooses the script engine of a stack: handlers that parse as ES5, as all do that pass the check, run on Jint in this process.</summary>
internal static class ScriptEngines
{
    public static IScriptEngine Create() => new JintScriptEngine(ScriptLimits.Default);
}
