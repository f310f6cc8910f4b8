using System.IO.Compression;
using FsCheck.Fluent;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Segments;

namespace Mjolnir.Core.Tests.Segments;

public sealed class SegmentTests
{
    [Fact]
    public void The_rows_come_back_as_they_were() =>
        Samples.ForAll(Samples.SegmentRows, rows => Assert.Equal(rows, Read(Write(rows))));

    [Fact]
    public void Every_key_is_found_and_no_other() =>
        Samples.ForAll(Samples.SegmentRows.Zip(Samples.Keys), sample =>
        {
            var segment = Write(sample.Item1);
            foreach (var row in sample.Item1)
            {
                Assert.Equal(row, Find(segment, row.Key));
            }

            var expected = sample.Item1.Where(row => row.Key == sample.Item2).Cast<SegmentRow?>().FirstOrDefault();
            Assert.Equal(expected, Find(segment, sample.Item2));
        });

    [Fact]
    public void A_flipped_bit_anywhere_is_found() =>
        Samples.ForAll(Samples.SegmentRows.Zip(Gen.Choose(0, int.MaxValue)), sample =>
        {
            var fault = Assert.Throws<CorruptDataException>(() => Read(Samples.Flipped(Write(sample.Item1), sample.Item2)));
            Assert.Equal("segment", fault.ObjectName);
            Assert.InRange(fault.Offset, 0, long.MaxValue);
        });

    [Fact]
    public void Every_single_bit_of_a_small_segment_counts()
    {
        var segment = Write([new SegmentRow(Samples.Key("users", "bob"), Samples.Row(1, "s1.1", 1, "{}"))]);
        for (var bit = 0; bit < segment.Length * 8; bit++)
        {
            var flipped = (byte[])segment.Clone();
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Throws<CorruptDataException>(() => Read(flipped));
        }
    }

    [Fact]
    public void A_cut_off_end_is_found() =>
        Samples.ForAll(Samples.SegmentRows.Zip(Gen.Choose(0, int.MaxValue)), sample =>
        {
            var segment = Write(sample.Item1);
            Assert.Throws<CorruptDataException>(() => Read(segment[..(sample.Item2 % segment.Length)], segment.Length));
        });

    [Fact]
    public void Zcat_prints_the_rows_and_behind_them_the_index()
    {
        var segment = Write(
        [
            new SegmentRow(Samples.Key("_tx", "{alice}1"), Samples.Row(1, "s1.3", 42, "{\"r\":1}")) { Time = 1700 },
            new SegmentRow(Samples.Key("users", "a\"b"), Samples.Row(7, "s1.3", 42, "{\"balance\":5}")),
            new SegmentRow(Samples.Key("users", "bob"), new RowVersion(8, new Stamp("s1.3", 41), RowState.Tombstone, null)),
            new SegmentRow(Samples.Key("users", "eve"), new RowVersion(2, new Stamp("s1.3", 40), RowState.Absent, null)),
        ]);
        using var zcat = new StreamReader(new GZipStream(new MemoryStream(segment), CompressionMode.Decompress));
        var lines = zcat.ReadToEnd().Split('\n');
        Assert.Equal(
        [
            "{\"k\":\"bank/_tx/{alice}1\",\"v\":1,\"s\":\"s1.3:42\",\"t\":\"row\",\"u\":1700,\"d\":{\"r\":1}}",
            "{\"k\":\"bank/users/a\\\"b\",\"v\":7,\"s\":\"s1.3:42\",\"t\":\"row\",\"d\":{\"balance\":5}}",
            "{\"k\":\"bank/users/bob\",\"v\":8,\"s\":\"s1.3:41\",\"t\":\"tombstone\"}",
            "{\"k\":\"bank/users/eve\",\"v\":2,\"s\":\"s1.3:40\",\"t\":\"expired\"}",
            "{\"index\":{\"format\":1,\"rows\":4,\"last\":\"bank/users/eve\"}}",
        ], lines[..5]);
        Assert.StartsWith("{\"block\":{\"k\":\"bank/_tx/{alice}1\",\"at\":0,\"size\":", lines[5], StringComparison.Ordinal);
        Assert.Equal("{\"filter\":\"LG2CtiD7\"}", lines[6]);
    }

    [Fact]
    public void The_footer_is_these_bytes()
    {
        var footer = Convert.ToHexString(new SegmentFooter(0x1234, 0x56, 0x0102030405060708).Encode());
        Assert.Equal("1F8B0804" + "00000000" + "00FF" + "2100" + "4D4A" + "1D00" + "01" + "3412000000000000" + "56000000" + "0807060504030201" + "SUM", footer[..74] + "SUM");
        Assert.Equal("0300" + "00000000" + "00000000", footer[90..]);
    }

    [Fact]
    public void A_segment_written_by_the_first_version_still_reads()
    {
        var segment = Convert.FromBase64String(FirstVersion);
        Assert.Equal([new SegmentRow(Samples.Key("users", "bob"), Samples.Row(1, "s1.1", 1, "{\"balance\":5}"))], Read(segment));
    }

    [Fact]
    public void Many_rows_make_many_blocks_and_every_key_is_found()
    {
        var rows = Enumerable.Range(0, 5000)
            .Select(i => new SegmentRow(Samples.Key("users", $"user{i:D6}"), Samples.Row(i + 1, "s1.1", 9, $"{{\"balance\":{i}}}"))).ToArray();
        var segment = Write(rows);
        Assert.True(Index(segment).Blocks.Count > 3);
        Assert.Equal(rows, Read(segment));
        Assert.All(rows, row => Assert.Equal(row, Find(segment, row.Key)));
        Assert.InRange(Enumerable.Range(5000, 1000).Count(i => Index(segment).Find(Samples.Key("users", $"no{i}"), SegmentIndex.HashOf(Samples.Key("users", $"no{i}"))) is not null), 0, 40);
    }

    [Fact]
    public void Rows_out_of_order_are_refused()
    {
        var writer = new SegmentWriter();
        var row = new SegmentRow(Samples.Key("users", "bob"), RowVersion.Absent);
        writer.Add(row);
        Assert.Throws<InvariantException>(() => writer.Add(row));
    }

    [Fact]
    public void A_document_with_a_line_break_is_refused() =>
        Assert.Throws<InvariantException>(() => Write([new SegmentRow(Samples.Key("users", "bob"), Samples.Row(1, "s1.1", 1, "{\n}"))]));

    private const string FirstVersion =
        "H4sIAAAAAAAEA6tWylayUkpKzMvWLy1OLSrWT8pPUtJRKlOyMtRRKlayUio21DO0MlTSUSpRslIqyi9X0lFKUbKqVkpKzEnMS05VsjKtreUCACfU6HRGAAAA"
        + "H4sIAAAAAAAEA6tWysxLSa1QsqpWSssvyk0sUbIy1FEqyi8vBjNyEotLlKyUkhLzsvVLi1OLivWT8pOUamu5qpWScvKTs0H6sjEV6CiBDDLQUSrOrEpVsrI0"
        + "0FEqSa0oUbIyN9BRykgszlCyUnI1NDBwszAwdjFycXNydHOFmJqWmVOSWqRkpeQYYGKrVMsFACY8efOgAAAAH4sIBAAAAAAA/yEATUodAAFaAAAAAAAAAJkA"
        + "AACcaJ5GbF00fDIltrfIr0YEAwAAAAAAAAAAAA==";

    private static byte[] Write(IEnumerable<SegmentRow> rows)
    {
        var writer = new SegmentWriter();
        foreach (var row in rows)
        {
            writer.Add(row);
        }

        return writer.Finish();
    }

    private static SegmentIndex Index(byte[] segment, int? length = null)
    {
        var footer = SegmentFooter.Decode("segment", length ?? segment.Length, segment);
        return SegmentIndex.Decode("segment", footer, segment.AsMemory((int)footer.IndexOffset, footer.IndexLength));
    }

    private static List<SegmentRow> Read(byte[] segment, int? length = null)
    {
        var rows = new List<SegmentRow>();
        foreach (var block in Index(segment, length).Blocks)
        {
            var reader = new SegmentBlockReader("segment", block, segment.AsMemory((int)block.Offset, block.Length));
            while (reader.TryRead())
            {
                rows.Add(reader.Current);
            }
        }

        return rows;
    }

    private static SegmentRow? Find(byte[] segment, Mjolnir.Core.Keys.RowKey key)
    {
        var block = Index(segment).Find(key, SegmentIndex.HashOf(key));
        return block is null ? null : new SegmentBlockReader("segment", block, segment.AsMemory((int)block.Offset, block.Length)).Find(key);
    }
}
