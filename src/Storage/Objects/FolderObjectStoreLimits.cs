namespace Mjolnir.Storage.Objects;

/// <summary>The limits of a folder of objects.</summary>
internal static class FolderObjectStoreLimits
{
    /// <summary>Longest part of a name between two <c>/</c>, in characters: file systems allow 255 bytes.</summary>
    public const int NamePartCharacters = 255;

    /// <summary>Longest name, in characters: what S3 allows in bytes.</summary>
    public const int NameCharacters = 1024;
}
