using Mjolnir.Scripting.Engine;

namespace Mjolnir.Scripting.Tests.Jint;

public sealed class SeedTests
{
    [Fact]
    public void Clock_ids_and_randomness_are_the_same_for_the_same_seed()
    {
        const string script = "function f() { return [mjolnir.now(), Date.now(), new Date().getTime(), mjolnir.id(), mjolnir.id(), Math.random(), Math.random()]; }";
        using var page = new ScriptPage(script);
        var first = ScriptPage.Text(page.Run("f").Result);
        Assert.Equal(first, ScriptPage.Text(page.Run("f").Result));
        Assert.StartsWith("[1700000000000,1700000000000,1700000000000,", first, StringComparison.Ordinal);
        page.Seed = new TransactionSeed(1_700_000_000_000, 43);
        Assert.NotEqual(first, ScriptPage.Text(page.Run("f").Result));
    }

    [Fact]
    public void Ids_are_22_url_safe_characters_and_differ()
    {
        Assert.Equal("true", ScriptPage.Evaluate("var seen = {}; for (var i = 0; i < 1000; i++) { var id = mjolnir.id(); if (!/^[A-Za-z0-9_-]{22}$/.test(id) || seen[id]) return false; seen[id] = 1; } return true;"));
    }

    [Fact]
    public void Random_numbers_fill_the_interval()
    {
        Assert.Equal("true", ScriptPage.Evaluate("var low = 0; for (var i = 0; i < 1000; i++) { var r = Math.random(); if (!(r >= 0 && r < 1)) return false; low += r < 0.5; } return low > 400 && low < 600;"));
    }
}
