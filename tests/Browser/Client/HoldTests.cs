using System.Text.Json.Nodes;
using static Mjolnir.Browser.Tests.Client.FakePage;

namespace Mjolnir.Browser.Tests.Client;

/// <summary>An event's default action waits for the answer, then goes on as the browser would have done it.</summary>
public sealed class HoldTests(Chromium chromium) : ClientTest(chromium)
{
    [Fact]
    public async Task A_link_is_followed_only_when_the_transaction_is_committed()
    {
        await OpenAsync(new($"""<a id="go" href="/next.html" onclick="{Run("send")}">go</a>"""));
        await Page.ClickAsync("#go");
        var call = await Server.NextCallAsync();
        await SettleAsync();
        Assert.EndsWith("/", Page.Url, StringComparison.Ordinal);
        call.Commit();
        await ShouldBeAtAsync("/next.html");
    }

    [Fact]
    public async Task A_link_is_not_followed_when_the_transaction_is_aborted()
    {
        await OpenAsync(new($"""<a id="go" href="/next.html" onclick="{Run("send")}">go</a>"""));
        await Page.ClickAsync("#go");
        (await Server.NextCallAsync()).Abort("Not today.");
        await Assertions.Expect(Page.GetByRole(AriaRole.Alert)).ToHaveTextAsync("Not today.");
        Assert.EndsWith("/", Page.Url, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_handler_that_prevents_the_default_keeps_the_page()
    {
        await OpenAsync(new($"""<a id="go" href="/next.html" onclick="{Run("send")}">go</a><p id="out"></p>"""));
        await Page.ClickAsync("#go");
        (await Server.NextCallAsync()).Commit(new JsonObject { ["dom"] = new JsonArray(Step("#out", "textContent", "done")), ["prevent"] = true });
        await Assertions.Expect(Page.Locator("#out")).ToHaveTextAsync("done");
        await SettleAsync();
        Assert.EndsWith("/", Page.Url, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_link_to_another_tab_opens_there()
    {
        await OpenAsync(new($"""<a id="go" href="/next.html" target="_blank" onclick="{Run("send")}">go</a>"""));
        var tab = await NextTabAsync(async () =>
        {
            await Page.ClickAsync("#go");
            (await Server.NextCallAsync()).Commit();
        });
        await Assertions.Expect(tab).ToHaveURLAsync(Server.Address + "/next.html");
        Assert.EndsWith("/", Page.Url, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_link_clicked_with_control_opens_another_tab()
    {
        await OpenAsync(new($"""<a id="go" href="/next.html" onclick="{Run("send")}">go</a>"""));
        var tab = await NextTabAsync(async () =>
        {
            await Page.ClickAsync("#go", new() { Modifiers = [KeyboardModifier.Control] });
            (await Server.NextCallAsync()).Commit();
        });
        await Assertions.Expect(tab).ToHaveURLAsync(Server.Address + "/next.html");
        Assert.EndsWith("/", Page.Url, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_submit_button_in_a_form_without_action_reloads_the_page_with_its_fields()
    {
        await OpenAsync(new($"""<form><input name="to" value="bob"><button name="how" value="fast" onclick="{Run("send")}">send</button></form>"""));
        await Page.ClickAsync("button");
        var call = await Server.NextCallAsync();
        Assert.Equal("bob", call.Value("to"));
        call.Commit();
        await ShouldBeAtAsync("/?to=bob&how=fast");
    }

    [Fact]
    public async Task A_form_is_submitted_by_its_submitter_after_a_submit_handler()
    {
        await OpenAsync(new($"""<form onsubmit="{Run("send")}"><input name="to" required value="bob"><button name="how" value="fast" formaction="/paid">send</button></form>"""));
        await Page.ClickAsync("button");
        var call = await Server.NextCallAsync();
        Assert.Equal("submit", (string?)call.Message["event"]!["type"]);
        call.CommitDom(Step("@to", "value", ""));
        await ShouldBeAtAsync("/paid?to=&how=fast");
    }

    [Fact]
    public async Task A_form_whose_fields_are_called_like_its_methods_is_submitted_all_the_same()
    {
        await OpenAsync(new($"""<form onsubmit="{Run("send")}"><input name="id" value="7"><button name="submit" value="reset">send</button></form>"""));
        await Page.ClickAsync("button");
        var call = await Server.NextCallAsync();
        Assert.Equal("body>form:nth-of-type(1)", (string?)call.Message["event"]!["target"]);
        call.Commit();
        await ShouldBeAtAsync("/?id=7&submit=reset");
    }

    [Fact]
    public async Task Enter_in_a_field_runs_the_submit_handler_once()
    {
        await OpenAsync(new($"""<form onsubmit="{Run("send")}"><input name="to" value="bob"></form>"""));
        await Page.PressAsync("input", "Enter");
        (await Server.NextCallAsync()).Commit();
        await ShouldBeAtAsync("/?to=bob");
        Assert.True(Server.IsQuiet);
    }

    [Fact]
    public async Task A_click_handler_and_a_submit_handler_are_two_transactions_in_that_order()
    {
        await OpenAsync(new($"""<form onsubmit="{Run("second")}"><button onclick="{Run("first")}">send</button></form>"""));
        await Page.ClickAsync("button");
        var first = await Server.NextCallAsync();
        await SettleAsync();
        Assert.True(Server.IsQuiet);
        first.Commit();
        var second = await Server.NextCallAsync();
        Assert.Equal(("first", "second"), (first.Handler, second.Handler));
        second.Commit();
        await ShouldBeAtAsync("/?");
    }

    [Fact]
    public async Task An_invalid_form_starts_no_transaction()
    {
        await OpenAsync(new($"""<form><input id="to" required><button onclick="{Run("send")}">send</button></form>"""));
        await Page.ClickAsync("button");
        await SettleAsync();
        Assert.True(Server.IsQuiet);
        Assert.Equal("to", await EvaluateAsync<string>("document.activeElement.id"));
        await Page.FillAsync("#to", "bob");
        await Page.ClickAsync("button");
        Assert.Equal("bob", (await Server.NextCallAsync()).Value("to"));
    }

    [Fact]
    public async Task A_button_that_skips_validation_starts_its_transaction()
    {
        await OpenAsync(new($"""<form><input id="to" required><button formnovalidate onclick="{Run("cancel")}">cancel</button></form>"""));
        await Page.ClickAsync("button");
        Assert.Equal("cancel", (await Server.NextCallAsync()).Handler);
    }

    [Fact]
    public async Task A_checkbox_is_set_when_the_answer_is_there_and_tells_of_it_once()
    {
        await OpenAsync(new($"""<input type="checkbox" id="box" onclick="{Run("tick")}" onchange="changes++">""") { Script = "var changes = 0;" });
        await Page.ClickAsync("#box");
        var call = await Server.NextCallAsync();
        Assert.True((bool)call.Inputs["box"]!["checked"]!);
        Assert.False(await Page.IsCheckedAsync("#box"));
        call.Commit();
        await ShouldBecomeAsync("box.checked && changes === 1");
    }

    [Fact]
    public async Task A_checkbox_stays_as_it_was_when_the_transaction_is_aborted()
    {
        await OpenAsync(new($"""<input type="checkbox" id="box" onclick="{Run("tick")}" onchange="changes++">""") { Script = "var changes = 0;" });
        await Page.ClickAsync("#box");
        (await Server.NextCallAsync()).Abort("No.");
        await Assertions.Expect(Page.GetByRole(AriaRole.Alert)).ToHaveTextAsync("No.");
        Assert.True(await EvaluateAsync<bool>("!box.checked && changes === 0"));
    }

    [Fact]
    public async Task What_the_handler_sets_a_checkbox_to_wins()
    {
        await OpenAsync(new($"""<input type="checkbox" id="box" onclick="{Run("tick")}" onchange="changes++">""") { Script = "var changes = 0;" });
        await Page.ClickAsync("#box");
        (await Server.NextCallAsync()).CommitDom(Step("#box", "checked", false));
        await ShouldBecomeAsync("!box.checked && changes === 1");
    }

    [Fact]
    public async Task A_radio_button_is_chosen_when_the_answer_is_there()
    {
        await OpenAsync(new($"""<input type="radio" name="size" id="s" checked><input type="radio" name="size" id="l" onclick="{Run("pick")}">"""));
        await Page.ClickAsync("#l");
        var call = await Server.NextCallAsync();
        Assert.True((bool)call.Inputs["l"]!["checked"]!);
        Assert.True(await Page.IsCheckedAsync("#s"));
        call.Commit();
        await ShouldBecomeAsync("l.checked && !s.checked");
    }

    [Fact]
    public async Task A_reset_button_resets_the_form_afterwards()
    {
        await OpenAsync(new($"""<form><input id="to" value="bob"><button type="reset" onclick="{Run("clear")}">reset</button></form>"""));
        await Page.FillAsync("#to", "eve");
        await Page.ClickAsync("button");
        var call = await Server.NextCallAsync();
        Assert.Equal("eve", await Page.InputValueAsync("#to"));
        call.Commit();
        await ShouldBecomeAsync("to.value === 'bob'");
    }

    [Fact]
    public async Task A_label_passes_its_click_on_to_its_field()
    {
        await OpenAsync(new($"""<label for="box" onclick="{Run("note")}">tick</label><input type="checkbox" id="box">"""));
        await Page.ClickAsync("label");
        (await Server.NextCallAsync()).Commit();
        await ShouldBecomeAsync("box.checked");
        Assert.True(Server.IsQuiet);
    }

    [Fact]
    public async Task A_handler_on_an_element_around_the_button_holds_the_button_back()
    {
        await OpenAsync(new($"""<div onclick="{Run("log")}"><a id="go" href="/next.html"><b>go</b></a></div>"""));
        await Page.ClickAsync("b");
        var call = await Server.NextCallAsync();
        Assert.Equal("body>div:nth-of-type(1)", (string?)call.Message["event"]!["currentTarget"]);
        call.Commit();
        await ShouldBeAtAsync("/next.html");
    }

    [Fact]
    public async Task Two_handlers_of_one_event_are_two_transactions_and_the_default_follows_the_last()
    {
        await OpenAsync(new($"""<div onclick="{Run("outer")}"><a href="/next.html" onclick="{Run("inner")}">go</a></div>"""));
        await Page.ClickAsync("a");
        var inner = await Server.NextCallAsync();
        inner.Commit();
        var outer = await Server.NextCallAsync();
        Assert.Equal(("inner", "outer"), (inner.Handler, outer.Handler));
        Assert.EndsWith("/", Page.Url, StringComparison.Ordinal);
        outer.Commit();
        await ShouldBeAtAsync("/next.html");
    }

    [Fact]
    public async Task Other_listeners_run_once_and_do_not_notice()
    {
        await OpenAsync(new($"""<a id="go" href="#there" onclick="{Run("send")}">go</a>""") { Script = "var seen = []; addEventListener('click', function (e) { seen.push(e.defaultPrevented, e.returnValue); });" });
        await Page.ClickAsync("#go");
        (await Server.NextCallAsync()).Commit();
        await ShouldBecomeAsync("location.hash === '#there'");
        Assert.Equal("[false,true]", await EvaluateAsync<string>("JSON.stringify(seen)"));
    }

    [Theory]
    [InlineData("e.preventDefault()")]
    [InlineData("e.returnValue = false")]
    public async Task A_default_that_another_listener_prevents_does_not_go_on(string prevent)
    {
        await OpenAsync(new($"""<a id="go" href="#there" onclick="{Run("send")}">go</a>""") { Script = $"var after; addEventListener('click', function (e) {{ {prevent}; after = e.defaultPrevented; }});" });
        await Page.ClickAsync("#go");
        (await Server.NextCallAsync()).CommitDom(Step("#go", "textContent", "gone"));
        await Assertions.Expect(Page.Locator("#go")).ToHaveTextAsync("gone");
        await SettleAsync();
        Assert.True(await EvaluateAsync<bool>("after && location.hash === ''"));
    }

    [Fact]
    public async Task A_key_is_typed_at_once_since_no_script_could_type_it_later()
    {
        await OpenAsync(new($"""<input id="to" onkeydown="{Run("key")}">"""));
        await Page.PressAsync("#to", "x");
        var call = await Server.NextCallAsync();
        Assert.Equal("x", (string?)call.Message["event"]!["key"]);
        Assert.Equal("x", await Page.InputValueAsync("#to"));
        call.Commit();
    }
}
