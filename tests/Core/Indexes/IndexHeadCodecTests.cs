using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Indexes;

namespace Mjolnir.Core.Tests.Indexes;

public class IndexHeadCodecTests
{
    private static readonly IndexHead Head = new("events", 0x1122334455667788, 3, 300, [new("s1.2", 70), new("s2.1", 5)], [new(new(3, 200)), TreeRoot.Empty]);

    [Fact]
    public void The_bytes_of_a_head_are_as_documented() =>
        Assert.Equal(
            "4D4A48" + "01" + "06" + "6576656E7473" + "8877665544332211" + "03" + "AC02"
            + "02" + "04" + "73312E32" + "46" + "04" + "73322E31" + "05"
            + "02" + "03" + "C801" + "00" + "00",
            Convert.ToHexString(IndexHeadCodec.Encode(Head).AsSpan()[..^8]));

    [Fact]
    public void A_head_reads_back()
    {
        var back = IndexHeadCodec.Decode(IndexHeadCodec.Encode(Head));

        Assert.Equal((Head.Table, Head.Declared, Head.Term, Head.Sequence), (back.Table, back.Declared, back.Term, back.Sequence));
        Assert.Equal(Head.Applied, back.Applied);
        Assert.Equal(Head.Trees, back.Trees);
    }

    [Fact]
    public void Damage_is_found_at_every_byte()
    {
        var bytes = IndexHeadCodec.Encode(Head);
        for (var i = 0; i < bytes.Length; i++)
        {
            var damaged = bytes.ToArray();
            damaged[i] ^= 0x10;
            Assert.Throws<CorruptDataException>(() => IndexHeadCodec.Decode(damaged));
            Assert.Throws<CorruptDataException>(() => IndexHeadCodec.Decode(bytes.AsMemory(0, i)));
        }
    }

    [Fact]
    public void A_head_covers_the_batches_of_its_vector()
    {
        Assert.True(Head.Covers(new Stamp("s1.2", 70)));
        Assert.True(Head.Covers(new Stamp("s1.2", 69)));
        Assert.False(Head.Covers(new Stamp("s1.2", 71)));
        Assert.False(Head.Covers(new Stamp("s1.3", 1)));
    }

    [Fact]
    public void A_later_term_comes_after_any_step_of_an_earlier_one()
    {
        Assert.True((Head with { Term = 4, Sequence = 1 }).IsAfter(Head));
        Assert.True((Head with { Sequence = 301 }).IsAfter(Head));
        Assert.False(Head.IsAfter(Head));
        Assert.False((Head with { Term = 2, Sequence = 900 }).IsAfter(Head));
    }
}
