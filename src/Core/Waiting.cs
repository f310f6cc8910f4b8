using System.Runtime.CompilerServices;

namespace Mjolnir.Core;

/// <summary>Waits whose end matters and not its reason.</summary>
public static class Waiting
{
    /// <summary>
    /// Goes on when the task has ended, be it by success, failure or cancellation: for pauses of loops that ask themselves whether to go on, and for work whose failure was told where it belongs. Goes on where it was
    /// awaited, as any await does (the simulation schedules by that).
    /// </summary>
    public static ConfiguredTaskAwaitable ToItsEnd(this Task task) => task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
}
