namespace Mjolnir.Browser.Tests.Client;

/// <summary>Listeners that run on the server are known by their text; all others are left alone.</summary>
public sealed class ListenerTests(Chromium chromium) : ClientTest(chromium)
{
    private const string Send = "function send(e) { mjolnir.table('users').find('ö'); }";
    private const string Anonymous = "function (e) { mjolnir.table('users'); }";
    private const string Button = """<button type="button" id="go">go</button>""";

    private static FakePage PageWith(string script) => new(Button)
    {
        Script = $"{Send} var local = 0; addEventListener('DOMContentLoaded', function () {{ var go = document.getElementById('go'); {script} }});",
        Listeners = { [Send] = "send", [Anonymous] = "index.html#listener:12345678" },
    };

    [Fact]
    public async Task A_named_function_runs_on_the_server_with_its_event()
    {
        await OpenAsync(PageWith("go.addEventListener('click', send);"));
        await Page.ClickAsync("#go");
        var call = await Server.NextCallAsync();
        Assert.Equal(("send", """[{"$event":true}]"""), (call.Handler, call.Message["args"]!.ToJsonString()));
        call.Commit();
    }

    [Fact]
    public async Task An_anonymous_function_runs_on_the_server_under_its_hash()
    {
        await OpenAsync(PageWith($"go.addEventListener('click', {Anonymous});"));
        await Page.ClickAsync("#go");
        Assert.Equal("index.html#listener:12345678", (await Server.NextCallAsync()).Handler);
    }

    [Fact]
    public async Task A_handler_with_a_long_name_can_be_called_by_post()
    {
        var page = PageWith($"go.addEventListener('click', {Anonymous});");
        await OpenOnAsync(await FakeServer.StartWithoutSocketsAsync(page));
        await Page.ClickAsync("#go");
        Assert.Equal("index.html#listener:12345678", (await Server.NextCallAsync()).Handler);
    }

    [Fact]
    public async Task Adding_a_listener_twice_runs_it_once_and_removing_it_ends_it()
    {
        await OpenAsync(PageWith("go.addEventListener('click', send); go.addEventListener('click', send); go.addEventListener('click', function () { local++; });"));
        await Page.ClickAsync("#go");
        (await Server.NextCallAsync()).Commit();
        await SettleAsync();
        Assert.True(Server.IsQuiet);
        await EvaluateAsync<object>("go.removeEventListener('click', send)");
        await Page.ClickAsync("#go");
        await SettleAsync();
        Assert.True(Server.IsQuiet);
        Assert.Equal(2, await EvaluateAsync<int>("local"));
    }

    [Fact]
    public async Task Listener_objects_and_options_work_as_ever()
    {
        await OpenAsync(PageWith("go.addEventListener('click', { handleEvent: function () { local += 10; } }); go.addEventListener('click', function () { local++; }, { once: true }); go.addEventListener('click', null);"));
        await Page.ClickAsync("#go");
        await Page.ClickAsync("#go");
        Assert.Equal(21, await EvaluateAsync<int>("local"));
        Assert.Empty(PageErrors);
    }

    [Fact]
    public async Task Calling_the_database_in_the_browser_says_where_it_runs()
    {
        await OpenAsync(PageWith(""));
        var error = await Assert.ThrowsAsync<PlaywrightException>(() => EvaluateAsync<object>("send()"));
        Assert.Contains("mjolnir.table runs on the server; use it in an event handler", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pages_own_code_can_call_a_handler_and_gets_its_result()
    {
        await OpenAsync(PageWith("mjolnir.call('transfer', 'a', 'b', 1).then(function (left) { window.left = left; return mjolnir.call('transfer'); }).catch(function (e) { window.refused = e.status + ' ' + e.message; });"));
        var call = await Server.NextCallAsync();
        Assert.Equal("""["a","b",1]""", call.Message["args"]!.ToJsonString());
        call.Commit(result: 9);
        (await Server.NextCallAsync()).Abort("No.");
        await ShouldBecomeAsync("left === 9 && window.refused === 'aborted No.'");
    }

    [Fact]
    public async Task A_strict_content_security_policy_is_enough()
    {
        await OpenOnAsync(await FakeServer.StartWithPolicyAsync(PageWith(""), "default-src 'none'; script-src 'self'; connect-src 'self'"));
        Assert.Equal("/index.html", await Server.NextSubscriptionAsync());
        await EvaluateAsync<object>("mjolnir.run(null, 'send')");
        (await Server.NextCallAsync()).Abort("Not today.");
        await Assertions.Expect(Page.GetByRole(AriaRole.Alert)).ToHaveTextAsync("Not today.");
        Assert.Equal("fixed", await EvaluateAsync<string>("getComputedStyle(document.getElementById('mjolnir-toast')).position"));
    }
}
