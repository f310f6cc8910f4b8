using System.Buffers.Binary;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Wire;

namespace Mjolnir.Core.Indexes;

/// <summary>One state of all trees of a table. Whoever has a head sees that state, whole: its pages never change.</summary>
/// <param name="Table">the table</param>
/// <param name="Declared">hash of what was declared when it was made: another declaration is another set of trees</param>
/// <param name="Term">the writer's term: readers and writers never go back to a lower one</param>
/// <param name="Sequence">rises by one with every step of its term</param>
/// <param name="Applied">the vector: per log the batch up to which every batch is in the trees, in order of the logs' names</param>
/// <param name="Trees">the trees that readers see, in the order declared: lists, then groups, then the words of text search, then their n-grams</param>
public sealed record IndexHead(string Table, ulong Declared, long Term, long Sequence, IReadOnlyList<Stamp> Applied, IReadOnlyList<TreeRoot> Trees)
{
    /// <summary>True if it comes after another head: of a later term, or later in the same.</summary>
    public bool IsAfter(IndexHead other) => Term > other.Term || (Term == other.Term && Sequence > other.Sequence);

    /// <summary>True if everything up to this stamp is in the trees.</summary>
    public bool Covers(Stamp stamp) => Applied.Any(applied => applied.Log == stamp.Log && applied.Batch >= stamp.Batch);
}

/// <summary>
/// The bytes of a head:
/// <code>
/// 4 bytes "MJH" and the format (1)
/// text    table; uint64 declared; number term, sequence
/// number  count, then per log: text log, number batch
/// number  count, then per tree: number term, number number of its root's page
/// uint64  xxHash64 over all before
/// </code>
/// Numbers are LEB128, texts carry their length before them. Layout pinned by a snapshot test.
/// </summary>
public static class IndexHeadCodec
{
    private const byte Format = 1;
    private const int HeaderSize = 4;

    private static ReadOnlySpan<byte> Magic => "MJH"u8;

    /// <summary>The bytes of a head.</summary>
    public static byte[] Encode(IndexHead head)
    {
        var size = HeaderSize + WireWriter.SizeOf(head.Table) + (2 * sizeof(ulong)) + WireWriter.SizeOf(head.Term) + WireWriter.SizeOf(head.Sequence)
            + WireWriter.SizeOf(head.Applied.Count) + head.Applied.Sum(stamp => WireWriter.SizeOf(stamp.Log) + WireWriter.SizeOf(stamp.Batch))
            + WireWriter.SizeOf(head.Trees.Count) + head.Trees.Sum(tree => WireWriter.SizeOf(tree.Root.Term) + WireWriter.SizeOf(tree.Root.Number));
        var bytes = new byte[size];
        var writer = new WireWriter(bytes);
        writer.Bytes(Magic);
        writer.Byte(Format);
        writer.Text(head.Table);
        writer.UInt64(head.Declared);
        writer.Number(head.Term);
        writer.Number(head.Sequence);
        writer.Number(head.Applied.Count);
        foreach (var stamp in head.Applied)
        {
            writer.Text(stamp.Log);
            writer.Number(stamp.Batch);
        }

        writer.Number(head.Trees.Count);
        foreach (var tree in head.Trees)
        {
            writer.Number(tree.Root.Term);
            writer.Number(tree.Root.Number);
        }

        writer.UInt64(XxHash64.Hash(writer.Written));
        return bytes;
    }

    /// <summary>The head of these bytes.</summary>
    /// <exception cref="CorruptDataException">they are damaged or of an unknown format</exception>
    public static IndexHead Decode(ReadOnlyMemory<byte> bytes)
    {
        var reader = new WireReader(Checked(bytes));
        reader.Span(HeaderSize);
        var table = reader.Text();
        var declared = BinaryPrimitives.ReadUInt64LittleEndian(reader.Span(sizeof(ulong)));
        var (term, sequence) = (reader.Number(), reader.Number());
        var applied = new Stamp[reader.Count()];
        for (var i = 0; i < applied.Length; i++)
        {
            var log = reader.Log();
            applied[i] = new Stamp(log, reader.Number());
        }

        var trees = new TreeRoot[reader.Count()];
        for (var i = 0; i < trees.Length; i++)
        {
            var pageTerm = reader.Number();
            trees[i] = new TreeRoot(new PageId(pageTerm, reader.Number()));
        }

        return reader.Remaining == 0 ? new IndexHead(table, declared, term, sequence, applied, trees) : throw reader.Damaged("a head of an index has bytes behind its end");
    }

    private static ReadOnlyMemory<byte> Checked(ReadOnlyMemory<byte> bytes)
    {
        var span = bytes.Span;
        if (span.Length < HeaderSize + sizeof(ulong) || !span.StartsWith(Magic))
        {
            throw new CorruptDataException("Damaged head of an index: it does not begin as one", null, 0);
        }

        if (span[Magic.Length] != Format)
        {
            throw new CorruptDataException($"Head of an index of format {span[Magic.Length]}; this program knows format {Format}", null, Magic.Length);
        }

        return BinaryPrimitives.ReadUInt64LittleEndian(span[^sizeof(ulong)..]) == XxHash64.Hash(span[..^sizeof(ulong)])
            ? bytes[..^sizeof(ulong)]
            : throw new CorruptDataException("Damaged head of an index: its checksum is wrong", null, 0);
    }
}
