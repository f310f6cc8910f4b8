using System.Buffers.Binary;
using Mjolnir.Core.Keys;

namespace Mjolnir.Core.Indexes;

/// <summary>
/// One page of an index tree: sorted entries, immutable.
/// <code>
/// 3 bytes "MJI", byte format (1), byte level (0 for a leaf)
/// uint16  number of entries, uint16 length of the prefix that all keys begin with, the prefix
/// uint16  per entry: where it begins, from the page's beginning
/// entry   number length of the key behind the prefix, number length of the payload, key, payload
/// uint32  low half of xxHash64 over all before
/// </code>
/// Little-endian; numbers are LEB128. In a leaf a payload is what its tree keeps of a row, above it a child (<see cref="ChildEntry"/>) whose keys are at or above the entry's.
/// Layout pinned by a snapshot test.
/// </summary>
public sealed class IndexPage
{
    internal const byte Format = 1;
    internal const int CountAt = 5;
    internal const int HeaderSize = 9;
    internal const int ChecksumSize = sizeof(uint);
    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly int _offsets;

    internal IndexPage(ReadOnlyMemory<byte> bytes)
    {
        _bytes = bytes;
        var span = bytes.Span;
        Level = span[4];
        Count = BinaryPrimitives.ReadUInt16LittleEndian(span[CountAt..]);
        PrefixLength = BinaryPrimitives.ReadUInt16LittleEndian(span[7..]);
        _offsets = HeaderSize + PrefixLength;
    }

    internal static ReadOnlySpan<byte> Magic => "MJI"u8;

    /// <summary>The page as it is written.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes;

    /// <summary>Levels below it: 0 for a leaf.</summary>
    public int Level { get; }

    /// <summary>True for a page of rows, false for one of children.</summary>
    public bool IsLeaf => Level == 0;

    /// <summary>Entries; at least one.</summary>
    public int Count { get; }

    internal int PrefixLength { get; }

    internal ReadOnlySpan<byte> Prefix => _bytes.Span.Slice(HeaderSize, PrefixLength);

    /// <summary>Takes a page from a shard or a store.</summary>
    /// <exception cref="CorruptDataException">the bytes are no page, or damaged</exception>
    public static IndexPage Decode(ReadOnlyMemory<byte> bytes)
    {
        var span = bytes.Span;
        if (span.Length < HeaderSize + ChecksumSize || !span.StartsWith(Magic))
        {
            throw new CorruptDataException("Damaged index page: it does not begin as one", null, 0);
        }

        if (span[Magic.Length] != Format)
        {
            throw new CorruptDataException($"Index page of format {span[Magic.Length]}; this program knows format {Format}", null, Magic.Length);
        }

        return BinaryPrimitives.ReadUInt32LittleEndian(span[^ChecksumSize..]) == (uint)XxHash64.Hash(span[..^ChecksumSize])
            ? new IndexPage(bytes)
            : throw new CorruptDataException("Damaged index page: its checksum is wrong", null, 0);
    }

    /// <summary>The key of an entry, whole.</summary>
    public byte[] Key(int index)
    {
        var rest = KeyRest(index);
        var key = new byte[PrefixLength + rest.Length];
        Prefix.CopyTo(key);
        rest.CopyTo(key.AsSpan(PrefixLength));
        return key;
    }

    /// <summary>Copies the key of an entry into a buffer that is large enough, and gives it.</summary>
    public ReadOnlySpan<byte> Key(int index, Span<byte> buffer)
    {
        var rest = KeyRest(index);
        Prefix.CopyTo(buffer);
        rest.CopyTo(buffer[PrefixLength..]);
        return buffer[..(PrefixLength + rest.Length)];
    }

    /// <summary>Bytes of the key of an entry.</summary>
    public int KeyLength(int index)
    {
        Start(index, out var keyLength, out _);
        return PrefixLength + keyLength;
    }

    /// <summary>What follows the common prefix in the key of an entry.</summary>
    public ReadOnlySpan<byte> KeyRest(int index)
    {
        var start = Start(index, out var keyLength, out _);
        return _bytes.Span.Slice(start, keyLength);
    }

    /// <summary>The payload of an entry.</summary>
    public ReadOnlyMemory<byte> Payload(int index)
    {
        var start = Start(index, out var keyLength, out var payloadLength);
        return _bytes.Slice(start + keyLength, payloadLength);
    }

    /// <summary>The first entry whose key is at or above this; <see cref="Count"/> if none is.</summary>
    public int LowerBound(ReadOnlySpan<byte> key)
    {
        var shared = Math.Min(PrefixLength, key.Length);
        var order = key[..shared].SequenceCompareTo(Prefix[..shared]);
        if (order != 0)
        {
            return order < 0 ? 0 : Count;
        }

        if (key.Length < PrefixLength)
        {
            return 0;
        }

        var rest = key[PrefixLength..];
        var (low, high) = (0, Count);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            (low, high) = KeyRest(middle).SequenceCompareTo(rest) < 0 ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    /// <summary>The child under which a key belongs: the last one whose lowest key is not above it, else the first.</summary>
    public int ChildOf(ReadOnlySpan<byte> key)
    {
        var at = LowerBound(key);
        return at < Count && KeyEquals(at, key) ? at : Math.Max(0, at - 1);
    }

    /// <summary>True if the entry's key is this one.</summary>
    public bool KeyEquals(int index, ReadOnlySpan<byte> key) =>
        key.Length >= PrefixLength && key[..PrefixLength].SequenceEqual(Prefix) && key[PrefixLength..].SequenceEqual(KeyRest(index));

    /// <summary>Where an entry begins, and behind its predecessor: entries stand in order, without room between them.</summary>
    internal int EntryStart(int index) => BinaryPrimitives.ReadUInt16LittleEndian(_bytes.Span[(_offsets + (index * sizeof(ushort)))..]);

    internal int EntryEnd(int index) => index + 1 < Count ? EntryStart(index + 1) : _bytes.Length - ChecksumSize;

    private int Start(int index, out int keyLength, out int payloadLength)
    {
        var span = _bytes.Span;
        var at = EntryStart(index);
        keyLength = (int)Leb128.Read(span, ref at);
        payloadLength = (int)Leb128.Read(span, ref at);
        return at;
    }
}
