namespace Mjolnir.Storage.Logs;

/// <summary>
/// The two lengths of one promise (V9, V10): an owner believes confirms and gives answers for <see cref="Held"/> after it sent the message that was confirmed, and whoever seals its log from outside waits
/// <see cref="Waited"/> after unbinding it. The wait is the longer one by a twentieth, because the two are measured by two clocks: those of two machines may run apart, and a timer may fire a tick of the system's
/// coarse clock (1 to 16 ms) before the fine one says so.
/// </summary>
public static class LogLease
{
    /// <summary>How long an owner trusts a confirm, counted from the sending of its message.</summary>
    public static readonly TimeSpan Held = TimeSpan.FromMilliseconds(1_900);

    /// <summary>How long a sealer waits between unbinding a log and its seal marker.</summary>
    public static readonly TimeSpan Waited = TimeSpan.FromSeconds(2);
}
