using FsCheck.Fluent;
using Mjolnir.Core.Envelopes;

namespace Mjolnir.Core.Tests.Envelopes;

public sealed class EnvelopeCodecTests
{
    [Fact]
    public void An_envelope_comes_back_as_it_was() =>
        Samples.ForAll(Samples.Envelopes, envelope => Assert.Equal(envelope, EnvelopeCodec.Decode(EnvelopeCodec.Encode(envelope))));

    [Fact]
    public void A_flipped_bit_is_found() =>
        Samples.ForAll(Samples.Envelopes.Zip(Gen.Choose(0, int.MaxValue)), sample =>
            Assert.Throws<CorruptDataException>(() => EnvelopeCodec.Decode(Samples.Flipped(EnvelopeCodec.Encode(sample.Item1), sample.Item2))));

    [Fact]
    public void A_cut_off_end_is_found() =>
        Samples.ForAll(Samples.Envelopes.Zip(Gen.Choose(0, int.MaxValue)), sample =>
        {
            var bytes = EnvelopeCodec.Encode(sample.Item1);
            Assert.Throws<CorruptDataException>(() => EnvelopeCodec.Decode(bytes.AsMemory(0, sample.Item2 % bytes.Length)));
        });

    [Fact]
    public void The_bytes_of_a_row_are_these()
    {
        var bytes = EnvelopeCodec.Encode(Envelope.Of(Samples.Row(7, "s1.3", 300, "{\"balance\":5}")));
        Assert.Equal("01" + "01" + "07" + "04" + "73312E33" + "AC02" + "7B2262616C616E6365223A357D" + "SUM", Snapshot(bytes));
    }

    [Fact]
    public void The_bytes_of_a_provisional_tombstone_over_a_foreign_row_are_these()
    {
        var envelope = new Envelope(new RowVersion(8, new Stamp("s2.1", 5), RowState.Tombstone, null), Samples.Row(7, "s1.3", 300, "{}"), 4);
        Assert.Equal("01" + "0E" + "08" + "04" + "73322E31" + "05" + "04" + "07" + "04" + "73312E33" + "AC02" + "02" + "7B7D" + "SUM", Snapshot(EnvelopeCodec.Encode(envelope)));
    }

    [Fact]
    public void The_name_of_a_log_is_one_object()
    {
        var bytes = EnvelopeCodec.Encode(Envelope.Of(Samples.Row(7, "s1.77", 300, "{}")));
        Assert.Same(EnvelopeCodec.Decode(bytes).Current.Stamp.Log, EnvelopeCodec.Decode(bytes).Current.Stamp.Log);
    }

    [Fact]
    public void An_absent_row_is_the_one_absent_version() =>
        Assert.Same(RowVersion.Absent, EnvelopeCodec.Decode(EnvelopeCodec.Encode(Envelope.Of(RowVersion.Absent))).Current);

    [Fact]
    public void An_unknown_format_is_refused_by_its_number()
    {
        var bytes = EnvelopeCodec.Encode(Envelope.Of(RowVersion.Absent));
        bytes[0] = 2;
        Assert.Contains("format 2", Assert.Throws<CorruptDataException>(() => EnvelopeCodec.Decode(bytes)).Message, StringComparison.Ordinal);
    }

    private static string Snapshot(byte[] bytes) => Convert.ToHexString(bytes)[..^8] + "SUM";
}
