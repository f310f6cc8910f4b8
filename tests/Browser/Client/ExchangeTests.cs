using static Mjolnir.Browser.Tests.Client.FakePage;

namespace Mjolnir.Browser.Tests.Client;

/// <summary>A transaction is asked for with one id until there is an answer, over whatever connection there is.</summary>
public sealed class ExchangeTests(Chromium chromium) : ClientTest(chromium)
{
    private static readonly FakePage SendPage = new($"""<button type="button" onclick="{Run("send")}">send</button><p id="out"></p>""")
    {
        Script = "var told = [], states = []; addEventListener('load', function () { mjolnir.onerror = function (e) { told.push(e); }; mjolnir.onconnection = function (on) { states.push(on); }; });",
    };

    [Fact]
    public async Task An_open_page_sends_over_its_socket()
    {
        await OpenAsync(SendPage);
        await ClickAsync();
        var call = await Server.NextCallAsync();
        Assert.Equal(Transport.Socket, call.Transport);
        await CommitAndSeeAsync(call);
    }

    [Fact]
    public async Task Without_a_socket_it_sends_by_post()
    {
        await OpenOnAsync(await FakeServer.StartWithoutSocketsAsync(SendPage));
        await ClickAsync();
        var call = await Server.NextCallAsync();
        Assert.Equal((Transport.Post, "send"), (call.Transport, call.Handler));
        await CommitAndSeeAsync(call);
    }

    [Fact]
    public async Task A_page_that_is_traced_says_so_with_each_call_over_either()
    {
        const string Span = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", Next = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b8-01";
        var traced = SendPage with { Body = $"<meta name=\"traceparent\" content=\"{Span}\">{SendPage.Body}" };
        await OpenAsync(traced);
        await ClickAsync();
        var call = await Server.NextCallAsync();
        Assert.Equal((Transport.Socket, Span), (call.Transport, call.TraceParent));
        await CommitAndSeeAsync(call);

        // Whoever traces begins a span for each click.
        await EvaluateAsync<string>($"document.querySelector('meta[name=traceparent]').content = '{Next}'");
        await ClickAsync();
        call = await Server.NextCallAsync();
        Assert.Equal(Next, call.TraceParent);
        call.Commit();

        await OpenOnAsync(await FakeServer.StartWithoutSocketsAsync(traced));
        await ClickAsync();
        call = await Server.NextCallAsync();
        Assert.Equal((Transport.Post, Span), (call.Transport, call.TraceParent));
        await CommitAndSeeAsync(call);
    }

    [Fact]
    public async Task By_post_refusals_and_needs_are_understood()
    {
        await OpenOnAsync(await FakeServer.StartWithoutSocketsAsync(SendPage));
        await ClickAsync();
        var first = await Server.NextCallAsync();
        first.Need(new() { ["#out"] = new System.Text.Json.Nodes.JsonArray("textContent") });
        var second = await Server.NextCallAsync();
        Assert.Equal(first.Id, second.Id);
        Assert.Equal("", (string?)second.Inputs["out"]!["textContent"]);
        second.Abort("Not enough money.");
        await ShouldBecomeAsync("told.length === 1 && told[0].status === 'aborted' && told[0].reason === 'Not enough money.' && told[0].handler === 'send'");
    }

    [Fact]
    public async Task A_server_that_stopped_between_click_and_answer_is_asked_again_with_the_same_id()
    {
        await OpenAsync(SendPage);
        await ClickAsync();
        var lost = await Server.NextCallAsync();
        await Server.StopAsync();
        await ShouldBecomeAsync("states.includes(false)");
        await Server.StartAsync();
        var again = await Server.NextCallAsync();
        Assert.Equal(lost.Id, again.Id);
        await CommitAndSeeAsync(again);
        Assert.Equal(0, await EvaluateAsync<int>("told.length"));
    }

    [Fact]
    public async Task A_click_while_the_server_is_away_is_answered_when_it_is_back()
    {
        await OpenAsync(SendPage);
        await Server.StopAsync();
        await ShouldBecomeAsync("states.includes(false)");
        await ClickAsync();
        await SettleAsync();
        await Server.StartAsync();
        await CommitAndSeeAsync(await Server.NextCallAsync());
    }

    [Fact]
    public async Task A_broken_connection_loses_no_click_and_doubles_none()
    {
        await OpenAsync(SendPage);
        await Page.DblClickAsync("button");
        var first = await Server.NextCallAsync();
        Server.BreakSockets();
        var again = await Server.NextCallAsync();
        Assert.Equal(first.Id, again.Id);
        again.Commit();
        var second = await Server.NextCallAsync();
        Assert.NotEqual(first.Id, second.Id);
        await CommitAndSeeAsync(second);
        Assert.True(Server.IsQuiet);
    }

    [Fact]
    public async Task An_unknown_outcome_is_asked_for_again_with_the_same_id()
    {
        await OpenAsync(SendPage);
        await ClickAsync();
        var first = await Server.NextCallAsync();
        first.Unknown();
        var second = await Server.NextCallAsync();
        Assert.Equal(first.Id, second.Id);
        await CommitAndSeeAsync(second);
    }

    [Theory]
    [InlineData(429)]
    [InlineData(503)]
    public async Task A_busy_server_is_asked_again_after_the_time_it_names(int code)
    {
        await OpenAsync(SendPage);
        await ClickAsync();
        var first = await Server.NextCallAsync();
        var refused = TimeProvider.System.GetTimestamp();
        first.Refuse(code, "Busy.", retryAfter: 1);
        var second = await Server.NextCallAsync();
        Assert.True(TimeProvider.System.GetElapsedTime(refused) >= TimeSpan.FromMilliseconds(950));
        Assert.Equal(first.Id, second.Id);
        await CommitAndSeeAsync(second);
    }

    [Fact]
    public async Task A_gateways_error_page_is_no_answer()
    {
        await OpenOnAsync(await FakeServer.StartWithoutSocketsAsync(SendPage));
        Server.GatewayError = 502;
        await ClickAsync();
        await CommitAndSeeAsync(await Server.NextCallAsync());
    }

    [Fact]
    public async Task After_a_minute_without_an_answer_the_outcome_is_reported_as_unknown()
    {
        await OpenAsync(SendPage);
        await Page.Clock.InstallAsync();
        await Page.ReloadAsync();
        await Server.NextSubscriptionAsync();
        await ClickAsync();
        var asked = await Server.NextCallAsync();
        for (var second = 0; second < 61; second++) await Page.Clock.RunForAsync(1000);
        await ShouldBecomeAsync("told.length === 1");
        Assert.Equal("unknown", await EvaluateAsync<string>("told[0].status"));
        Assert.Equal(22, asked.Id.Length);
    }

    [Fact]
    public async Task A_server_that_only_said_no_for_a_minute_has_done_nothing()
    {
        await OpenAsync(SendPage);
        await ClickAsync();
        (await Server.NextCallAsync()).Refuse(503, "Too busy.", retryAfter: 61);
        await ShouldBecomeAsync("told.length === 1 && told[0].status === 'refused' && told[0].reason === 'Too busy.'");
    }

    [Fact]
    public async Task What_is_too_long_for_the_server_is_not_sent_again()
    {
        await OpenAsync(SendPage);
        await ClickAsync();
        await Server.NextCallAsync();
        await Server.CloseTooBigAsync();
        await ShouldBecomeAsync("told.length === 1 && told[0].status === 'refused' && told[0].code === 413");
        await Server.NextSubscriptionAsync();
        Assert.True(Server.IsQuiet);
    }

    [Fact]
    public async Task A_click_is_never_asked_again_in_another_users_name()
    {
        await OpenAsync(SendPage);
        await ClickAsync();
        await Server.NextCallAsync();
        Server.User = "bob";
        Server.BreakSockets();
        await ShouldBecomeAsync("told.length === 1");
        Assert.Equal("unknown:bob", await EvaluateAsync<string>("told[0].status + ':' + mjolnir.user"));
        Assert.True(Server.IsQuiet);
    }

    [Fact]
    public async Task Who_is_not_signed_in_is_sent_to_the_sign_in_page_and_back()
    {
        await OpenAsync(new(SendPage.Body));
        await ClickAsync();
        (await Server.NextCallAsync()).Refuse(401, "Sign in first.");
        await ShouldBeAtAsync("/_mjolnir/sign-in?next=%2F");
    }

    [Fact]
    public async Task A_page_may_keep_who_is_not_signed_in()
    {
        await OpenAsync(new(SendPage.Body) { Script = "var told; addEventListener('load', function () { mjolnir.onerror = function (e) { told = e.code; return false; }; });" });
        await ClickAsync();
        (await Server.NextCallAsync()).Refuse(401, "Sign in first.");
        await ShouldBecomeAsync("told === 401");
        await SettleAsync();
        Assert.Equal(Server.Address + "/", Page.Url);
    }

    [Fact]
    public async Task A_long_wait_is_explained_and_the_notice_goes_away()
    {
        await OpenAsync(SendPage);
        await ClickAsync();
        var call = await Server.NextCallAsync();
        await Assertions.Expect(Page.GetByRole(AriaRole.Status)).ToHaveTextAsync("Waiting for the server …");
        call.Commit();
        await Assertions.Expect(Page.GetByRole(AriaRole.Status)).ToHaveCountAsync(0);
    }

    private Task ClickAsync() => Page.ClickAsync("button");

    private async Task CommitAndSeeAsync(FakeCall call)
    {
        call.CommitDom(Step("#out", "textContent", "done"));
        await Assertions.Expect(Page.Locator("#out")).ToHaveTextAsync("done");
    }
}
