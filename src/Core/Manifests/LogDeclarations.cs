using Mjolnir.Core.Wire;

namespace Mjolnir.Core.Manifests;

/// <summary>What the server that writes a log declares.</summary>
/// <param name="Log">the log</param>
/// <param name="Unique">its unique indexes, as <c>app/table/identity</c>, in ordinal order</param>
public sealed record LogDeclarations(string Log, IReadOnlyList<string> Unique);

/// <summary>These declarations as a JSON object with format and checksum.</summary>
public static class LogDeclarationsCodec
{
    private const int Format = 1;

    /// <summary>The bytes.</summary>
    public static byte[] Encode(LogDeclarations declarations) => CheckedJson.Encode(Format, declarations, ObjectJson.Default.LogDeclarations);

    /// <summary>The declarations in these bytes.</summary>
    /// <param name="objectName">the object, for messages</param>
    /// <param name="bytes">its content</param>
    /// <exception cref="CorruptDataException">damaged, or of an unknown format</exception>
    public static LogDeclarations Decode(string objectName, ReadOnlySpan<byte> bytes) => CheckedJson.Decode(objectName, Format, bytes, ObjectJson.Default.LogDeclarations);
}
