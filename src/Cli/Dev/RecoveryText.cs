using Mjolnir.Cli.Embedded;
using Mjolnir.Storage.Logs;
using Mjolnir.WriteBehind;

namespace Mjolnir.Cli.Dev;

internal static class RecoveryText
{
    /// <summary>What the start found, in a sentence.</summary>
    public static string Of(EmbeddedStack stack, TimeSpan took) => $"{Found(stack.Recovered)}{Torn(stack.Torn)}; ready after {took.TotalSeconds:F2} s";

    private static string Found(RecoveredCluster recovered) => recovered switch
    {
        { View.Number: 1 } => "new data folder",
        { LostLogs.Count: > 0 } => $"THE COMMIT LOGS OF THE LAST RUN ARE GONE ({string.Join(", ", recovered.LostLogs)}): the data are as the store last had them",
        { DrainedLogs.Count: 0 } => "data found",
        _ => $"data found, {Logs(recovered.DrainedLogs.Count)} of the last run stored",
    };

    private static string Torn(IReadOnlyList<TornTail> tails) => string.Concat(tails.Select(
        tail => $"; {tail.Bytes} bytes of an interrupted write, never confirmed, were cut off {tail.File} at byte {tail.Offset}"));

    private static string Logs(int count) => count == 1 ? "1 log" : $"{count} logs";
}
