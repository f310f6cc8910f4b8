using System.Buffers;
using Mjolnir.Core.Keys;

namespace Mjolnir.Core.Segments;

/// <summary>
/// Makes the bytes of a segment or run from rows in key order: blocks of lines, each a gzip member, then the index member, then the
/// footer. Plain <c>zcat</c> prints the rows, and behind them the index.
/// </summary>
public sealed class SegmentWriter
{
    /// <summary>Text of one block, in bytes: what one row's lookup unpacks (0.2 ms) against how well it packs and how large the index is.</summary>
    private const int BlockText = 64 * 1024;

    private readonly ArrayBufferWriter<byte> _file = new();
    private readonly ArrayBufferWriter<byte> _block = new(BlockText + 4096);
    private readonly List<SegmentBlock> _blocks = [];
    private readonly List<ulong> _hashes = [];
    private RowKey _first;
    private RowKey _last;

    /// <summary>Rows so far.</summary>
    public long Rows => _hashes.Count;

    /// <summary>About how long the segment is so far, in bytes.</summary>
    public long Bytes => _file.WrittenCount + _block.WrittenCount;

    /// <summary>The segment of these rows.</summary>
    /// <param name="rows">in key order</param>
    public static byte[] Write(IReadOnlyList<SegmentRow> rows)
    {
        var segment = new SegmentWriter();
        foreach (var row in rows)
        {
            segment.Add(row);
        }

        return segment.Finish();
    }

    /// <summary>Adds a row; its key is greater than all before.</summary>
    public void Add(in SegmentRow row)
    {
        Invariant.Require(Rows == 0 || row.Key.CompareTo(_last) > 0, $"Rows of a segment are not in order: {row.Key} behind {_last}.");
        if (_block.WrittenCount == 0)
        {
            _first = row.Key;
        }

        _block.Advance(SegmentLine.Write(row, _block.GetSpan(SegmentLine.LargestSize(row))));
        _last = row.Key;
        _hashes.Add(SegmentFilter.HashOf(row.Key));
        if (_block.WrittenCount >= BlockText)
        {
            CloseBlock();
        }
    }

    /// <summary>The whole segment. Nothing can be added afterwards.</summary>
    public byte[] Finish()
    {
        if (_block.WrittenCount > 0)
        {
            CloseBlock();
        }

        var offset = _file.WrittenCount;
        var index = GzipMember.Pack(SegmentIndex.Encode(Rows, _last.Text ?? "", _blocks, SegmentFilter.Of(_hashes)));
        _file.Write(index);
        _file.Write(new SegmentFooter(offset, index.Length, XxHash64.Hash(index)).Encode());
        return _file.WrittenSpan.ToArray();
    }

    private void CloseBlock()
    {
        var member = GzipMember.Pack(_block.WrittenSpan);
        _blocks.Add(new SegmentBlock(_first, _file.WrittenCount, member.Length, _block.WrittenCount, XxHash64.Hash(member)));
        _file.Write(member);
        _block.ResetWrittenCount();
    }
}
