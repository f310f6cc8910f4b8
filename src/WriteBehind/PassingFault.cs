using Mjolnir.Storage.Logs;

namespace Mjolnir.WriteBehind;

/// <summary>Tells what passes by itself from what does not.</summary>
internal static class PassingFault
{
    /// <summary>
    /// The broker or the store does not answer, refuses, or has lost a log: tried again within limits. Everything else (a broken rule, damage) stops the part concerned.
    /// </summary>
    public static bool Is(Exception fault) => fault is IOException or UnknownLogException or TimeoutException;
}
