using System.Buffers.Binary;
using Mjolnir.Core.Keys;

namespace Mjolnir.Core.Indexes;

/// <summary>Sorted entries on their way into pages, in one buffer that is used again and again. Not safe for threads.</summary>
public sealed class EntryList
{
    private readonly List<(int Key, int KeyLength, int PayloadLength)> _entries = [];
    private byte[] _bytes = new byte[64 * 1024];
    private int _length;

    /// <summary>Entries in it.</summary>
    public int Count => _entries.Count;

    /// <summary>Forgets all entries.</summary>
    public void Clear()
    {
        _entries.Clear();
        _length = 0;
    }

    /// <summary>Appends an entry; its key must be above the last one's.</summary>
    public void Add(ReadOnlySpan<byte> key, ReadOnlySpan<byte> payload) => Add(key, [], payload);

    /// <summary>Appends an entry of a page.</summary>
    public void Add(IndexPage page, int index) => Add(page.Prefix, page.KeyRest(index), page.Payload(index).Span);

    /// <summary>Appends entries of a page from <paramref name="from"/> on and before <paramref name="to"/>.</summary>
    public void Add(IndexPage page, int from, int to)
    {
        for (var i = from; i < to; i++)
        {
            Add(page, i);
        }
    }

    /// <summary>The key of an entry. It is good until the next change of the list.</summary>
    public ReadOnlySpan<byte> Key(int index)
    {
        var (key, keyLength, _) = _entries[index];
        return _bytes.AsSpan(key, keyLength);
    }

    /// <summary>The payload of an entry. It is good until the next change of the list.</summary>
    public ReadOnlySpan<byte> Payload(int index)
    {
        var (key, keyLength, payloadLength) = _entries[index];
        return _bytes.AsSpan(key + keyLength, payloadLength);
    }

    /// <summary>Where pages end if entries are spread over few pages that are not larger than a limit.</summary>
    /// <param name="level">0 for leaves</param>
    /// <param name="bytes">the limit; a page of one entry, or of two or three children, may pass it</param>
    /// <param name="isFilled">fill pages from the left to nine tenths (rows that come in order); else all are about equally large</param>
    /// <param name="ends">the index behind the last entry of each page</param>
    public void Cut(int level, int bytes, bool isFilled, List<int> ends)
    {
        ends.Clear();
        var prefix = SharedPrefix(0, Count);
        var fixedSize = FixedSize(prefix);
        var total = 0;
        for (var i = 0; i < Count; i++)
        {
            total += SizeOf(i, prefix);
        }

        // Nine tenths are full enough: entries that come later find room, and no page is left over for want of a few bytes.
        var full = Math.Max(1, (bytes - fixedSize) * 9 / 10);
        var pages = fixedSize + total <= bytes ? 1 : Math.Max(2, (total + full - 1) / full);
        CutInto(isFilled && pages > 1 ? int.MaxValue : pages, isFilled ? full : 0, total, bytes - fixedSize, level == 0 ? 1 : 2, ends);
    }

    /// <summary>The page of some of the entries.</summary>
    /// <param name="level">0 for leaves</param>
    /// <param name="from">the first entry</param>
    /// <param name="to">behind the last one</param>
    /// <param name="buffers">gives it memory</param>
    /// <exception cref="InvariantException">they are larger than any page may be</exception>
    public IndexPage ToPage(int level, int from, int to, PageBuffers buffers)
    {
        var prefix = SharedPrefix(from, to);
        var size = FixedSize(prefix);
        for (var i = from; i < to; i++)
        {
            size += SizeOf(i, prefix);
        }

        Invariant.Require(size <= IndexLimits.PageBytes, $"An index page would take {size} bytes.");
        var bytes = buffers.Take(size);
        IndexPage.Magic.CopyTo(bytes);
        bytes[3] = IndexPage.Format;
        bytes[4] = (byte)level;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(5), (ushort)(to - from));
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(7), (ushort)prefix);
        Key(from)[..prefix].CopyTo(bytes.AsSpan(IndexPage.HeaderSize));
        var at = IndexPage.HeaderSize + prefix + ((to - from) * sizeof(ushort));
        for (var i = from; i < to; i++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(IndexPage.HeaderSize + prefix + ((i - from) * sizeof(ushort))), (ushort)at);
            var key = Key(i)[prefix..];
            var payload = Payload(i);
            at += Leb128.Write(bytes.AsSpan(at), (ulong)key.Length);
            at += Leb128.Write(bytes.AsSpan(at), (ulong)payload.Length);
            key.CopyTo(bytes.AsSpan(at));
            payload.CopyTo(bytes.AsSpan(at + key.Length));
            at += key.Length + payload.Length;
        }

        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at), (uint)XxHash64.Hash(bytes.AsSpan(0, at)));
        return new IndexPage(bytes);
    }

    /// <summary>Cuts where a page has its share of what is left, or what a full one has.</summary>
    private void CutInto(int pages, int full, int total, int most, int fewest, List<int> ends)
    {
        var prefix = SharedPrefix(0, Count);
        var (from, size, left) = (0, 0, total);
        for (var i = 0; i < Count; i++)
        {
            var next = SizeOf(i, prefix);
            var share = full > 0 ? full : left / pages;
            var isFull = (pages > 1 && size + (next / 2) >= share) || size + next > most;
            if (isFull && i - from >= fewest && Count - i >= fewest)
            {
                ends.Add(i);
                left -= size;
                (from, size, pages) = (i, 0, Math.Max(1, pages - 1));
            }

            size += next;
        }

        ends.Add(Count);
    }

    private static int FixedSize(int prefix) => IndexPage.HeaderSize + prefix + IndexPage.ChecksumSize;

    private int SizeOf(int index, int prefix)
    {
        var (_, keyLength, payloadLength) = _entries[index];
        return sizeof(ushort) + Leb128.SizeOf((ulong)(keyLength - prefix)) + Leb128.SizeOf((ulong)payloadLength) + keyLength - prefix + payloadLength;
    }

    // Entries are sorted: what the first and the last share, all share.
    private int SharedPrefix(int from, int to) => to <= from ? 0 : Key(from).CommonPrefixLength(Key(to - 1));

    private void Add(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> rest, ReadOnlySpan<byte> payload)
    {
        var size = prefix.Length + rest.Length + payload.Length;
        if (_bytes.Length - _length < size)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + size));
        }

        prefix.CopyTo(_bytes.AsSpan(_length));
        rest.CopyTo(_bytes.AsSpan(_length + prefix.Length));
        payload.CopyTo(_bytes.AsSpan(_length + prefix.Length + rest.Length));
        _entries.Add((_length, prefix.Length + rest.Length, payload.Length));
        _length += size;
    }
}
