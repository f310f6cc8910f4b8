namespace Mjolnir.Memcached.Wire;

/// <summary>
/// The number that each operation carries and its answer repeats, four characters of six bits: an answer that belongs to another operation is noticed.
/// </summary>
internal static class Opaque
{
    public const int Characters = 4;
    public const uint Mask = (1 << 24) - 1;

    private const byte First = (byte)'0';

    public static void Write(Span<byte> to, uint number)
    {
        // '0' to 'o': 64 characters in a row, none a space or control character.
        to[3] = (byte)(First + (number & 63));
        to[2] = (byte)(First + ((number >> 6) & 63));
        to[1] = (byte)(First + ((number >> 12) & 63));
        to[0] = (byte)(First + ((number >> 18) & 63));
    }

    public static bool TryRead(ReadOnlySpan<byte> text, out uint number)
    {
        number = 0;
        foreach (var character in text)
        {
            var bits = (uint)(character - First);
            if (bits > 63)
            {
                return false;
            }

            number = (number << 6) | bits;
        }

        return text.Length == Characters;
    }
}
