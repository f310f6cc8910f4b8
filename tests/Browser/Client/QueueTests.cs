using System.Text.Json.Nodes;
using static Mjolnir.Browser.Tests.Client.FakePage;

namespace Mjolnir.Browser.Tests.Client;

/// <summary>One click is one transaction, in the order of the clicks.</summary>
public sealed class QueueTests(Chromium chromium) : ClientTest(chromium)
{
    private static readonly string SendButton = $"""<input id="amount" value="5"><button type="button" onclick="{Run("send")}">send</button>""";

    [Fact]
    public async Task A_double_click_sends_once_per_click_one_after_the_other()
    {
        await OpenAsync(new(SendButton));
        await Page.DblClickAsync("button");
        var first = await Server.NextCallAsync();
        await SettleAsync();
        Assert.True(Server.IsQuiet);
        first.Commit();
        var second = await Server.NextCallAsync();
        second.Commit();
        await SettleAsync();
        Assert.True(Server.IsQuiet);
        Assert.NotEqual(first.Id, second.Id);
        Assert.Matches("^[A-Za-z0-9_-]{22}$", first.Id);
    }

    [Fact]
    public async Task A_click_ships_the_fields_as_they_were_when_it_was_made()
    {
        await OpenAsync(new(SendButton));
        await Page.ClickAsync("button");
        await Page.FillAsync("#amount", "7");
        await Page.ClickAsync("button");
        await Page.FillAsync("#amount", "9");
        var first = await Server.NextCallAsync();
        first.Commit(new JsonObject { ["dom"] = new JsonArray(Step("#amount", "value", "")) }, reads: FakeCall.Reads(new JsonObject { ["amount"] = new JsonArray("value") }));
        var second = await Server.NextCallAsync();
        Assert.Equal(("5", "7"), (first.Value("amount"), second.Value("amount")));
    }

    [Fact]
    public async Task A_click_sees_the_globals_that_the_one_before_it_left()
    {
        await OpenAsync(new(SendButton) { Script = "var count = 1;", Globals = { ["send"] = ["count"] } });
        await Page.DblClickAsync("button");
        (await Server.NextCallAsync()).Commit(new JsonObject { ["globals"] = new JsonObject { ["count"] = 2 } });
        Assert.Equal(2, (int)(await Server.NextCallAsync()).Globals["count"]!);
    }

    [Fact]
    public async Task The_page_is_left_only_when_all_its_clicks_are_answered()
    {
        await OpenAsync(new($"""<form><button onclick="{Run("send")}">send</button></form>"""));
        await Page.DblClickAsync("button");
        (await Server.NextCallAsync()).Commit();
        var second = await Server.NextCallAsync();
        await SettleAsync();
        Assert.Equal(Server.Address + "/", Page.Url);
        second.Commit();
        await ShouldBeAtAsync("/?");
        Assert.True(Server.IsQuiet);
    }

    [Fact]
    public async Task An_aborted_click_does_not_stop_the_next_one()
    {
        await OpenAsync(new(SendButton));
        await Page.DblClickAsync("button");
        (await Server.NextCallAsync()).Abort("No.");
        (await Server.NextCallAsync()).CommitDom(Step("#amount", "value", "done"));
        await ShouldBecomeAsync("amount.value === 'done'");
    }

    [Fact]
    public async Task A_mistake_in_the_pages_own_error_handler_does_not_stop_the_next_click()
    {
        await OpenAsync(new(SendButton) { Script = "addEventListener('load', function () { mjolnir.onerror = function () { throw new Error('mine'); }; });" });
        await Page.DblClickAsync("button");
        (await Server.NextCallAsync()).Abort("No.");
        (await Server.NextCallAsync()).CommitDom(Step("#amount", "value", "done"));
        await ShouldBecomeAsync("amount.value === 'done'");
        Assert.Contains(PageErrors, error => error.Contains("mine", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_script_that_calls_without_end_is_told_so()
    {
        await OpenAsync(new(SendButton) { Script = "var told = []; addEventListener('load', function () { mjolnir.onerror = function (e) { told.push(e.reason); }; });" });
        await EvaluateAsync<object>("() => { for (let i = 0; i < 101; i++) mjolnir.run(null, 'send'); }");
        Assert.Equal("Too much is waiting for the server already.", await EvaluateAsync<string>("told.join()"));
    }
}
