namespace Mjolnir.Browser.Tests.Bank;

/// <summary>The bank of samples/bank, as people use it.</summary>
public sealed class BankTests(Chromium chromium) : ServerTest(chromium)
{
    [Fact]
    public async Task Money_sent_shows_at_once_on_both_pages()
    {
        await ServeAsync(BankFolder);
        var alice = await SignInAsync("alice");
        var bob = await SignInAsync("bob");
        await ShouldShowAsync(alice, "#balance", "1000");
        await SendAsync(alice, "bob", "30");
        await ShouldShowAsync(alice, "#message", "Sent 30 to bob.");
        await ShouldShowAsync(alice, "#balance", "970");
        await ShouldShowAsync(bob, "#balance", "1030");
        Assert.Equal("", await alice.InputValueAsync("#amount"));
        Assert.Equal("navigate", await alice.EvaluateAsync<string>("performance.getEntriesByType('navigation')[0].type")); // loaded once: page and server agree on the version
    }

    [Theory]
    [InlineData("bob", "1001", "Not enough money: alice has 1000.")]
    [InlineData("alice", "1", "That would be a transfer to the same account.")]
    [InlineData("nobody", "1", "Nobody here is called nobody.")]
    public async Task What_the_bank_refuses_changes_nothing(string to, string amount, string reason)
    {
        await ServeAsync(BankFolder);
        var alice = await SignInAsync("alice");
        await SendAsync(alice, to, amount);
        await ShouldComplainAsync(alice, reason);
        await ShouldShowAsync(alice, "#balance", "1000");
        Assert.Equal(amount, await alice.InputValueAsync("#amount"));
        Assert.Equal("", await alice.InnerTextAsync("#message"));
    }

    [Fact]
    public async Task Two_windows_of_one_user_show_the_same()
    {
        await ServeAsync(BankFolder);
        var first = await SignInAsync("alice");
        var second = await OpenWindowAsync(first);
        await SendAsync(first, "bob", "1");
        await ShouldShowAsync(second, "#balance", "999");
        await SendAsync(second, "bob", "2");
        await ShouldShowAsync(first, "#balance", "997");
        await ShouldShowAsync(second, "#balance", "997");
    }

    [Fact]
    public async Task A_newcomer_opens_an_empty_account_and_is_paid()
    {
        await ServeAsync(BankFolder);
        var carol = await SignInAsync("carol");
        await carol.ClickAsync("#open-account");
        await ShouldShowAsync(carol, "#balance", "0");
        var alice = await SignInAsync("alice");
        await SendAsync(alice, "carol", "5");
        await ShouldShowAsync(carol, "#balance", "5");
    }

    [Fact]
    public async Task A_double_click_sends_once_per_click_and_never_more()
    {
        await ServeAsync(BankFolder);
        var alice = await SignInAsync("alice");
        await alice.FillAsync("#to", "bob");
        await alice.FillAsync("#amount", "10");
        Server.Pause(); // so that both clicks are made before the first is answered
        await alice.DblClickAsync("#go");
        Server.Resume();
        await ShouldShowAsync(alice, "#balance", "980");
        var bob = await SignInAsync("bob");
        await ShouldShowAsync(bob, "#balance", "1020");
    }

    [Fact]
    public async Task A_server_killed_between_click_and_answer_answers_when_it_is_back()
    {
        await ServeAsync(BankFolder);
        var alice = await SignInAsync("alice");
        Server.Pause();
        await SendAsync(alice, "bob", "10");
        await Server.KillAsync();
        await Server.StartAsync();
        await ShouldShowAsync(alice, "#message", "Sent 10 to bob.");
        await ShouldShowAsync(alice, "#balance", "990");
    }

    [Fact]
    public async Task Whenever_the_server_is_killed_each_click_counts_once()
    {
        const int Clicks = 8;
        await ServeAsync(BankFolder);
        var alice = await SignInAsync("alice");
        for (var click = 0; click < Clicks; click++)
        {
            await alice.EvaluateAsync("mjolnir.call('transfer', 'alice', 'bob', 1).then(() => { document.title = 'answered ' + (window.answered = (window.answered || 0) + 1); })");
            if (click % 4 != 1) continue;
            await Server.KillAsync(); // before, while or after the transfer became durable: whichever the machine's moment makes it
            await Server.StartAsync();
        }

        await Assertions.Expect(alice).ToHaveTitleAsync($"answered {Clicks}");
        await ShouldShowAsync(alice, "#balance", "992");
    }

    [Fact]
    public async Task Who_is_not_signed_in_can_do_nothing()
    {
        await ServeAsync(BankFolder);
        var page = await OpenBrowserAsync();
        await page.GotoAsync(Server.Address + "/");
        await Assertions.Expect(page.Locator("#go")).ToBeHiddenAsync();
        Assert.Equal("401", await page.EvaluateAsync<string>("mjolnir.call('transfer', 'alice', 'bob', 1).catch(e => String(e.code))"));
    }

    [Fact]
    public async Task A_changed_page_is_shown_at_once_and_the_data_stays()
    {
        var folder = CopyBank();
        await ServeAsync(folder);
        var alice = await SignInAsync("alice");
        await SendAsync(alice, "bob", "10");
        await ShouldShowAsync(alice, "#balance", "990");
        var path = Path.Combine(folder, "index.html");
        await File.WriteAllTextAsync(path, (await File.ReadAllTextAsync(path)).Replace("<h1>Bank</h1>", "<h1>Savings Bank</h1>", StringComparison.Ordinal));
        await ShouldShowAsync(alice, "h1", "Savings Bank");
        await ShouldShowAsync(alice, "#balance", "990");
    }

    [Fact]
    public async Task With_passwords_one_signs_up_and_comes_back_with_the_right_one_only()
    {
        await ServeAsync(BankFolder, signInOpen: false);
        var page = await OpenBrowserAsync();
        await page.GotoAsync(Server.Address + "/");
        await page.GetByRole(AriaRole.Link, new() { Name = "Sign in" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "New here? Make an account" }).ClickAsync();
        await EnterAsync(page, "carol", "correct horse", "Make an account");
        await page.ClickAsync("#open-account");
        await ShouldShowAsync(page, "#balance", "0");

        await page.EvaluateAsync("mjolnir.signOut()");
        await Assertions.Expect(page.Locator("#go")).ToBeHiddenAsync();
        await page.GotoAsync(Server.Address + "/_mjolnir/sign-in?next=/");
        await EnterAsync(page, "carol", "wrong horse", "Sign in");
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToHaveTextAsync("Name or password is wrong.");
        await EnterAsync(page, "carol", "correct horse", "Sign in");
        await ShouldShowAsync(page, "#balance", "0");
    }

    private static async Task EnterAsync(IPage page, string user, string password, string button)
    {
        await page.GetByLabel("Name").FillAsync(user);
        await page.GetByLabel("Password").FillAsync(password);
        await page.GetByRole(AriaRole.Button, new() { Name = button, Exact = true }).ClickAsync();
    }

    private static async Task SendAsync(IPage page, string to, string amount)
    {
        await page.FillAsync("#to", to);
        await page.FillAsync("#amount", amount);
        await page.ClickAsync("#go");
    }
}
