using System.Globalization;
using Mjolnir.Memcached;

namespace Mjolnir.Storage.Shards;

/// <summary>What room there is for an item.</summary>
internal enum Room : byte
{
    /// <summary>Plenty.</summary>
    Ample,

    /// <summary>Not so much that a refusal is out of the question: use the verbs that survive one.</summary>
    Tight,

    /// <summary>Only what is kept for writes that replace.</summary>
    Reserve,
}

/// <summary>
/// The room of each slab class at one look. memcached gives each class pages of 1 MB until the limit is reached and never takes one back (page moves are off), so classes fill up separately;
/// only the first page of a class is always given.
/// </summary>
internal sealed class SlabRoom
{
    private const int HeaderBytes = 48;
    private const int Alignment = 8;
    private const long PageBytes = 1 << 20;

    private readonly int[] _sizes;
    private readonly long[] _free;
    private readonly long[] _capacity;
    private readonly long[] _taken;
    private readonly long _limit;
    private long _takenBytes;

    public SlabRoom(MemcachedStatistics settings, MemcachedStatistics slabs)
    {
        _limit = settings.Number("maxbytes");
        _sizes = Sizes(settings);
        _free = new long[_sizes.Length];
        _capacity = new long[_sizes.Length];
        _taken = new long[_sizes.Length];
        var freePages = Math.Max(0, (_limit - slabs.Number("total_malloced")) / PageBytes);
        for (var i = 0; i < _sizes.Length; i++)
        {
            string Name(string figure) => string.Create(CultureInfo.InvariantCulture, $"{i + 1}:{figure}");
            IsAsExpected &= slabs.Text(Name("chunk_size")) is "" || slabs.Number(Name("chunk_size")) == _sizes[i];
            var total = slabs.Number(Name("total_chunks"));
            var inNewPages = Math.Max(freePages, total == 0 ? 1 : 0) * (PageBytes / _sizes[i]);
            _free[i] = total - slabs.Number(Name("used_chunks")) + inNewPages;
            _capacity[i] = total + inNewPages;
            IsTight |= total > 0 && _free[i] < 2 * ReserveOf(i);
        }
    }

    /// <summary>False: the server's slab classes are not those that its settings make; nothing is known of its room.</summary>
    public bool IsAsExpected { get; } = true;

    /// <summary>True if a class that is used has less than twice its reserve left.</summary>
    public bool IsTight { get; }

    /// <summary>True if this process alone has since taken so much that it should look again.</summary>
    public bool IsUsedUp => _takenBytes > _limit / MemcachedShardLimits.GrowthPart;

    /// <summary>The room for one more item of this size.</summary>
    public Room For(int itemBytes)
    {
        var largest = _sizes[^1];
        return itemBytes <= largest ? RoomOf(ClassOf(itemBytes), 1)

            // Kept as several chunks of the largest class and a smaller one: never ample, since any of them may be refused.
            : RoomOf(_sizes.Length - 1, (itemBytes / largest) + 1) == Room.Reserve ? Room.Reserve : Room.Tight;
    }

    /// <summary>Notes an item that this process adds. Called by one thread at a time.</summary>
    public void Take(int itemBytes)
    {
        _taken[ClassOf(itemBytes)]++;
        _takenBytes += itemBytes;
    }

    private Room RoomOf(int index, int chunks)
    {
        var free = _free[index] - _taken[index] - chunks;
        return free < ReserveOf(index) ? Room.Reserve
            : free * _sizes[index] < Math.Max(PageBytes, _limit / MemcachedShardLimits.TightPart) ? Room.Tight
            : Room.Ample;
    }

    private long ReserveOf(int index) => Math.Max(MemcachedShardLimits.GrowthReserveChunks, _capacity[index] / MemcachedShardLimits.GrowthReservePart);

    private int ClassOf(int itemBytes)
    {
        var found = Array.BinarySearch(_sizes, itemBytes);
        return Math.Min(found < 0 ? ~found : found, _sizes.Length - 1);
    }

    /// <summary>The chunk sizes of memcached's classes, as <c>slabs_init</c> makes them from its settings.</summary>
    private static int[] Sizes(MemcachedStatistics settings)
    {
        var (largest, factor) = ((int)settings.Number("slab_chunk_max"), settings.Fraction("growth_factor"));
        var sizes = new List<int>();
        if (largest <= 0 || factor <= 1)
        {
            return [MemcachedLimits.Default.ItemBytes];
        }

        for (var size = (int)settings.Number("chunk_size") + HeaderBytes; size < largest / factor; size = (int)(size * factor))
        {
            size += (Alignment - (size % Alignment)) % Alignment;
            sizes.Add(size);
        }

        sizes.Add(largest);
        return [.. sizes];
    }
}
