using System.Text;
using Mjolnir.Core.Views;

namespace Mjolnir.Core.Tests.Views;

public sealed class ViewCodecTests
{
    private static readonly ClusterView View = new(
        3, [new ShardDescription("s1", "l1"), new ShardDescription("s2", "l2")], [new SlotRange(0, 2047, 0, 1), new SlotRange(2048, 4095, 1, 3)], ["s1.4"]);

    [Fact]
    public void A_view_is_this_text() => Assert.Equal(
        "{\"format\":2,\"number\":3,\"shards\":[{\"name\":\"s1\",\"label\":\"l1\"},{\"name\":\"s2\",\"label\":\"l2\"}],"
        + "\"slots\":[{\"first\":0,\"last\":2047,\"shard\":0,\"since\":1},{\"first\":2048,\"last\":4095,\"shard\":1,\"since\":3}],\"logs\":[\"s1.4\"],\"check\":\"F130580A00534244\"}\n",
        Encoding.UTF8.GetString(ViewCodec.Encode(View)));

    [Fact]
    public void A_view_comes_back_as_it_was()
    {
        var back = ViewCodec.Decode("view", ViewCodec.Encode(View));
        Assert.Equal(View with { Shards = back.Shards, Slots = back.Slots, Logs = back.Logs }, back);
        Assert.Equal(View.Shards, back.Shards);
        Assert.Equal(View.Slots, back.Slots);
        Assert.Equal(View.Logs, back.Logs);
    }

    [Fact]
    public void A_flipped_bit_is_found()
    {
        var bytes = ViewCodec.Encode(View);
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            var flipped = (byte[])bytes.Clone();
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Throws<CorruptDataException>(() => ViewCodec.Decode("view", flipped));
        }
    }

    [Theory]
    [InlineData(0, 2046)]
    [InlineData(0, 2048)]
    [InlineData(1, 2047)]
    public void A_view_gives_every_slot_to_one_shard(int first, int last) =>
        Assert.Throws<InvariantException>(() => ViewCodec.Encode(View with { Slots = [new SlotRange(first, last, 0, 1), View.Slots[1]] }));
}
