using Mjolnir.Core.Keys;
using Mjolnir.Core.Segments;

namespace Mjolnir.Storage.Rows;

/// <summary>Walks the rows of one segment in key order; holds one read's worth of blocks and the text of one.</summary>
internal sealed class SegmentCursor(SegmentFile file, SegmentIndex index)
{
    private SegmentBlockReader _reader;
    private ReadOnlyMemory<byte> _packed;
    private long _packedAt;
    private int _next;
    private bool _open;

    public SegmentRow Current => _reader.Current;

    /// <summary>Moves to the first row behind <paramref name="after"/> (the first of all if null); false if there is none.</summary>
    public async ValueTask<bool> StartAsync(RowKey? after, CancellationToken cancellationToken)
    {
        if (after is { } key)
        {
            // The block before the first one that begins behind the key may still hold a row behind it.
            while (_next + 1 < index.Blocks.Count && index.Blocks[_next + 1].First.CompareTo(key) <= 0)
            {
                _next++;
            }
        }

        do
        {
            if (!await MoveAsync(cancellationToken))
            {
                return false;
            }
        }
        while (after is { } passed && Current.Key.CompareTo(passed) <= 0);
        return true;
    }

    /// <summary>Moves to the next row; false behind the last. Waits only where a block ends.</summary>
    public ValueTask<bool> MoveAsync(CancellationToken cancellationToken) =>
        _open && _reader.TryRead() ? ValueTask.FromResult(true) : MoveToBlockAsync(cancellationToken);

    private async ValueTask<bool> MoveToBlockAsync(CancellationToken cancellationToken)
    {
        if (_next == index.Blocks.Count)
        {
            return false;
        }

        var block = index.Blocks[_next];
        if (block.Offset + block.Length > _packedAt + _packed.Length)
        {
            await ReadAheadAsync(block, cancellationToken);
        }

        _reader = new SegmentBlockReader(file.Name, block, _packed.Slice((int)(block.Offset - _packedAt), block.Length));
        _open = true;
        _next++;
        return _reader.TryRead();
    }

    private async ValueTask ReadAheadAsync(SegmentBlock block, CancellationToken cancellationToken)
    {
        var end = _next + 1;
        var length = block.Length;
        while (end < index.Blocks.Count && length + index.Blocks[end].Length <= StorageLimits.StreamBytes)
        {
            length += index.Blocks[end++].Length;
        }

        _packed = await file.RangeAsync(block.Offset, length, cancellationToken);
        _packedAt = block.Offset;
    }
}
