using System.Text.Json.Nodes;
using static Mjolnir.Browser.Tests.Client.FakePage;

namespace Mjolnir.Browser.Tests.Client;

/// <summary>Changes are applied all together, on commit only.</summary>
public sealed class ApplyTests(Chromium chromium) : ClientTest(chromium)
{
    private static readonly string Button = $"""<button type="button" id="go" onclick="{Run("send")}">go</button>""";

    [Fact]
    public async Task Every_kind_of_change_is_applied()
    {
        await CommitAsync(
            """<input id="amount" value="5"><input name="note"><p id="row" class="old" title="t"></p><ul id="list"><li>1</ul><i id="gone"></i><select id="pick"></select><section><b></b></section>""",
            Step("#amount", "value", ""), Step("@note", "disabled", true), Step("#row", "textContent", "sent <b>"), Step("#row", "class+", "new fresh"), Step("#row", "class-", "old"),
            Step("#row", "style.color", "red"), Step("#row", "@data-x", "1"), Step("#row", "@title", null), Step("#list", "append", "<li>2</li>"), Step("#list", "prepend", "<li>0</li>"),
            Step("#gone", "remove", null), Step("#pick", "options", new JsonArray(new JsonArray("a", "A"), new JsonArray("b", "B"))), Step("#pick", "selectedIndex", 1),
            Step("body>section:nth-of-type(1)>b:nth-of-type(1)", "innerHTML", "<u>deep</u>"));
        await ShouldBecomeAsync("document.querySelector('section u')");
        Assert.Equal("", await Page.InputValueAsync("#amount"));
        Assert.True(await Page.IsDisabledAsync("[name=note]"));
        Assert.Equal("""<p id="row" class="new fresh" data-x="1" style="color: red;">sent &lt;b&gt;</p>""", await EvaluateAsync<string>("row.outerHTML"));
        Assert.Equal("012", await EvaluateAsync<string>("list.textContent"));
        Assert.True(await EvaluateAsync<bool>("document.getElementById('gone') === null && pick.value === 'b' && pick.options[0].text === 'A'"));
    }

    [Fact]
    public async Task References_are_those_of_the_page_that_the_handler_saw()
    {
        await CommitAsync(
            "<p>one</p><p>two</p><div id=list></div>",
            Step("body>p:nth-of-type(1)", "remove", null), Step("body>p:nth-of-type(2)", "textContent", "second"), Step("#list", "append", "<i id=new></i>"), Step("#new", "textContent", "made"));
        await ShouldBecomeAsync("document.getElementById('new').textContent === 'made'");
        Assert.Equal("second", await EvaluateAsync<string>("[...document.querySelectorAll('p')].map(p => p.textContent).join()"));
    }

    [Fact]
    public async Task An_element_that_has_gone_meanwhile_does_not_stop_the_other_changes()
    {
        await CommitAsync("<p id=row></p>", Step("#gone", "textContent", "x"), Step("#row", "textContent", "done"));
        await Assertions.Expect(Page.Locator("#row")).ToHaveTextAsync("done");
    }

    [Fact]
    public async Task An_aborted_transaction_changes_nothing()
    {
        await OpenAsync(new(Button + "<p id=row>before</p>"));
        await Page.ClickAsync("#go");
        (await Server.NextCallAsync()).Abort("Not enough money.");
        await Assertions.Expect(Page.GetByRole(AriaRole.Alert)).ToHaveTextAsync("Not enough money.");
        Assert.Equal("before", await Page.InnerTextAsync("#row"));
    }

    [Fact]
    public async Task Globals_and_effects_follow()
    {
        await OpenAsync(new(Button + """<form id="f"><input id="to" value="bob"></form><input id="next">""") { Script = "var cart = {}, shown = []; window.alert = function (t) { shown.push(t); };" });
        await Page.FillAsync("#to", "eve");
        await Page.ClickAsync("#go");
        (await Server.NextCallAsync()).Commit(new JsonObject
        {
            ["globals"] = new JsonObject { ["cart"] = new JsonObject { ["n"] = 1 } },
            ["effects"] = new JsonArray(new JsonArray("alert", "hi"), new JsonArray("focus", "#next"), new JsonArray("reset", "#f"), new JsonArray("log", "x")),
        });
        await ShouldBecomeAsync("cart.n === 1 && shown.join() === 'hi' && document.activeElement.id === 'next' && to.value === 'bob'");
    }

    [Fact]
    public async Task The_page_is_left_where_the_handler_says()
    {
        await CommitEffectAsync("location", "/next.html");
        await ShouldBeAtAsync("/next.html");
    }

    [Fact]
    public async Task A_form_is_submitted_where_the_handler_says()
    {
        await CommitEffectAsync("submit", "#f");
        await ShouldBeAtAsync("/paid?to=bob");
    }

    [Fact]
    public async Task Text_never_becomes_a_script_through_location()
    {
        await CommitEffectAsync("location", "javascript:document.title='owned'");
        await SettleAsync();
        Assert.Equal("Test", await Page.TitleAsync());
    }

    private async Task CommitEffectAsync(string effect, string value)
    {
        await OpenAsync(new(Button + """<form id="f" action="/paid"><input name="to" value="bob"></form>"""));
        await Page.ClickAsync("#go");
        (await Server.NextCallAsync()).Commit(new JsonObject { ["effects"] = new JsonArray(new JsonArray(effect, value)) });
    }

    private async Task CommitAsync(string body, params JsonArray[] steps)
    {
        await OpenAsync(new(Button + body));
        await Page.ClickAsync("#go");
        (await Server.NextCallAsync()).CommitDom(steps);
    }
}
