using Mjolnir.Core.Wire;

namespace Mjolnir.Core.Manifests;

/// <summary>A manifest entry as a JSON object with format and checksum. Pinned by a snapshot test.</summary>
public static class ManifestCodec
{
    private const int Format = 1;

    /// <summary>The bytes of an entry.</summary>
    public static byte[] Encode(ManifestEntry entry) => CheckedJson.Encode(Format, entry, ObjectJson.Default.ManifestEntry);

    /// <summary>The entry in these bytes.</summary>
    /// <param name="objectName">the object, for messages</param>
    /// <param name="bytes">its content</param>
    /// <exception cref="CorruptDataException">damaged, or of an unknown format</exception>
    public static ManifestEntry Decode(string objectName, ReadOnlySpan<byte> bytes) =>
        CheckedJson.Decode(objectName, Format, bytes, ObjectJson.Default.ManifestEntry);
}
