using System.Buffers;
using Mjolnir.Core.Indexes;

namespace Mjolnir.Core.Text;

/// <summary>Places of a word as bytes: how many there are, then of each its distance from the one before (LEB128).</summary>
internal static class TextPlaces
{
    public static void Append(IBufferWriter<byte> target, IReadOnlyList<int> places)
    {
        Number(target, places.Count);
        var before = 0;
        foreach (var place in places)
        {
            Number(target, place - before);
            before = place;
        }
    }

    public static int[] Read(ReadOnlySpan<byte> bytes, ref int at)
    {
        var places = new int[(int)Leb128.Read(bytes, ref at)];
        var before = 0;
        for (var i = 0; i < places.Length; i++)
        {
            places[i] = before += (int)Leb128.Read(bytes, ref at);
        }

        return places;
    }

    /// <summary>Goes behind them.</summary>
    public static void Pass(ReadOnlySpan<byte> bytes, ref int at)
    {
        for (var left = Leb128.Read(bytes, ref at); left > 0; left--)
        {
            Leb128.Read(bytes, ref at);
        }
    }

    public static void Number(IBufferWriter<byte> target, int number) => target.Advance(Leb128.Write(target.GetSpan(Leb128.LargestSize), (ulong)number));
}
