using Mjolnir.Core.Keys;

namespace Mjolnir.Core.Tests.Keys;

public sealed class SlotsTests
{
    [Fact]
    public void Rows_of_one_primary_key_are_neighbours_in_every_table() =>
        Samples.ForAll(Samples.Keys, key => Assert.Equal(Slots.Of(Samples.Key("users", key.PrimaryKey)), Slots.Of(Samples.Key("orders", key.PrimaryKey))));

    [Theory]
    [InlineData("{alice}1", "alice")]
    [InlineData("x{alice}y{bob}", "alice")]
    public void The_part_in_braces_decides(string primaryKey, string same) =>
        Assert.Equal(Slots.Of(Samples.Key("users", same)), Slots.Of(Samples.Key("users", primaryKey)));

    [Theory]
    [InlineData("{}1")]
    [InlineData("{open")]
    public void Without_anything_in_braces_the_whole_key_decides(string primaryKey) =>
        Assert.Equal((int)(XxHash64.Hash(System.Text.Encoding.UTF8.GetBytes(primaryKey)) % Slots.Count), Slots.Of(Samples.Key("users", primaryKey)));

    [Theory]
    [InlineData("alice", 73)]
    [InlineData("bob", 59)]
    public void Slots_are_the_same_for_ever(string primaryKey, int slot) => Assert.Equal(slot, Slots.Of(Samples.Key("users", primaryKey)));
}
