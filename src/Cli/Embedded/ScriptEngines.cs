using Mjolnir.Scripting.Engine;
using Mjolnir.Scripting.Jint;

namespace Mjolnir.Cli.Embedded;

/// <summary>Chooses the script engine of a stack: by what the application is written in (ES5: in this process).</summary>
internal static class ScriptEngines
{
    public static IScriptEngine Create() => new JintScriptEngine(ScriptLimits.Default);
}
