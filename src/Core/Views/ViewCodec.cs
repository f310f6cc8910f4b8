using Mjolnir.Core.Keys;
using Mjolnir.Core.Wire;

namespace Mjolnir.Core.Views;

/// <summary>A view as a JSON object with format and checksum. Pinned by a snapshot test.</summary>
public static class ViewCodec
{
    /// <summary>
    /// The whole store's too, because every process reads a view before anything else: 2 since a manifest's entry and its segment are one object. A program that looks for objects under other names would find an
    /// empty store, and must refuse instead.
    /// </summary>
    private const int Format = 2;

    /// <summary>The bytes of a view.</summary>
    public static byte[] Encode(ClusterView view)
    {
        Invariant.Require(HoldsEverySlotOnce(view), $"View {view.Number} does not give every slot to one shard.");
        return CheckedJson.Encode(Format, view, ObjectJson.Default.ClusterView);
    }

    /// <summary>The view in these bytes.</summary>
    /// <param name="objectName">the object, for messages</param>
    /// <param name="bytes">its content</param>
    /// <exception cref="CorruptDataException">damaged, or of an unknown format</exception>
    public static ClusterView Decode(string objectName, ReadOnlySpan<byte> bytes)
    {
        var view = CheckedJson.Decode(objectName, Format, bytes, ObjectJson.Default.ClusterView);
        return HoldsEverySlotOnce(view) ? view : throw new CorruptDataException("A view does not give every slot to one shard", objectName);
    }

    private static bool HoldsEverySlotOnce(ClusterView view)
    {
        var next = 0;
        foreach (var range in view.Slots)
        {
            if (range.First != next || range.Last < range.First || range.Shard < 0 || range.Shard >= view.Shards.Count)
            {
                return false;
            }

            next = range.Last + 1;
        }

        return next == Slots.Count;
    }
}
