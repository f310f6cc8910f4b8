using Mjolnir.Core.Keys;
using Mjolnir.Core.Manifests;
using Mjolnir.Storage.Objects;

namespace Mjolnir.Storage.Rows;

/// <summary>An object that holds rows, as the manifest or the chain describes it.</summary>
/// <param name="Name">its name</param>
/// <param name="Bytes">its size: of a manifest's entry that of the segment in it</param>
/// <param name="Rows">rows in it; 0: not known</param>
/// <param name="FirstSlot">first slot of the keys in it</param>
/// <param name="LastSlot">last slot, included</param>
internal readonly record struct StoredObject(string Name, long Bytes, long Rows, int FirstSlot, int LastSlot)
{
    /// <summary>A segment holds keys of all slots.</summary>
    public static StoredObject Of(ManifestEntry entry) => new(ObjectNames.ManifestEntry(entry.Log, entry.Number), entry.Bytes, entry.Rows, 0, Slots.Count - 1);

    /// <summary>Rows that are known by name and size only.</summary>
    public static StoredObject Of(string name, long bytes) => new(name, bytes, 0, 0, Slots.Count - 1);

    /// <summary>A run holds those of its range.</summary>
    public static StoredObject Of(Run run) => new(run.Object, run.Bytes, run.Rows, run.FirstSlot, run.LastSlot);
}
