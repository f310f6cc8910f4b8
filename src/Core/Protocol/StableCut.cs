using Mjolnir.Core.Manifests;

namespace Mjolnir.Core.Protocol;

/// <summary>What the store holds of one log.</summary>
/// <param name="Log">the log</param>
/// <param name="Base">all batches up to this one are in the runs, so inside every cut</param>
/// <param name="Entries">the manifest's segments behind that, in order</param>
public sealed record StoredPrefix(string Log, long Base, IReadOnlyList<ManifestEntry> Entries);

/// <summary>
/// The largest prefix of every log that is closed under the recorded foreign stamps: no batch inside depends on one outside. Whole manifest
/// entries only. The store up to the cut is a transactionally consistent state (W4, W5).
/// </summary>
public static class StableCut
{
    /// <summary>Per log the last batch inside the cut; the base where no entry is inside.</summary>
    public static IReadOnlyDictionary<string, long> Compute(IReadOnlyCollection<StoredPrefix> prefixes)
    {
        // Begin with everything and take away what depends on something outside, until nothing does: the greatest fixed point.
        // Taking away can only make more entries dependent on the outside, so the order does not matter and every round ends or shrinks.
        var kept = prefixes.ToDictionary(prefix => prefix.Log, prefix => prefix.Entries.Count);
        var cut = prefixes.ToDictionary(prefix => prefix.Log, prefix => End(prefix, prefix.Entries.Count));
        for (var shrunk = true; shrunk;)
        {
            shrunk = false;
            foreach (var prefix in prefixes)
            {
                var count = ClosedCount(prefix, kept[prefix.Log], cut);
                if (count < kept[prefix.Log])
                {
                    kept[prefix.Log] = count;
                    cut[prefix.Log] = End(prefix, count);
                    shrunk = true;
                }
            }
        }

        return cut;
    }

    private static int ClosedCount(StoredPrefix prefix, int count, Dictionary<string, long> cut)
    {
        for (var i = 0; i < count; i++)
        {
            foreach (var stamp in prefix.Entries[i].Foreign)
            {
                if (!cut.TryGetValue(stamp.Log, out var inside) || inside < stamp.Batch)
                {
                    return i;
                }
            }
        }

        return count;
    }

    private static long End(StoredPrefix prefix, int count) => count == 0 ? prefix.Base : prefix.Entries[count - 1].LastBatch;
}
