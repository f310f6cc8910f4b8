using Mjolnir.AppServer.Committing;
using Mjolnir.Security.Tests.Target;

namespace Mjolnir.Security.Tests.Calls;

/// <summary>An id is asked for again by whoever used it, and tells nobody else anything.</summary>
public sealed class Replayed_ids(Site site) : IClassFixture<Site>
{
    [Fact]
    public async Task Anothers_id_tells_nothing_of_the_others_outcome()
    {
        using var alice = await site.SignedUpAsync("id-alice");
        using var mallory = await site.SignedUpAsync("id-mallory");
        using var nobody = site.Stranger();
        Assert.Equal("\"of alice\"", (await alice.CallWithIdAsync("the-id", "mine", "of alice")).Result);

        Assert.Equal("\"of mallory\"", (await mallory.CallWithIdAsync("the-id", "mine", "of mallory")).Result);
        Assert.Equal(401, (await nobody.CallWithIdAsync("the-id", "mine", "x")).Code);
        Assert.Equal("\"of alice\"", (await alice.CallWithIdAsync("the-id", "mine", "asked again")).Result);
        Assert.Equal("\"of alice\"", (await nobody.CallAsync("kvGet", "of id-alice")).Result);
    }

    [Fact]
    public async Task No_name_and_id_together_are_another_name_and_id()
    {
        using var victim = await site.SignedUpAsync("a");
        using var mallory = await site.SignedUpAsync("a}x");
        Assert.Equal("\"secret\"", (await victim.CallWithIdAsync("x}y", "mine", "secret")).Result);

        Assert.Equal("\"own\"", (await mallory.CallWithIdAsync("y", "mine", "own")).Result);
        Assert.Equal("\"own\"", (await mallory.CallAsync("kvGet", "of a}x")).Result);
    }

    [Fact]
    public async Task A_user_with_the_name_that_stands_for_nobody_is_somebody()
    {
        using var dash = await site.SignedUpAsync("-");
        using var nobody = site.Stranger();
        Assert.Equal("null", (await nobody.CallWithIdAsync("same", "who")).Result ?? "null");

        Assert.Equal("\"-\"", (await dash.CallWithIdAsync("same", "who")).Result);
        Assert.Equal("null", (await nobody.CallWithIdAsync("same", "who")).Result ?? "null");
    }

    [Fact]
    public async Task An_id_of_another_handler_is_refused()
    {
        using var alice = await site.SignedUpAsync("id-other");
        await alice.CallWithIdAsync("one", "mine", "x");

        var answer = await alice.CallWithIdAsync("one", "count");

        Assert.Equal(409, answer.Code);
        Assert.Contains("belongs to one transaction", answer.Text);
    }

    [Fact]
    public void Rows_of_outcomes_are_as_many_as_callers_and_ids()
    {
        string?[] users = [null, "-", "~-", "~", "~~", "a", "a}", "a}}", "a~1", "a~", "{a}", "}", "}{", "a}x", "-}"];
        string[] ids = ["x", "}x", "}}x", "y", "x}y", "-", "~1", "1", "0x", "{x}"];

        var keys = users.SelectMany(user => ids.Select(id => Outcomes.TryKey("app", user, id, out var key) ? key.Text : throw new InvalidOperationException())).ToList();

        Assert.Equal(users.Length * ids.Length, keys.Distinct(StringComparer.Ordinal).Count());
    }
}
