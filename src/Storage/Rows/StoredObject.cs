using Mjolnir.Core.Keys;
using Mjolnir.Core.Manifests;

namespace Mjolnir.Storage.Rows;

/// <summary>An object that holds rows, as the manifest or the chain describes it.</summary>
/// <param name="Name">its name</param>
/// <param name="Bytes">its size</param>
/// <param name="Rows">rows in it; 0: not known</param>
/// <param name="FirstSlot">first slot of the keys in it</param>
/// <param name="LastSlot">last slot, included</param>
internal readonly record struct StoredObject(string Name, long Bytes, long Rows, int FirstSlot, int LastSlot)
{
    /// <summary>A segment holds keys of all slots.</summary>
    public static StoredObject Of(string segment, long bytes, long rows) => new(segment, bytes, rows, 0, Slots.Count - 1);

    /// <summary>A run holds those of its range.</summary>
    public static StoredObject Of(Run run) => new(run.Object, run.Bytes, run.Rows, run.FirstSlot, run.LastSlot);
}
