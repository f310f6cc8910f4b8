using Mjolnir.Core.Keys;

namespace Mjolnir.Core.Segments;

/// <summary>The rows of one block, in order. Values alias the block's text: who keeps one for long copies it.</summary>
public struct SegmentBlockReader
{
    private readonly string _objectName;
    private readonly SegmentBlock _block;
    private readonly ReadOnlyMemory<byte> _text;
    private int _position;

    /// <summary>Verifies and unpacks a block.</summary>
    /// <param name="objectName">the segment, for messages</param>
    /// <param name="block">the block as the index describes it</param>
    /// <param name="member">its bytes, in an array</param>
    /// <exception cref="CorruptDataException">the bytes are damaged</exception>
    public SegmentBlockReader(string objectName, SegmentBlock block, ReadOnlyMemory<byte> member)
    {
        if (member.Length != block.Length || XxHash64.Hash(member.Span) != block.Hash)
        {
            throw new CorruptDataException("A block is damaged: its checksum is wrong", objectName, block.Offset);
        }

        (_objectName, _block) = (objectName, block);
        _text = GzipMember.Unpack(objectName, block.Offset, member, block.TextLength);
    }

    /// <summary>The row that <see cref="TryRead"/> read last.</summary>
    public SegmentRow Current { get; private set; }

    /// <summary>Reads the next row into <see cref="Current"/>; false behind the last.</summary>
    public bool TryRead()
    {
        if (_position == _text.Length)
        {
            return false;
        }

        var end = _text.Span[_position..].IndexOf((byte)'\n');
        if (end < 0 || !SegmentLine.TryRead(_text.Slice(_position, end), out var row))
        {
            throw new CorruptDataException($"A line of a block is not in the form that we write (byte {_position} of its text)", _objectName, _block.Offset);
        }

        _position += end + 1;
        Current = row;
        return true;
    }

    /// <summary>The row of this key, or null if the block has none.</summary>
    public SegmentRow? Find(RowKey key)
    {
        // A document cannot hold a line feed, so a line feed and the key's beginning can only be the beginning of the key's own line.
        var beginning = SegmentLine.Beginning(key);
        var text = _text.Span;
        _position = text.StartsWith(beginning) ? 0 : text.IndexOf([(byte)'\n', .. beginning]) + 1;
        return (_position > 0 || text.StartsWith(beginning)) && TryRead() ? Current : null;
    }
}
