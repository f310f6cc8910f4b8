using System.Buffers.Binary;
using Mjolnir.Core.Keys;

namespace Mjolnir.Core.Indexes;

/// <summary>A change of one entry of a page.</summary>
/// <param name="At">where: which entry goes, or before which one the new one comes</param>
/// <param name="IsRemoved">the entry there goes</param>
/// <param name="Key">of the entry that comes</param>
/// <param name="Payload">of the entry that comes; null if none does</param>
public readonly record struct PageEdit(int At, bool IsRemoved, ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte>? Payload)
{
    internal int SizeBehind(int prefix) => sizeof(ushort) + Leb128.SizeOf((ulong)(Key.Length - prefix)) + Leb128.SizeOf((ulong)Payload!.Value.Length) + Key.Length - prefix + Payload.Value.Length;
}

/// <summary>
/// A page with few changes, made by copying what lies between them as it stands: a page has a hundred entries, and most steps change one of them. The common prefix stays as it is, though
/// without the first or the last entry all others may have a longer one.
/// </summary>
public static class PagePatch
{
    /// <summary>The page with the changes; null if it would be empty or larger than a limit, or a new key has another prefix: then it is to be made from its entries.</summary>
    /// <param name="page">the page before</param>
    /// <param name="edits">in order, each entry once</param>
    /// <param name="most">bytes of a page</param>
    /// <param name="buffers">gives it memory</param>
    public static IndexPage? TryApply(IndexPage page, ReadOnlySpan<PageEdit> edits, int most, PageBuffers buffers)
    {
        var (count, size) = (page.Count, page.Bytes.Length);
        foreach (var edit in edits)
        {
            if (edit.IsRemoved)
            {
                count--;
                size -= sizeof(ushort) + page.EntryEnd(edit.At) - page.EntryStart(edit.At);
            }

            if (edit.Payload is not null)
            {
                if (!edit.Key.Span.StartsWith(page.Prefix))
                {
                    return null;
                }

                count++;
                size += edit.SizeBehind(page.PrefixLength);
            }
        }

        return count == 0 || size > most ? null : Copy(page, edits, count, buffers.Take(size));
    }

    private static IndexPage Copy(IndexPage page, ReadOnlySpan<PageEdit> edits, int count, ArraySegment<byte> bytes)
    {
        var old = page.Bytes.Span;
        old[..(IndexPage.HeaderSize + page.PrefixLength)].CopyTo(bytes);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(IndexPage.CountAt), (ushort)count);
        var target = new Target(bytes, IndexPage.HeaderSize + page.PrefixLength, IndexPage.HeaderSize + page.PrefixLength + (count * sizeof(ushort)));
        var from = 0;
        foreach (var edit in edits)
        {
            target.Run(page, from, edit.At);
            if (edit.Payload is { } payload)
            {
                target.Entry(edit.Key.Span[page.PrefixLength..], payload.Span);
            }

            from = edit.At + (edit.IsRemoved ? 1 : 0);
        }

        target.Run(page, from, page.Count);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(target.At), (uint)XxHash64.Hash(bytes.AsSpan(0, target.At)));
        return new IndexPage(bytes);
    }

    /// <summary>A page that is being written: where its next offset comes, and its next entry.</summary>
    private ref struct Target(Span<byte> bytes, int offsetAt, int at)
    {
        private readonly Span<byte> _bytes = bytes;
        private int _offsetAt = offsetAt;

        public int At { get; private set; } = at;

        /// <summary>Entries that stay, as they are.</summary>
        public void Run(IndexPage page, int from, int to)
        {
            if (from == to)
            {
                return;
            }

            var start = page.EntryStart(from);
            var moved = At - start;
            for (var i = from; i < to; i++, _offsetAt += sizeof(ushort))
            {
                BinaryPrimitives.WriteUInt16LittleEndian(_bytes[_offsetAt..], (ushort)(page.EntryStart(i) + moved));
            }

            var run = page.Bytes.Span[start..page.EntryEnd(to - 1)];
            run.CopyTo(_bytes[At..]);
            At += run.Length;
        }

        public void Entry(ReadOnlySpan<byte> key, ReadOnlySpan<byte> payload)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(_bytes[_offsetAt..], (ushort)At);
            _offsetAt += sizeof(ushort);
            At += Leb128.Write(_bytes[At..], (ulong)key.Length);
            At += Leb128.Write(_bytes[At..], (ulong)payload.Length);
            key.CopyTo(_bytes[At..]);
            payload.CopyTo(_bytes[(At + key.Length)..]);
            At += key.Length + payload.Length;
        }
    }
}
