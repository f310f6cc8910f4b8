using System.Text;

namespace Mjolnir.Core.Documents;

/// <summary>
/// The value of a row: an immutable, compact JSON text in UTF-8 (an object for a table's row, any JSON value for key/value).
/// The same bytes travel through envelope, log and segment; nobody on the way parses them.
/// </summary>
public sealed class Document(ReadOnlyMemory<byte> utf8) : IEquatable<Document>
{
    /// <summary>The JSON text: one value, no surrounding space, no line break. The producer guarantees that it is valid.</summary>
    public ReadOnlyMemory<byte> Utf8 { get; } = utf8;

    /// <summary>
    /// What the reader of this document made of it, kept beside the bytes so that a hot row is decoded once. Immutable, owned by the
    /// script engine, null until first decoded. Setting it twice with equal content is harmless.
    /// </summary>
    public object? Decoded { get; set; }

    /// <summary>A document of this JSON text, which the caller knows to be valid and compact.</summary>
    public static Document FromText(string json) => new(Encoding.UTF8.GetBytes(json));

    /// <inheritdoc/>
    public bool Equals(Document? other) => other is not null && Utf8.Span.SequenceEqual(other.Utf8.Span);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Document);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(Utf8.Span);
        return hash.ToHashCode();
    }

    /// <summary>The JSON text.</summary>
    public override string ToString() => Encoding.UTF8.GetString(Utf8.Span);
}
