using FsCheck.Fluent;
using Mjolnir.Core.Batches;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Envelopes;

namespace Mjolnir.Core.Tests.Batches;

public sealed class BatchCodecTests
{
    [Fact]
    public void A_batch_comes_back_as_it_was() =>
        Samples.ForAll(Samples.Batches, batch => AssertSame(batch, BatchCodec.Decode(BatchCodec.Encode(batch))));

    [Fact]
    public void A_flipped_bit_is_found() =>
        Samples.ForAll(Samples.Batches.Zip(Gen.Choose(0, int.MaxValue)), sample =>
            Assert.Throws<CorruptDataException>(() => BatchCodec.Decode(Samples.Flipped(BatchCodec.Encode(sample.Item1), sample.Item2))));

    [Fact]
    public void A_cut_off_end_is_found() =>
        Samples.ForAll(Samples.Batches.Zip(Gen.Choose(0, int.MaxValue)), sample =>
        {
            var bytes = BatchCodec.Encode(sample.Item1);
            Assert.Throws<CorruptDataException>(() => BatchCodec.Decode(bytes.AsMemory(0, sample.Item2 % bytes.Length)));
        });

    [Fact]
    public void The_bytes_are_these()
    {
        var batch = new Batch("s1.3", 42, 2, BatchKind.Records, 1000, 3, [new Stamp("s2.1", 7)],
        [
            new BatchRecord(Samples.Key("users", "bob"), 5, RowState.Present, Document.FromText("{}")),
            new BatchRecord(Samples.Key("users", "eve"), 6, RowState.Tombstone, null),
        ]);
        var expected = "4D4A4201" + "01" + "0473312E33" + "2A" + "02" + "E807" + "03"
            + "01" + "0473322E31" + "07"
            + "02" + "01" + "0E62616E6B2F75736572732F626F62" + "05" + "027B7D"
            + "02" + "0E62616E6B2F75736572732F657665" + "06";
        var bytes = BatchCodec.Encode(batch);
        Assert.Equal(expected, Convert.ToHexString(bytes)[..^16]);
        Assert.Equal("2141BA200DEBF971", Convert.ToHexString(bytes)[^16..]);
    }

    [Fact]
    public void A_view_marker_has_no_records()
    {
        var marker = new Batch("s1.3", 1, 9, BatchKind.View, 0, 0, [], []);
        AssertSame(marker, BatchCodec.Decode(BatchCodec.Encode(marker)));
    }

    [Fact]
    public void An_unknown_format_is_refused_by_its_number()
    {
        var bytes = BatchCodec.Encode(new Batch("s1.3", 1, 9, BatchKind.View, 0, 0, [], []));
        bytes[3] = 7;
        Assert.Contains("format 7", Assert.Throws<CorruptDataException>(() => BatchCodec.Decode(bytes)).Message, StringComparison.Ordinal);
    }

    private static void AssertSame(Batch expected, Batch actual)
    {
        Assert.Equal(expected with { Foreign = actual.Foreign, Records = actual.Records }, actual);
        Assert.Equal(expected.Foreign, actual.Foreign);
        Assert.Equal(expected.Records, actual.Records);
    }
}
