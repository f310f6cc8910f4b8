using System.Buffers;

namespace Mjolnir.Storage.Objects;

/// <summary>Which names an object may have. Checked before a name comes near the file system: a name is never a way out of the folder.</summary>
internal static class ObjectName
{
    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_{}%");

    /// <summary>Throws <see cref="ArgumentException"/> unless the name is <c>/</c>-separated parts of the allowed characters.</summary>
    public static void Check(string name)
    {
        if (name.Length is 0 or > FolderObjectStoreLimits.NameCharacters || !name.Split('/').All(IsPart))
        {
            throw new ArgumentException($"'{name}' is no object name: parts of letters, digits and .-_{{}}%, not starting with a dot, separated by /.", nameof(name));
        }
    }

    // A leading dot would allow "..", and is what the store's own files have.
    private static bool IsPart(string part) =>
        part.Length is > 0 and <= FolderObjectStoreLimits.NamePartCharacters && part[0] != '.' && !part.AsSpan().ContainsAnyExcept(Allowed);
}
