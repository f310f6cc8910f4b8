using System.Text.Json.Nodes;

namespace Mjolnir.Browser.Tests.Client;

/// <summary>Live templates: what is shown follows the server, what the user is doing stays.</summary>
public sealed class TemplateTests(Chromium chromium) : ClientTest(chromium)
{
    [Fact]
    public async Task Text_attributes_and_element_text_are_kept_current()
    {
        await OpenAsync(new("""<p>You have <b><!--m:0-->10<!--/m--></b></p><a id="a" title="old" href="/x" data-m="1:title 2:href">a</a><option id="o" data-m="3:">old</option>"""));
        await Server.PushValuesAsync((0, "20 &amp; <i>more</i>"), (1, "a \"new\" title"), (2, "/y?a=1&b=2"), (3, "<new>"));
        await ShouldBecomeAsync("o.textContent === '<new>'");
        Assert.Equal("""<b><!--m:0-->20 &amp; <i>more</i><!--/m--></b>""", await EvaluateAsync<string>("document.querySelector('b').outerHTML"));
        Assert.Equal("a \"new\" title|/y?a=1&b=2", await EvaluateAsync<string>("a.title + '|' + a.getAttribute('href')"));
    }

    [Fact]
    public async Task Rows_of_a_table_are_parsed_as_rows()
    {
        await OpenAsync(new("<table><tbody><!--m:0--><tr><td>1</td></tr><!--/m--></tbody></table>"));
        await Server.PushValuesAsync((0, "<tr><td>1</td></tr><tr><td>2</td></tr>"));
        await ShouldBecomeAsync("document.querySelectorAll('tr').length === 2");
        await Server.PushValuesAsync((0, ""));
        await ShouldBecomeAsync("document.querySelectorAll('tr').length === 0");
    }

    [Fact]
    public async Task What_the_user_is_typing_and_where_stays()
    {
        await OpenAsync(new("""<div><!--m:0--><label>Name <input id="in" value="a"></label><b>1</b><!--/m--></div>"""));
        await Page.FillAsync("#in", "typed");
        await EvaluateAsync<object>("document.getElementById('in').setSelectionRange(1, 3)");
        await Server.PushValuesAsync((0, """<label>Name <input id="in" value="b"></label><b>2</b>"""));
        await ShouldBecomeAsync("document.querySelector('b').textContent === '2'");
        Assert.Equal("in:typed:1:3", await EvaluateAsync<string>("(e => [e.id, e.value, e.selectionStart, e.selectionEnd].join(':'))(document.activeElement)"));
    }

    [Fact]
    public async Task A_field_in_use_gets_its_new_value_when_it_is_left()
    {
        await OpenAsync(new("""<input id="in" value="a" data-m="0:value"><input id="other"><p><!--m:1-->1<!--/m--></p>"""));
        await Page.FocusAsync("#in");
        await Server.PushValuesAsync((0, "b"), (1, "2"));
        await Assertions.Expect(Page.Locator("p")).ToHaveTextAsync("2");
        Assert.Equal("a", await Page.InputValueAsync("#in"));
        await Page.FocusAsync("#other");
        await ShouldBecomeAsync("document.getElementById('in').value === 'b'");
    }

    [Fact]
    public async Task A_field_that_was_typed_in_keeps_its_text()
    {
        await OpenAsync(new("""<input id="in" value="a" data-m="0:value"><input id="other"><textarea id="text" data-m="1:">a</textarea>"""));
        await Page.FillAsync("#in", "mine");
        await Page.FillAsync("#text", "mine, too");
        await Page.FocusAsync("#other");
        await Server.PushValuesAsync((0, "b"), (1, "b"));
        await ShouldBecomeAsync("document.getElementById('in').defaultValue === 'b' && text.defaultValue === 'b'");
        Assert.Equal("mine|mine, too", await EvaluateAsync<string>("document.getElementById('in').value + '|' + text.value"));
    }

    [Fact]
    public async Task A_script_in_a_value_does_not_run()
    {
        await OpenAsync(new("<p><!--m:0--><!--/m--></p>"));
        await Server.PushValuesAsync((0, "<script>document.title = 'owned'</script><b>x</b>"));
        await ShouldBecomeAsync("document.querySelector('p b')");
        Assert.Equal("Test", await Page.TitleAsync());
    }

    [Fact]
    public async Task Templates_that_a_handler_wrote_anew_are_found_again()
    {
        await OpenAsync(new("""<div id="box"><!--m:0-->1<!--/m--></div>"""));
        await Server.PushValuesAsync((0, "2"));
        await Assertions.Expect(Page.Locator("#box")).ToHaveTextAsync("2");
        await EvaluateAsync<object>("box.innerHTML = '<i>' + box.innerHTML + '</i>'");
        await Server.PushValuesAsync((0, "3"));
        await Assertions.Expect(Page.Locator("#box i")).ToHaveTextAsync("3");
    }

    [Fact]
    public async Task After_a_broken_connection_the_page_asks_for_its_templates_again()
    {
        await OpenAsync(new("<p><!--m:0-->1<!--/m--></p>"));
        Server.BreakSockets();
        Assert.Equal("/index.html", await Server.NextSubscriptionAsync());
        await Server.PushValuesAsync((0, "2"));
        await Assertions.Expect(Page.Locator("p")).ToHaveTextAsync("2");
    }

    [Fact]
    public async Task A_new_version_of_the_application_loads_the_page_again()
    {
        await OpenAsync(new("<p></p>"));
        await EvaluateAsync<object>("window.before = true");
        await Server.PushAsync(new JsonObject { ["type"] = "reload" });
        await ShouldBecomeAsync("window.before === undefined");
    }

    [Fact]
    public async Task A_page_that_was_outdated_when_it_arrived_loads_again_once()
    {
        var server = await FakeServer.StartAsync(new("<p></p>"));
        server.Version = "v2";
        await OpenOnAsync(server);
        await Server.NextSubscriptionAsync();
        Assert.Equal("reload", await EvaluateAsync<string>("performance.getEntriesByType('navigation')[0].type"));
    }

    [Fact]
    public async Task A_page_that_finds_another_version_after_a_break_loads_again()
    {
        await OpenAsync(new("<p></p>"));
        await EvaluateAsync<object>("window.before = true");
        Server.Version = "v2";
        Server.BreakSockets();
        await ShouldBecomeAsync("window.before === undefined");
    }
}
