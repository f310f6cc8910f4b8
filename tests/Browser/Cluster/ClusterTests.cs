using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;
using Mjolnir.Running;

namespace Mjolnir.Browser.Tests.Cluster;

/// <summary>The bank on a whole cluster, as people see it: real browsers at the real proxy before two app servers, over real memcached, RabbitMQ and S3.</summary>
[Collection(ChromiumCollection.Name)]
public sealed partial class ClusterTests(Chromium chromium) : IAsyncLifetime
{
    private const int People = 16;

    private readonly TestFolder _folder = new();
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseCookies = false, UseProxy = false });
    private readonly List<IBrowserContext> _contexts = [];
    private MjolnirProcess _up = null!;
    private Uri _proxy = null!;

    public async Task InitializeAsync()
    {
        _up = MjolnirProcess.Start("up", Repository.Bank, "--stacks", "2", "--with-services", "--sign-in", "open", "--port", FreePort(), "--data", _folder.At("d"));
        const string Word = "listening ";
        _proxy = new Uri((await _up.LineAsync(line => line.StartsWith(Word, StringComparison.Ordinal), BrowserTestLimits.ClusterStart))[Word.Length..]);
    }

    public async Task DisposeAsync()
    {
        foreach (var context in _contexts)
        {
            await context.DisposeAsync();
        }

        _up.Terminate();
        await _up.EndAsync();
        await _up.DisposeAsync();
        _http.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Pages_at_different_servers_see_each_others_money_outlive_a_killed_server_and_are_signed_out_everywhere()
    {
        // 1. Alice's page, and that of somebody whom the other server serves.
        var alice = await SignInAsync("alice");
        await ShouldShowAsync(alice, 1000);
        var server = await ServerOfOnePageAsync();
        var (elsewhere, name) = await PersonAtTheOtherServerAsync(server);
        await MarkAsync(alice, elsewhere);

        // 2. What one sends, the other shows.
        await SendAsync(alice, name, 30);
        await ShouldShowAsync(alice, 970);
        await ShouldShowAsync(elsewhere, 30);

        // 3. The other server is killed: both pages go on by themselves, without being loaded again.
        await KillAsync(3 - server);
        await SendAsync(alice, name, 1);
        await ShouldShowAsync(alice, 969);
        await ShouldShowAsync(elsewhere, 31);
        await SendAsync(elsewhere, "alice", 2);
        await ShouldShowAsync(elsewhere, 29);
        await ShouldShowAsync(alice, 971);
        Assert.All(await MarksAsync(alice, elsewhere), Assert.True);

        // 4. Signed out in one page: the cookie is nobody's at either server, and the killed one, started again, has learned it too.
        var cookie = (await alice.Context.CookiesAsync()).Single(each => each.Name == "mjolnir-session");
        await alice.EvaluateAsync("mjolnir.signOut()");
        foreach (var stack in (int[])[1, 2])
        {
            await EventuallyAsync(async () => (await SessionAsync(stack, $"{cookie.Name}={cookie.Value}")).Contains("\"user\":null", StringComparison.Ordinal), $"server {stack} knows that alice is signed out");
        }
    }

    private static string FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
    }

    private async Task<IPage> SignInAsync(string user)
    {
        var context = await chromium.OpenContextAsync();
        _contexts.Add(context);
        var page = await context.NewPageAsync();
        await page.GotoAsync(new Uri(_proxy, "/_mjolnir/sign-in?next=/").ToString());
        await page.GetByLabel("Password").WaitForAsync(new() { State = WaitForSelectorState.Hidden });
        await page.GetByLabel("Name").FillAsync(user);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await page.WaitForFunctionAsync("user => window.mjolnir?.user === user", user);
        return page;
    }

    /// <summary>The number of the app server that has the only open page.</summary>
    private async Task<int> ServerOfOnePageAsync()
    {
        var connections = (0, 0);
        await EventuallyAsync(
            async () =>
            {
                connections = (await LiveConnectionsAsync(1), await LiveConnectionsAsync(2));
                return connections is (1, 0) or (0, 1);
            },
            "the page has its WebSocket");
        return connections.Item1 == 1 ? 1 : 2;
    }

    /// <summary>Signs people in until one is at the other server: a page goes to the server beside its user's row.</summary>
    private async Task<(IPage Page, string Name)> PersonAtTheOtherServerAsync(int server)
    {
        for (var person = 1; person < People; person++)
        {
            var name = $"person-{person}";
            var page = await SignInAsync(name);
            await page.ClickAsync("#open-account");
            await ShouldShowAsync(page, 0);
            await EventuallyAsync(async () => await LiveConnectionsAsync(1) + await LiveConnectionsAsync(2) == person + 1, "the page has its WebSocket");
            if (await LiveConnectionsAsync(3 - server) > 0)
            {
                return (page, name);
            }
        }

        throw new InvalidOperationException($"The pages of {People} people are all at server {server}.");
    }

    private async Task<int> LiveConnectionsAsync(int stack)
    {
        using var secrets = JsonDocument.Parse(File.ReadAllText(_folder.At("d", "secrets", "secrets.json")));
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Server(stack), "/_mjolnir/metrics"));
        request.Headers.Authorization = new("Bearer", secrets.RootElement.GetProperty("statusToken").GetString());
        using var answer = await _http.SendAsync(request);
        return int.Parse(LiveConnectionsPattern().Match(await answer.Content.ReadAsStringAsync()).Groups[1].Value, CultureInfo.InvariantCulture);
    }

    /// <summary>What a server says of a cookie; also "nothing yet" while it is being started again.</summary>
    private async Task<string> SessionAsync(int stack, string cookie)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Server(stack), "/_mjolnir/session"));
        request.Headers.Add("Cookie", cookie);
        try
        {
            using var answer = await _http.SendAsync(request);
            return await answer.Content.ReadAsStringAsync();
        }
        catch (HttpRequestException)
        {
            return "";
        }
    }

    private Uri Server(int stack)
    {
        using var configuration = JsonDocument.Parse(File.ReadAllText(_folder.At("d", $"s{stack}-app", "stack.json")));
        return new Uri(configuration.RootElement.GetProperty("Server").GetProperty("Url").GetString()!);
    }

    /// <summary>kill -9 of an app server, by its pid.</summary>
    private async Task KillAsync(int stack)
    {
        var folder = _folder.At("d", $"s{stack}-app");
        var server = RunningProcesses.With($" app --config {folder}").Single();
        using var process = System.Diagnostics.Process.GetProcessById(server.Id);
        process.Kill();
        await process.WaitForExitAsync().WaitAsync(BrowserTestLimits.Patience);
    }

    private static async Task EventuallyAsync(Func<Task<bool>> condition, string what)
    {
        for (var clock = System.Diagnostics.Stopwatch.StartNew(); !await condition(); await Task.Delay(50))
        {
            Assert.True(clock.Elapsed < BrowserTestLimits.Healing, $"Waited in vain until {what}.");
        }
    }

    private static async Task MarkAsync(params IPage[] pages)
    {
        foreach (var page in pages)
        {
            await page.EvaluateAsync("window.marked = true");
        }
    }

    private static async Task<IReadOnlyList<bool>> MarksAsync(params IPage[] pages)
    {
        var marks = new List<bool>();
        foreach (var page in pages)
        {
            marks.Add(await page.EvaluateAsync<bool>("window.marked === true"));
        }

        return marks;
    }

    private static Task ShouldShowAsync(IPage page, int balance) =>
        Assertions.Expect(page.Locator("#balance")).ToHaveTextAsync(balance.ToString(CultureInfo.InvariantCulture), new() { Timeout = (float)BrowserTestLimits.Healing.TotalMilliseconds });

    private static async Task SendAsync(IPage page, string to, int amount)
    {
        await page.FillAsync("#to", to);
        await page.FillAsync("#amount", amount.ToString(CultureInfo.InvariantCulture));
        await page.ClickAsync("#go");
    }

    [GeneratedRegex("^mjolnir_live_connections (\\d+)", RegexOptions.Multiline)]
    private static partial Regex LiveConnectionsPattern();
}
