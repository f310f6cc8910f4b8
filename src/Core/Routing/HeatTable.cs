using System.Runtime.InteropServices;

namespace Mjolnir.Core.Routing;

/// <summary>
/// About how often keys were touched of late: a count-min sketch with conservative update (Estan and Varghese 2002), halved after each window of touches. Fixed memory, no clock, no allocation, no lock: two threads may lose a
/// touch between them, which nobody can see in a figure that is an estimate anyway.
/// </summary>
internal sealed class HeatTable
{
    private readonly ushort[] _counts = new ushort[RoutingLimits.HeatRows * RoutingLimits.HeatCounters];
    private int _touches;

    /// <summary>Counts a touch of the key with this hash and tells how hot it is now. Never too low but for lost touches.</summary>
    public int Touch(ulong hash)
    {
        if (Interlocked.Increment(ref _touches) % RoutingLimits.HeatWindow == 0)
        {
            Age();
        }

        var lowest = int.MaxValue;
        for (var row = 0; row < RoutingLimits.HeatRows; row++)
        {
            lowest = Math.Min(lowest, Count(row, hash));
        }

        if (lowest < ushort.MaxValue)
        {
            lowest++;
        }

        for (var row = 0; row < RoutingLimits.HeatRows; row++)
        {
            ref var count = ref Count(row, hash);
            count = Math.Max(count, (ushort)lowest);
        }

        return lowest;
    }

    /// <summary>Each row takes bits of its own.</summary>
    private ref ushort Count(int row, ulong hash)
    {
        var column = (int)(hash >> (16 * row)) & (RoutingLimits.HeatCounters - 1);
        return ref _counts[(row * RoutingLimits.HeatCounters) + column];
    }

    private void Age()
    {
        // Four counters in one number: the shift takes each one's lowest bit into its neighbour, where the mask ends it.
        foreach (ref var four in MemoryMarshal.Cast<ushort, ulong>(_counts.AsSpan()))
        {
            four = (four >> 1) & 0x7FFF_7FFF_7FFF_7FFF;
        }
    }
}
