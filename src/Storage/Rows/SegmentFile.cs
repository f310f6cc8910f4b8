using Mjolnir.Core;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Segments;
using Mjolnir.Storage.Objects;

namespace Mjolnir.Storage.Rows;

/// <summary>One segment or run in the store. Its sparse index is read once and kept; a key costs at most one ranged GET after that.</summary>
/// <param name="store">where it is</param>
/// <param name="stored">its name and size</param>
/// <param name="reads">counts its reads</param>
internal sealed class SegmentFile(IObjectStore store, StoredObject stored, ReadCounter reads)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<long, Task<ReadOnlyMemory<byte>>> _underWay = [];
    private Task<SegmentIndex>? _index;

    public string Name => stored.Name;

    public long Bytes => stored.Bytes;

    /// <summary>As its store says.</summary>
    public int ReadsAtOnce => store.ReadsAtOnce;

    /// <summary>False: the object certainly holds no row of this slot.</summary>
    public bool MayHold(int slot) => slot >= stored.FirstSlot && slot <= stored.LastSlot;

    /// <summary>All that the object may hold is damaged.</summary>
    public DamagedRows Damaged(CorruptDataException fault) => DamagedRows.Of(stored, fault);

    private bool IsOpen
    {
        get
        {
            lock (_lock)
            {
                return _index is { IsCompletedSuccessfully: true };
            }
        }
    }

    /// <summary>The index; read at the first call, by one caller for all.</summary>
    public Task<SegmentIndex> IndexAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            // A read that failed is tried again by the next caller: only a good index is kept.
            if (_index is null || (_index.IsCompleted && !_index.IsCompletedSuccessfully))
            {
                _index = ReadIndexAsync();
            }

            return _index.IsCompletedSuccessfully ? _index : _index.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Reads the indexes of these files, many at a time, those that are not known yet.</summary>
    public static async ValueTask OpenAsync(int atOnce, IReadOnlyList<SegmentFile> files, CancellationToken cancellationToken)
    {
        var closed = files.Where(file => !file.IsOpen).ToList();
        await ParallelReads.AllAsync(atOnce, closed, async (file, stop) => await file.IndexAsync(stop), cancellationToken);
    }

    /// <summary>
    /// The line of a key in this block, with a value of its own. Who asks while the block is being read shares that: a seal makes hundreds of rows void at once, and many lie in the same blocks. Objects never change, so
    /// it does not matter who began.
    /// </summary>
    public async ValueTask<SegmentRow?> FindAsync(SegmentBlock block, RowKey key, CancellationToken cancellationToken)
    {
        var member = await BlockAsync(block).WaitAsync(cancellationToken);
        return new SegmentBlockReader(Name, block, member).Find(key);
    }

    /// <summary>The bytes of some consecutive blocks, in one read.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> RangeAsync(long offset, int length, CancellationToken cancellationToken)
    {
        reads.Add();
        var found = await store.GetRangeAsync(Name, offset, length, cancellationToken) ?? throw new CollectedObjectException(Name);
        return found.Length == length ? found : throw new CorruptDataException("A segment is cut short", Name, offset + found.Length);
    }

    private Task<ReadOnlyMemory<byte>> BlockAsync(SegmentBlock block)
    {
        lock (_lock)
        {
            if (_underWay.TryGetValue(block.Offset, out var shared))
            {
                return shared;
            }

            var read = ReadBlockAsync(block);
            if (!read.IsCompleted)
            {
                _underWay.Add(block.Offset, read);
            }

            return read;
        }
    }

    private async Task<ReadOnlyMemory<byte>> ReadBlockAsync(SegmentBlock block)
    {
        try
        {
            return await RangeAsync(block.Offset, block.Length, CancellationToken.None);
        }
        finally
        {
            lock (_lock)
            {
                _underWay.Remove(block.Offset);
            }
        }
    }

    private async Task<SegmentIndex> ReadIndexAsync()
    {
        // In one read nearly always: the manifest tells how many rows the index is about.
        var guess = StorageLimits.TailBytes + (stored.Rows * StorageLimits.TailBytesPerRow) + (Bytes / StorageLimits.BytesPerTailByte);
        var length = (int)Math.Min(Bytes, guess);
        var tail = await RangeAsync(Bytes - length, length, CancellationToken.None);
        var footer = SegmentFooter.Decode(Name, Bytes, tail.Span);
        var start = footer.IndexOffset - (Bytes - length);
        var member = start >= 0
            ? tail.Slice((int)start, footer.IndexLength)
            : await RangeAsync(footer.IndexOffset, footer.IndexLength, CancellationToken.None);
        return SegmentIndex.Decode(Name, footer, member);
    }
}

/// <summary>Counts reads of objects: in steady state it stands still (ARCHITECTURE.md).</summary>
internal sealed class ReadCounter
{
    private long _count;

    public long Count => Interlocked.Read(ref _count);

    public void Add() => Interlocked.Increment(ref _count);
}
