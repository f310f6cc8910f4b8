using Mjolnir.Core.Manifests;
using Mjolnir.Storage.Objects;

namespace Mjolnir.Storage.Manifests;

/// <summary>Reads entries of manifests from the ends of their objects, so that their segments stay where they are.</summary>
public static class ManifestEntries
{
    /// <summary>The entry in this object; null if there is no such object. Two reads if it depends on hundreds of logs, else one.</summary>
    /// <exception cref="Core.CorruptDataException">the object does not end with an entry, or it is damaged</exception>
    public static async ValueTask<ManifestEntry?> ReadAsync(IObjectStore store, string name, CancellationToken cancellationToken)
    {
        if (await store.GetRangeAsync(name, -StorageLimits.EntryTailBytes, StorageLimits.EntryTailBytes, cancellationToken) is not { } tail)
        {
            return null;
        }

        var length = ManifestCodec.LengthOf(name, tail.Span);
        if (length > tail.Length)
        {
            if (await store.GetRangeAsync(name, -length, length, cancellationToken) is not { } whole)
            {
                return null;
            }

            tail = whole;
        }

        return ManifestCodec.Decode(name, tail.Span);
    }
}
