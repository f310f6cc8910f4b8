using Mjolnir.Core;

namespace Mjolnir.WriteBehind.Views;

/// <summary>Spreads slots evenly, moving as few as possible. Pure.</summary>
internal static class SlotSpread
{
    /// <summary>The owner of a slot whose shard left.</summary>
    public const int Nobody = -1;

    /// <summary>Afterwards each shard has its share, at most one slot more than another: slots of nobody and the surplus of the largest go to those that have too few.</summary>
    /// <param name="owners">per slot the index of its shard, or <see cref="Nobody"/></param>
    /// <param name="shards">number of shards</param>
    public static void Even(int[] owners, int shards)
    {
        Invariant.Require(shards > 0, "There is no shard to give slots to.");
        var missing = Shares(owners, shards);
        var free = new List<int>();
        for (var slot = owners.Length - 1; slot >= 0; slot--)
        {
            // From the end, so that what a shard keeps stays together.
            if (owners[slot] != Nobody && missing[owners[slot]] < 0)
            {
                missing[owners[slot]]++;
                owners[slot] = Nobody;
            }

            if (owners[slot] == Nobody)
            {
                free.Add(slot);
            }
        }

        free.Reverse();
        var next = 0;
        foreach (var slot in free)
        {
            while (missing[next] == 0)
            {
                next++;
            }

            owners[slot] = next;
            missing[next]--;
        }
    }

    /// <summary>Per shard how many slots it lacks of its share; negative: has too many. Who has most keeps the odd ones.</summary>
    private static int[] Shares(int[] owners, int shards)
    {
        var missing = new int[shards];
        foreach (var owner in owners.Where(owner => owner != Nobody))
        {
            missing[owner]--;
        }

        var odd = owners.Length % shards;
        foreach (var shard in Enumerable.Range(0, shards).OrderBy(shard => missing[shard]).ThenBy(shard => shard).ToArray())
        {
            missing[shard] += (owners.Length / shards) + (odd-- > 0 ? 1 : 0);
        }

        return missing;
    }
}
