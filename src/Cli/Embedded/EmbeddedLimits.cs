namespace Mjolnir.Cli.Embedded;

/// <summary>The sizes and waits of the embedded stack, each with its reason.</summary>
internal static class EmbeddedLimits
{
    /// <summary>How long outcomes found in the store at the start are kept: as long as new ones, because nobody knows when they were made.</summary>
    public static readonly TimeSpan OutcomeLife = TimeSpan.FromMinutes(10);
}
