using System.Numerics;

namespace Mjolnir.Cli.Bench.Load;

/// <summary>
/// Latencies in microseconds, counted in buckets whose width is at most 1/64 of their value: percentiles are right to 1.6 % whatever their size,
/// and recording is two shifts and an increment.
/// </summary>
internal sealed class LatencyHistogram
{
    private const int SubBits = 6;
    private const int SubBuckets = 1 << SubBits;
    private const int Magnitudes = 26; // up to 2^32 us = 71 minutes

    private readonly long[] _counts = new long[(Magnitudes + 1) * SubBuckets];

    public long Count { get; private set; }

    public long Max { get; private set; }

    public double Mean => Count == 0 ? 0 : (double)_sum / Count;

    private long _sum;

    public void Record(long microseconds)
    {
        var value = Math.Clamp(microseconds, 0, uint.MaxValue);
        _counts[IndexOf(value)]++;
        _sum += value;
        Count++;
        Max = Math.Max(Max, value);
    }

    public void Add(LatencyHistogram other)
    {
        for (var i = 0; i < _counts.Length; i++)
        {
            _counts[i] += other._counts[i];
        }

        _sum += other._sum;
        Count += other.Count;
        Max = Math.Max(Max, other.Max);
    }

    /// <summary>The latency that this share (0 to 1) of all recorded ones does not exceed; the upper edge of its bucket.</summary>
    public long Percentile(double share)
    {
        var wanted = (long)Math.Ceiling(share * Count);
        long seen = 0;
        for (var i = 0; i < _counts.Length; i++)
        {
            seen += _counts[i];
            if (seen >= wanted && seen > 0)
            {
                return Math.Min(UpperEdge(i), Max);
            }
        }

        return Max;
    }

    /// <summary>Buckets that hold something, as (upper edge in microseconds, count), rising.</summary>
    public IEnumerable<(long UpperEdge, long Count)> Buckets()
    {
        for (var i = 0; i < _counts.Length; i++)
        {
            if (_counts[i] > 0)
            {
                yield return (UpperEdge(i), _counts[i]);
            }
        }
    }

    private static int IndexOf(long value)
    {
        if (value < SubBuckets)
        {
            return (int)value;
        }

        var magnitude = BitOperations.Log2((ulong)value) - SubBits;
        return ((magnitude + 1) << SubBits) + (int)((value >> magnitude) - SubBuckets);
    }

    private static long UpperEdge(int index)
    {
        if (index < SubBuckets)
        {
            return index;
        }

        var magnitude = (index >> SubBits) - 1;
        var sub = (index & (SubBuckets - 1)) + SubBuckets;
        return ((long)(sub + 1) << magnitude) - 1;
    }
}
