using System.Text;
using FsCheck.Fluent;
using Mjolnir.Core.Keys;

namespace Mjolnir.Core.Tests.Keys;

public sealed class RowKeyTests
{
    [Fact]
    public void A_key_splits_back_into_its_parts() =>
        Samples.ForAll(ArbitraryText(), primaryKey =>
        {
            if (RowKey.TryCreate("bank", "users", primaryKey, out var key))
            {
                Assert.Equal(("bank", "users", primaryKey), (key.App, key.Table, key.PrimaryKey));
                Assert.InRange(Encoding.UTF8.GetByteCount(key.Text), 1, RowKey.MaxBytes);
                Assert.DoesNotContain(key.Text, c => c <= ' ' || c == '\u007f');
                Assert.Equal(key, RowKey.FromText(Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(key.Text))));
            }
        });

    [Fact]
    public void Two_primary_keys_never_make_one_key() =>
        Samples.ForAll(ArbitraryText().Zip(ArbitraryText()), pair =>
        {
            if (RowKey.TryCreate("bank", "users", pair.Item1, out var one) && RowKey.TryCreate("bank", "users", pair.Item2, out var other))
            {
                Assert.Equal(pair.Item1 == pair.Item2, one == other);
                Assert.Equal(one == other, Encoding.UTF8.GetBytes(one.Text).AsSpan().SequenceEqual(Encoding.UTF8.GetBytes(other.Text)));
            }
        });

    [Theory]
    [InlineData("a/b", "bank/users/a%2Fb")]
    [InlineData("100%", "bank/users/100%25")]
    [InlineData("a b\n", "bank/users/a%20b%0A")]
    [InlineData("ünï漢𝄞", "bank/users/ünï漢𝄞")]
    public void Only_what_a_cache_key_may_not_contain_is_escaped(string primaryKey, string text) =>
        Assert.Equal(text, Samples.Key("users", primaryKey).Text);

    [Fact]
    public void What_has_no_bytes_of_its_own_is_no_key() =>
        Assert.All(["", "\ud800", "a\udc00b", "\ud800\ud800\udc00", "\ud800x"], primaryKey => Assert.False(RowKey.TryCreate("bank", "users", primaryKey, out _)));

    [Fact]
    public void A_key_is_at_most_220_bytes()
    {
        Assert.True(RowKey.TryCreate("bank", "users", new string('x', 209), out _));
        Assert.False(RowKey.TryCreate("bank", "users", new string('x', 210), out _));
        Assert.False(RowKey.TryCreate("bank", "users", new string('漢', 70), out _));
    }

    private static FsCheck.Gen<string> ArbitraryText() =>
        FsCheck.Fluent.Gen.OneOf(Samples.Keys.Select(key => key.PrimaryKey), ArbMap.Default.GeneratorFor<string>().Select(text => text ?? "x"));
}
