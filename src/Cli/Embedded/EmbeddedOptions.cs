using Mjolnir.Core.Violations;
using Mjolnir.Scripting.Engine;
using Mjolnir.WriteBehind.Auditing;

namespace Mjolnir.Cli.Embedded;

/// <summary>What an embedded stack is made of.</summary>
/// <param name="Data">the data folder; made if there is none</param>
/// <param name="Stacks">V-stacks in this process. May differ from one start to the next: slots are spread anew over what there is</param>
/// <param name="Engine">makes the script engine of one stack; used on its lane only</param>
/// <param name="Time">clock and timers</param>
/// <param name="Random">pauses after conflicts</param>
internal sealed record EmbeddedOptions(string Data, int Stacks, Func<IScriptEngine> Engine, TimeProvider Time, Random Random)
{
    /// <summary>How much the auditor looks at.</summary>
    public AuditLimits Audit { get; init; } = new() { RoundPause = EmbeddedLimits.AuditPause };

    /// <summary>False: no audit, to measure what it costs.</summary>
    public bool IsAudited { get; init; } = true;

    /// <summary>Told of each broken rule that is new.</summary>
    public Action<Violation> Violated { get; init; } = _ => { };
}
