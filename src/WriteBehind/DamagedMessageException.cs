using Mjolnir.Core.Violations;

namespace Mjolnir.WriteBehind;

/// <summary>A message of a log does not read back. Unlike an object of the store it is nowhere else: there is no copy to put back, so the work on that log stops for good.</summary>
/// <param name="message">which one, of which log</param>
/// <param name="inner">what showed it</param>
public sealed class DamagedMessageException(string message, Exception inner) : Exception(message, inner), IViolation
{
    /// <inheritdoc/>
    public ViolationKind Kind => ViolationKind.DamagedData;
}
