using Mjolnir.Core.Keys;
using Mjolnir.Core.Views;

namespace Mjolnir.WriteBehind.Views;

/// <summary>What shards still hold of slots that they lost: they keep their label and are not emptied, so somebody must delete it. Pure.</summary>
internal static class Leftovers
{
    /// <summary>Ranges of older views that a shard of this view had and has no more, or has again under a newer prefix; the indexes of shards are this view's.</summary>
    public static IReadOnlyList<SlotRange> Of(ClusterView view, IEnumerable<ClusterView> older)
    {
        var now = new SlotRange[Slots.Count];
        foreach (var range in view.Slots)
        {
            Array.Fill(now, range, range.First, range.Last - range.First + 1);
        }

        var lost = new HashSet<(int Shard, long Since, int Slot)>();
        foreach (var before in older)
        {
            foreach (var range in before.Slots)
            {
                var shard = view.Shards.ToList().FindIndex(each => each.Label == before.Shards[range.Shard].Label);
                for (var slot = range.First; slot <= range.Last && shard >= 0; slot++)
                {
                    if (now[slot].Shard != shard || now[slot].Since != range.Since)
                    {
                        lost.Add((shard, range.Since, slot));
                    }
                }
            }
        }

        return Joined(lost);
    }

    private static List<SlotRange> Joined(HashSet<(int Shard, long Since, int Slot)> lost)
    {
        var ranges = new List<SlotRange>();
        foreach (var (shard, since, slot) in lost.Order())
        {
            if (ranges is [.., var last] && last.Shard == shard && last.Since == since && last.Last == slot - 1)
            {
                ranges[^1] = last with { Last = slot };
            }
            else
            {
                ranges.Add(new SlotRange(slot, slot, shard, since));
            }
        }

        return ranges;
    }
}
