namespace Mjolnir.Security.Tests.Fuzz;

/// <summary>Changes valid bytes as damage and attackers do, from one seed.</summary>
internal static class Mutation
{
    private static readonly byte[] Favourites = [0, 1, 0x7f, 0x80, 0xff, (byte)'{', (byte)'}', (byte)'"', (byte)'\\', (byte)'%', (byte)'/', (byte)'.', (byte)'\n', (byte)'9', (byte)'-'];

    /// <summary>Other bytes made of these: cut, doubled, overwritten, flipped, or nothing but noise.</summary>
    public static byte[] Of(byte[] valid, Random random)
    {
        if (random.Next(20) == 0)
        {
            var noise = new byte[random.Next(300)];
            random.NextBytes(noise);
            return noise;
        }

        var bytes = new List<byte>(valid);
        for (var changes = 1 + random.Next(4); changes > 0 && bytes.Count > 0; changes--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = Favourites[random.Next(Favourites.Length)];
                    break;
                case 2:
                    bytes.RemoveRange(at, Math.Min(1 + random.Next(16), bytes.Count - at));
                    break;
                case 3:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                case 4:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(1 + random.Next(64), bytes.Count - at)));
                    break;
                default:
                    bytes.InsertRange(at, Enumerable.Repeat(Favourites[random.Next(Favourites.Length)], 1 + random.Next(200)));
                    break;
            }
        }

        return [.. bytes];
    }
}
