namespace Mjolnir.Core.Indexes;

/// <summary>Numbers of pages, whose bytes were proved by a checksum before: seven bits a byte, the lowest first.</summary>
internal static class Leb128
{
    /// <summary>The most that a 128-bit number takes.</summary>
    public const int LargestSize = 19;

    public static ulong Read(ReadOnlySpan<byte> bytes, ref int at)
    {
        ulong value = bytes[at++];
        if (value < 0x80)
        {
            return value;
        }

        value &= 0x7F;
        for (var shift = 7; ; shift += 7)
        {
            ulong next = bytes[at++];
            value |= (next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }
    }

    public static int Write(Span<byte> target, ulong value)
    {
        var length = 0;
        for (; value >= 0x80; value >>= 7)
        {
            target[length++] = (byte)(value | 0x80);
        }

        target[length++] = (byte)value;
        return length;
    }

    public static int SizeOf(ulong value) => value < 0x80 ? 1 : ((63 - System.Numerics.BitOperations.LeadingZeroCount(value)) / 7) + 1;

    /// <summary>A number with a sign: 0, -1, 1, -2, … as 0, 1, 2, 3, …</summary>
    public static Int128 ReadSigned(ReadOnlySpan<byte> bytes, ref int at)
    {
        UInt128 value = 0;
        for (var shift = 0; ; shift += 7)
        {
            UInt128 next = bytes[at++];
            value |= (next & 0x7F) << shift;
            if (next < 0x80)
            {
                return (Int128)(value >> 1) ^ -(Int128)(value & 1);
            }
        }
    }

    public static int WriteSigned(Span<byte> target, Int128 number)
    {
        var value = (UInt128)((number << 1) ^ (number >> 127));
        var length = 0;
        for (; value >= 0x80; value >>= 7)
        {
            target[length++] = (byte)((byte)(value & 0x7F) | 0x80);
        }

        target[length++] = (byte)value;
        return length;
    }
}
