using Mjolnir.Core.Violations;

namespace Mjolnir.Core;

/// <summary>
/// Bytes that were written by us do not read back: damaged, cut short, or of a format that this program does not know. Reported, never
/// skipped: the part that needs them stops.
/// </summary>
/// <param name="message">what is wrong, for an operator</param>
/// <param name="objectName">the object or log they came from; null where only the caller knows</param>
/// <param name="offset">the first byte of the damaged piece in that object; -1 if unknown</param>
/// <param name="inner">the fault that showed it, if any</param>
public sealed class CorruptDataException(string message, string? objectName = null, long offset = -1, Exception? inner = null)
    : FormatException(Describe(message, objectName, offset), inner), IViolation
{
    /// <inheritdoc/>
    public ViolationKind Kind { get; init; } = ViolationKind.DamagedData;

    /// <summary>The object or log the bytes came from; null if the thrower did not know.</summary>
    public string? ObjectName { get; } = objectName;

    /// <summary>Offset of the damaged piece in the object, in bytes; -1 if unknown.</summary>
    public long Offset { get; } = offset;

    private static string Describe(string message, string? objectName, long offset) => (objectName, offset) switch
    {
        (null, < 0) => message,
        (null, _) => $"{message} (at byte {offset})",
        (_, < 0) => $"{message} (in {objectName})",
        _ => $"{message} (in {objectName} at byte {offset})",
    };
}
