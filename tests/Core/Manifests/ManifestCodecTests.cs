using System.IO.Compression;
using System.Text;
using FsCheck.Fluent;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Manifests;

namespace Mjolnir.Core.Tests.Manifests;

public sealed class ManifestCodecTests
{
    private static readonly ManifestEntry Entry = new(
        "s1.3", 2, ManifestKind.Segment, 5, 9, 1, [new Stamp("s2.1", 7)], "ab12", 3, 345);

    private static readonly byte[] Segment = Enumerable.Range(0, 345).Select(i => (byte)(i * 7)).ToArray();

    private static readonly RunChainEntry Chain = new(
        4, RunChainKind.Cut, [new Run("runs/data/x.gz", 1, 3, 0, 4095, 10, 999)], [new LogCoverage("s1.3", 9, 2, 1, null), new LogCoverage("s2.1", 7, 3, 1, 7)],
        [new Stamp("s3.1", 0)], ["s3.1"], "cd34", 1700);

    [Fact]
    public void An_entry_is_this_text() => Assert.Equal(
        "{\"format\":2,\"log\":\"s1.3\",\"number\":2,\"kind\":\"segment\",\"firstBatch\":5,\"lastBatch\":9,"
        + "\"lastView\":1,\"foreign\":[\"s2.1:7\"],\"writer\":\"ab12\",\"rows\":3,\"bytes\":345,\"check\":\"C09E71158FE311CD\"}\n",
        Line(ManifestCodec.Encode(Entry, Segment)));

    [Fact]
    public void An_entry_stands_behind_its_segment_in_a_gzip_member_that_any_program_unpacks()
    {
        var bytes = ManifestCodec.Encode(Entry, Segment);
        var length = ManifestCodec.LengthOf("entry", bytes);
        Assert.Equal(Segment, bytes[..^length]);
        using var member = new GZipStream(new MemoryStream(bytes[^length..]), CompressionMode.Decompress);
        using var text = new StreamReader(member);
        Assert.Equal(Line(bytes), text.ReadToEnd());
    }

    [Fact]
    public void An_entry_does_not_take_a_segment_of_another_size() => Assert.Throws<InvariantException>(() => ManifestCodec.Encode(Entry, Segment[1..]));

    [Fact]
    public void An_entry_longer_than_what_was_read_says_how_long_it_is()
    {
        var bytes = ManifestCodec.Encode(Entry, Segment);
        var length = ManifestCodec.LengthOf("entry", bytes[^100..]);
        Assert.Throws<CorruptDataException>(() => ManifestCodec.Decode("entry", bytes.AsSpan()[^100..]));
        Assert.Equal(Entry.Writer, ManifestCodec.Decode("entry", bytes.AsSpan()[^length..]).Writer);
    }

    [Fact]
    public void A_chain_entry_is_this_text() => Assert.Equal(
        "{\"format\":1,\"number\":4,\"kind\":\"cut\",\"runs\":[{\"object\":\"runs/data/x.gz\",\"level\":1,\"made\":3,\"firstSlot\":0,\"lastSlot\":4095,\"rows\":10,\"bytes\":999}],"
        + "\"covered\":[{\"log\":\"s1.3\",\"batch\":9,\"entry\":2,\"lastView\":1,\"watermark\":null},{\"log\":\"s2.1\",\"batch\":7,\"entry\":3,\"lastView\":1,\"watermark\":7}],"
        + "\"cut\":[\"s3.1:0\"],\"lost\":[\"s3.1\"],\"writer\":\"cd34\",\"unixMilliseconds\":1700,\"check\":\"C5E6D5AA5453AC20\"}\n",
        Encoding.UTF8.GetString(RunChainCodec.Encode(Chain)));

    [Fact]
    public void An_entry_comes_back_as_it_was() =>
        Samples.ForAll(Entries(), entry =>
        {
            var back = ManifestCodec.Decode("entry", ManifestCodec.Encode(entry, []));
            Assert.Equal(entry with { Foreign = back.Foreign }, back);
            Assert.Equal(entry.Foreign, back.Foreign);
        });

    [Fact]
    public void A_chain_entry_comes_back_as_it_was()
    {
        var back = RunChainCodec.Decode("entry", RunChainCodec.Encode(Chain));
        Assert.Equal(Chain with { Runs = back.Runs, Covered = back.Covered, Cut = back.Cut, Lost = back.Lost }, back);
        Assert.Equal(Chain.Runs, back.Runs);
        Assert.Equal(Chain.Covered, back.Covered);
        Assert.Equal(Chain.Cut, back.Cut);
        Assert.Equal(Chain.Lost, back.Lost);
    }

    [Fact]
    public void A_flipped_bit_is_found() =>
        Samples.ForAll(Entries().Zip(Gen.Choose(0, int.MaxValue)), sample =>
            Assert.Throws<CorruptDataException>(() => ManifestCodec.Decode("entry", Samples.Flipped(ManifestCodec.Encode(sample.Item1, []), sample.Item2))));

    [Fact]
    public void A_cut_off_end_is_found()
    {
        foreach (var bytes in new[] { ManifestCodec.Encode(Entry with { Bytes = 0 }, []), RunChainCodec.Encode(Chain) })
        {
            for (var length = 0; length < bytes.Length; length++)
            {
                Assert.Throws<CorruptDataException>(() => ManifestCodec.Decode("entry", bytes.AsSpan(0, length)));
                Assert.Throws<CorruptDataException>(() => RunChainCodec.Decode("entry", bytes.AsSpan(0, length)));
            }
        }
    }

    [Fact]
    public void One_kind_of_object_is_not_taken_for_another() =>
        Assert.Throws<CorruptDataException>(() => RunChainCodec.Decode("entry", ManifestCodec.Encode(Entry, Segment)));

    [Fact]
    public void An_unknown_format_is_refused_by_its_number() =>
        Assert.Contains(
            "format 3",
            Assert.Throws<CorruptDataException>(() => ManifestCodec.Decode("entry", OfFormat(3))).Message,
            StringComparison.Ordinal);

    private static byte[] OfFormat(int format)
    {
        var bytes = ManifestCodec.Encode(Entry, Segment);
        bytes[bytes.AsSpan().IndexOf("\"format\":"u8) + "\"format\":".Length] = (byte)('0' + format);
        return bytes;
    }

    private static string Line(byte[] bytes) => Encoding.UTF8.GetString(bytes.AsSpan()[(Segment.Length + 15)..^8]);

    private static FsCheck.Gen<ManifestEntry> Entries() =>
        from stamps in Samples.Stamps.ArrayOf()
        from stamp in Samples.Stamps
        from seals in Gen.Elements(true, false)
        select Entry with { Log = stamp.Log, LastBatch = stamp.Batch, Foreign = stamps, Kind = seals ? ManifestKind.Seal : ManifestKind.Segment, Bytes = 0 };
}
