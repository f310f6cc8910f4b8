using Mjolnir.Core.Indexes;

namespace Mjolnir.Core.Text;

/// <summary>Where words stand in rows, of many rows one behind the other: a buffer that is emptied and used again, so that looking at very many rows leaves nothing behind. Not safe for threads.</summary>
public sealed class WordPlaces
{
    private int[] _places = new int[1024];

    /// <summary>Places in it.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes that it holds on to.</summary>
    public long Bytes => (long)_places.Length * sizeof(int);

    /// <summary>Some of the places. They are good until the next change.</summary>
    public ReadOnlySpan<int> this[int from, int count] => _places.AsSpan(from, count);

    /// <summary>Forgets all places.</summary>
    public void Clear() => Count = 0;

    /// <summary>Appends what <see cref="TextPlaces"/> wrote.</summary>
    internal void Append(ReadOnlySpan<byte> bytes)
    {
        var at = 0;
        var count = (int)Leb128.Read(bytes, ref at);
        var before = 0;
        foreach (ref var place in Room(count))
        {
            place = before += (int)Leb128.Read(bytes, ref at);
        }
    }

    /// <summary>Appends places.</summary>
    internal void Append(IReadOnlyList<int> places)
    {
        var room = Room(places.Count);
        for (var i = 0; i < room.Length; i++)
        {
            room[i] = places[i];
        }
    }

    /// <summary>Appends a copy of places that are in it.</summary>
    internal void AppendAgain(int from, int count)
    {
        var room = Room(count);
        this[from, count].CopyTo(room);
    }

    /// <summary>Forgets those from here on.</summary>
    internal void CutAt(int from) => Count = from;

    /// <summary>Sorts those from here on.</summary>
    internal void SortFrom(int from) => _places.AsSpan(from, Count - from).Sort();

    private Span<int> Room(int count)
    {
        if (_places.Length - Count < count)
        {
            Array.Resize(ref _places, Math.Max(2 * _places.Length, Count + count));
        }

        Count += count;
        return _places.AsSpan(Count - count, count);
    }
}
