using Mjolnir.Core.Keys;

namespace Mjolnir.AppServer.Routing;

/// <summary>
/// How many of the last calls went to each slot: a few racing counters, halved every so often. A lost count makes a hot slot a little cooler, nothing else.
/// </summary>
internal sealed class SlotHeat(int hotTouches)
{
    private readonly int[] _counts = new int[Slots.Count];
    private int _touches;

    /// <summary>Counts a call and tells whether its slot is hot.</summary>
    public bool Touch(int slot)
    {
        if (Interlocked.Increment(ref _touches) == ClusterRoutingLimits.HeatWindow)
        {
            Cool();
        }

        return ++_counts[slot] >= hotTouches;
    }

    private void Cool()
    {
        for (var slot = 0; slot < _counts.Length; slot++)
        {
            _counts[slot] /= 2;
        }

        Volatile.Write(ref _touches, 0);
    }
}
