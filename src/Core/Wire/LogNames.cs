using System.Text;
using Mjolnir.Core.Keys;

namespace Mjolnir.Core.Wire;

/// <summary>
/// One string object per log name: a cluster has few logs and every envelope names one, so decoding must not make a new string each time.
/// A fixed table where the newest name wins a place: bounded, without locks, and a lost race only costs one more string.
/// </summary>
internal static class LogNames
{
    // 1,024 places: a hundred servers with ten epochs each still mostly hit.
    private const int Places = 1024;

    private static readonly string?[] Table = new string?[Places];

    public static string Intern(ReadOnlySpan<byte> utf8)
    {
        if (utf8.IsEmpty)
        {
            return "";
        }

        ref var place = ref Table[(int)(XxHash64.Hash(utf8) % Places)];
        var known = place;
        if (known is not null && Ascii.Equals(utf8, known))
        {
            return known;
        }

        return place = Encoding.UTF8.GetString(utf8);
    }
}
