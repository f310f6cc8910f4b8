using System.Text;
using FsCheck.Fluent;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Manifests;

namespace Mjolnir.Core.Tests.Manifests;

public sealed class ManifestCodecTests
{
    private static readonly ManifestEntry Entry = new(
        "s1.3", 2, ManifestKind.Segment, "logs/s1.3/segments/000000000005-000000000009-ab12.gz", 5, 9, 1, [new Stamp("s2.1", 7)], "ab12", 3, 345);

    private static readonly RunChainEntry Chain = new(
        4, RunChainKind.Cut, [new Run("runs/data/x.gz", 1, 3, 0, 4095, 10, 999)], [new LogCoverage("s1.3", 9, 2, 1, null), new LogCoverage("s2.1", 7, 3, 1, 7)],
        [new Stamp("s3.1", 0)], ["s3.1"], "cd34", 1700);

    [Fact]
    public void An_entry_is_this_text() => Assert.Equal(
        "{\"format\":1,\"log\":\"s1.3\",\"number\":2,\"kind\":\"segment\",\"segment\":\"logs/s1.3/segments/000000000005-000000000009-ab12.gz\",\"firstBatch\":5,\"lastBatch\":9,"
        + "\"lastView\":1,\"foreign\":[\"s2.1:7\"],\"writer\":\"ab12\",\"rows\":3,\"bytes\":345,\"check\":\"6C1A4E7A0F7B774F\"}\n",
        Encoding.UTF8.GetString(ManifestCodec.Encode(Entry)));

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
            var back = ManifestCodec.Decode("entry", ManifestCodec.Encode(entry));
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
            Assert.Throws<CorruptDataException>(() => ManifestCodec.Decode("entry", Samples.Flipped(ManifestCodec.Encode(sample.Item1), sample.Item2))));

    [Fact]
    public void A_cut_off_end_is_found()
    {
        foreach (var bytes in new[] { ManifestCodec.Encode(Entry), RunChainCodec.Encode(Chain) })
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
        Assert.Throws<CorruptDataException>(() => RunChainCodec.Decode("entry", ManifestCodec.Encode(Entry)));

    [Fact]
    public void An_unknown_format_is_refused_by_its_number() =>
        Assert.Contains(
            "format 2",
            Assert.Throws<CorruptDataException>(() => ManifestCodec.Decode("entry", "{\"format\":2,\"anything\":{}}"u8)).Message,
            StringComparison.Ordinal);

    private static FsCheck.Gen<ManifestEntry> Entries() =>
        from stamps in Samples.Stamps.ArrayOf()
        from stamp in Samples.Stamps
        from seals in Gen.Elements(true, false)
        select Entry with { Log = stamp.Log, LastBatch = stamp.Batch, Foreign = stamps, Kind = seals ? ManifestKind.Seal : ManifestKind.Segment, Segment = seals ? null : "x" };
}
