using System.Text;
using Mjolnir.Core.Keys;

namespace Mjolnir.Core.Segments;

/// <summary>
/// Says of a key that a segment certainly lacks it, from memory: a Bloom filter with 10 bits and 7 probes for each row, one wrong yes in
/// a hundred (Bloom 1970; the probes are h1 + i·h2, Kirsch and Mitzenmacher 2006). Segments hold any keys of all ranges, so a range alone would not tell.
/// </summary>
internal sealed class SegmentFilter(byte[] bits)
{
    private const int BitsPerRow = 10;
    private const int Probes = 7;

    public byte[] Bits { get; } = bits;

    /// <summary>The hash of a key that all filters share.</summary>
    public static ulong HashOf(RowKey key)
    {
        Span<byte> utf8 = stackalloc byte[3 * key.Text.Length];
        return XxHash64.Hash(utf8[..Encoding.UTF8.GetBytes(key.Text, utf8)]);
    }

    /// <summary>The filter of the rows with these hashes.</summary>
    public static SegmentFilter Of(IReadOnlyList<ulong> hashes)
    {
        var filter = new SegmentFilter(new byte[Math.Max(1, ((long)hashes.Count * BitsPerRow / 8) + 1)]);
        foreach (var hash in hashes)
        {
            filter.Mark(hash);
        }

        return filter;
    }

    /// <summary>False: no row of the segment has a key of this hash.</summary>
    public bool MayHave(ulong hash)
    {
        for (var probe = 0; probe < Probes; probe++)
        {
            var bit = Bit(hash, probe);
            if ((Bits[bit >> 3] & (1 << (int)(bit & 7))) == 0)
            {
                return false;
            }
        }

        return true;
    }

    private void Mark(ulong hash)
    {
        for (var probe = 0; probe < Probes; probe++)
        {
            var bit = Bit(hash, probe);
            Bits[bit >> 3] |= (byte)(1 << (int)(bit & 7));
        }
    }

    private long Bit(ulong hash, int probe) =>
        (long)(((uint)hash + ((ulong)probe * (uint)(hash >> 32))) % ((ulong)Bits.Length * 8));
}
