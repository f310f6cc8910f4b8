namespace Mjolnir.Cli;

/// <summary>Something a person can put right: said in plain words, without a stack trace.</summary>
/// <param name="message">what is wrong</param>
/// <param name="hint">what to do; null if the message says it</param>
/// <param name="inner">the cause, shown with <c>--verbose</c></param>
internal sealed class FailureException(string message, string? hint = null, Exception? inner = null) : Exception(message, inner)
{
    public string? Hint { get; } = hint;

    /// <summary>How the process ends: a mistake in what it was told is <see cref="ExitCodes.Usage"/>.</summary>
    public int ExitCode { get; init; } = ExitCodes.Failed;
}
