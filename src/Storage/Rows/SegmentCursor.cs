using Mjolnir.Core;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Segments;

namespace Mjolnir.Storage.Rows;

/// <summary>
/// Walks the rows of one segment in key order. Holds two reads' worth of packed blocks, the one that is walked and the next, which is read meanwhile, and the text of one block.
/// </summary>
/// <param name="file">the segment</param>
/// <param name="index">its index</param>
/// <param name="readBytes">bytes of one read, more if a block is larger</param>
/// <param name="stop">ends reads that nobody wants any more</param>
/// <param name="damaged">told of each block that is damaged, before any row behind it is given, and the block is passed over; null: damage is thrown</param>
internal sealed class SegmentCursor(SegmentFile file, SegmentIndex index, int readBytes, CancellationToken stop, Action<DamagedRows>? damaged = null)
{
    private SegmentBlockReader _reader;
    private ReadOnlyMemory<byte> _packed;
    private long _packedAt;
    private int _next;
    private int _readUpTo;
    private Task<ReadOnlyMemory<byte>>? _ahead;
    private bool _open;

    public SegmentRow Current => _reader.Current;

    /// <summary>Moves to the first row behind <paramref name="after"/> (the first of all if null); false if there is none.</summary>
    public async ValueTask<bool> StartAsync(RowKey? after)
    {
        if (after is { } key)
        {
            // The block before the first one that begins behind the key may still hold a row behind it.
            while (_next + 1 < index.Blocks.Count && index.Blocks[_next + 1].First.CompareTo(key) <= 0)
            {
                _next++;
            }
        }

        _readUpTo = _next;
        do
        {
            if (!await MoveAsync())
            {
                return false;
            }
        }
        while (after is { } passed && Current.Key.CompareTo(passed) <= 0);
        return true;
    }

    /// <summary>Moves to the next row; false behind the last. Waits only where a read ends.</summary>
    public ValueTask<bool> MoveAsync() => _open && _reader.TryRead() ? ValueTask.FromResult(true) : MoveToBlockAsync();

    /// <summary>Ends when nothing is being read any more, after <c>stop</c>: what that read gave, or why it failed, concerns nobody.</summary>
    public Task EndAsync() => _ahead is { } reading ? reading.ContinueWith(static read => read.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default) : Task.CompletedTask;

    private async ValueTask<bool> MoveToBlockAsync()
    {
        _open = false;
        while (_next < index.Blocks.Count)
        {
            var block = index.Blocks[_next];
            if (block.Offset + block.Length > _packedAt + _packed.Length)
            {
                _packed = await (_ahead ?? ReadAhead());
                _packedAt = block.Offset;
                _ahead = _readUpTo < index.Blocks.Count ? ReadAhead() : null;
            }

            _next++;
            if (TryOpen(block))
            {
                return _reader.TryRead();
            }
        }

        return false;
    }

    /// <summary>False if the block is damaged and somebody was told.</summary>
    private bool TryOpen(SegmentBlock block)
    {
        try
        {
            _reader = new SegmentBlockReader(file.Name, block, _packed.Slice((int)(block.Offset - _packedAt), block.Length));
            return _open = true;
        }
        catch (CorruptDataException fault) when (damaged is not null)
        {
            var isLast = _next == index.Blocks.Count;
            damaged(file.Damaged(fault) with { First = block.First, Last = isLast ? index.Last : null, Behind = isLast ? null : index.Blocks[_next].First });
            return false;
        }
    }

    /// <summary>Begins to read the blocks behind those that are read.</summary>
    private Task<ReadOnlyMemory<byte>> ReadAhead()
    {
        var first = index.Blocks[_readUpTo++];
        var length = first.Length;
        while (_readUpTo < index.Blocks.Count && length + index.Blocks[_readUpTo].Length <= readBytes)
        {
            length += index.Blocks[_readUpTo++].Length;
        }

        return file.RangeAsync(first.Offset, length, stop).AsTask();
    }
}
