namespace Mjolnir.Cli.Embedded;

/// <summary>The sizes and waits of the embedded stack, each with its reason.</summary>
internal static class EmbeddedLimits
{
    /// <summary>Shortest time between two rounds of the auditor: reads of the folder cost no requests, so more often than over S3.</summary>
    public static readonly TimeSpan AuditPause = TimeSpan.FromSeconds(10);

    /// <summary>How long outcomes found in the store at the start are kept: as long as new ones, because nobody knows when they were made.</summary>
    public static readonly TimeSpan OutcomeLife = TimeSpan.FromMinutes(10);
}
