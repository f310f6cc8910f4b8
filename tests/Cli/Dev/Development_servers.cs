using System.Net;
using System.Net.Sockets;
using Mjolnir.Running;

namespace Mjolnir.Cli.Tests.Dev;

public sealed class Development_servers : IDisposable
{
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(2);

    private readonly TestFolder _folder = new();
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseCookies = true });

    public void Dispose()
    {
        _http.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Serve_the_bank_and_stop_cleanly_within_two_seconds_of_a_signal()
    {
        foreach (var signal in new Action<MjolnirProcess>[] { process => process.Interrupt(), process => process.Terminate() })
        {
            Assert.InRange(await Quickest.OfAsync(StopLimit, () => StoppingAsync(signal)), TimeSpan.Zero, StopLimit);
        }
    }

    private async Task<TimeSpan> StoppingAsync(Action<MjolnirProcess> signal)
    {
        var (process, url) = await ServeAsync(Repository.Bank, "--sign-in", "open");
        await using var _ = process;
        Assert.Equal(HttpStatusCode.OK, (await _http.GetAsync(url)).StatusCode);
        var asked = process.Age;
        signal(process);
        await process.EndAsync();
        Assert.Equal(0, process.ExitCode);
        return process.Age - asked;
    }

    [Fact]
    public async Task End_at_once_on_a_second_signal_and_lose_nothing_confirmed()
    {
        var (process, url) = await ServeAsync(Repository.Bank, "--sign-in", "open");
        await using (process)
        {
            await SignInAsync(url, "alice");
            Assert.Equal(HttpStatusCode.OK, await TransferAsync(url, 400));
            process.Interrupt();
            process.Interrupt();
            await process.EndAsync();
        }

        (process, url) = await ServeAsync(Repository.Bank, "--sign-in", "open");
        await using (process)
        {
            await SignInAsync(url, "alice");
            Assert.Equal(HttpStatusCode.Conflict, await TransferAsync(url, 601));
        }
    }

    [Fact]
    public async Task Are_ready_within_a_second_of_start_once_built()
    {
        await (await ServeAsync(Repository.Bank)).Process.DisposeAsync();

        var limit = TimeSpan.FromSeconds(1);
        var fastest = await Quickest.OfAsync(
            limit,
            async () =>
            {
                var (process, _) = await ServeAsync(Repository.Bank);
                await using var __ = process;
                return process.Age;
            });

        Assert.InRange(fastest, TimeSpan.Zero, limit);
    }

    [Fact]
    public async Task Keep_their_data_over_a_restart()
    {
        var (process, url) = await ServeAsync(Repository.Bank, "--sign-in", "open");
        await using (process)
        {
            await SignInAsync(url, "alice");
            Assert.Equal(HttpStatusCode.OK, await TransferAsync(url, 300));
            process.Terminate();
            await process.EndAsync();
        }

        (process, url) = await ServeAsync(Repository.Bank, "--sign-in", "open");
        await using (process)
        {
            await SignInAsync(url, "alice");
            Assert.Equal(HttpStatusCode.Conflict, await TransferAsync(url, 701));
            Assert.Equal(HttpStatusCode.OK, await TransferAsync(url, 700));
        }
    }

    [Fact]
    public async Task Load_a_change_at_once_and_keep_the_last_good_version_through_a_broken_one()
    {
        var app = _folder.Copy(Repository.Bank, "app");
        var page = Path.Combine(app, "note.html");
        File.WriteAllText(page, "<!DOCTYPE html><title>n</title><p>first</p>");
        var (process, url) = await ServeAsync(app, "--sign-in", "open");
        await using var _ = process;
        await SignInAsync(url, "alice");
        Assert.Equal(HttpStatusCode.OK, await TransferAsync(url, 1));

        await ChangeAsync(process, page, "<!DOCTYPE html><title>n</title><p>second</p>", "loaded");
        Assert.Contains("second", await _http.GetStringAsync(new Uri(url, "note.html")));

        await ChangeAsync(process, page, "<!DOCTYPE html><title>n</title>\n<p>third {{ 1 + }}</p>", "not loaded");
        Assert.Contains("note.html:2:", process.Output);
        Assert.Contains("second", await _http.GetStringAsync(new Uri(url, "note.html")));

        await ChangeAsync(process, page, "<!DOCTYPE html><title>n</title><p>fourth</p>", " loaded");
        Assert.Contains("fourth", await _http.GetStringAsync(new Uri(url, "note.html")));
        Assert.Equal(HttpStatusCode.Conflict, await TransferAsync(url, 1000));
        Assert.Equal(HttpStatusCode.OK, await TransferAsync(url, 999));
    }

    [Fact]
    public async Task Say_that_the_port_is_in_use_before_they_touch_the_data()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;

        var (code, output) = await MjolnirProcess.RunAsync("dev", Repository.Bank, "--data", _folder.At("data"), "--port", $"{port}");

        Assert.Equal(1, code);
        Assert.Contains($"port {port} is in use", output);
        Assert.Contains("--port", output);
        Assert.False(Directory.Exists(_folder.At("data")));
    }

    [Fact]
    public async Task Refuse_data_that_another_server_uses()
    {
        var (process, _) = await ServeAsync(Repository.Bank);
        await using var __ = process;

        var (code, output) = await MjolnirProcess.RunAsync("dev", Repository.Bank, "--data", _folder.At("data"), "--port", "0");

        Assert.Equal(1, code);
        Assert.Contains($"process {process.Id}", output);
    }

    [Fact]
    public async Task Show_their_mistakes_and_do_not_start_on_a_broken_application()
    {
        var app = _folder.Copy(Repository.Bank, "app");
        File.WriteAllText(Path.Combine(app, "index.html"), "<p>{{ table('users' }}</p>");

        var (code, output) = await MjolnirProcess.RunAsync("dev", app, "--port", "0");

        Assert.Equal(1, code);
        Assert.Contains("index.html:1:", output);
    }

    [Fact]
    public async Task Tell_their_status_to_the_verb_that_finds_them_by_their_data_folder()
    {
        var (process, url) = await ServeAsync(Repository.Bank, "--sign-in", "open");
        await using var _ = process;
        await SignInAsync(url, "bob");

        var (code, output) = await MjolnirProcess.RunAsync("status", "--data", _folder.At("data"));

        Assert.Equal(0, code);
        Assert.Contains("bank", output);
        process.Terminate();
        await process.EndAsync();
        Assert.Equal(1, (await MjolnirProcess.RunAsync("status", "--data", _folder.At("data"))).ExitCode);
    }

    [Fact]
    public async Task Run_on_another_number_of_stacks_than_before()
    {
        for (var stacks = 1; stacks <= 3; stacks++)
        {
            var (process, url) = await ServeAsync(Repository.Bank, "--sign-in", "open", "--stacks", $"{stacks}");
            await using var _ = process;
            await SignInAsync(url, "alice");
            Assert.Equal(HttpStatusCode.OK, await TransferAsync(url, 100));
            await process.KillAsync();
        }

        var (last, lastUrl) = await ServeAsync(Repository.Bank, "--sign-in", "open");
        await using var __ = last;
        await SignInAsync(lastUrl, "alice");
        Assert.Equal(HttpStatusCode.Conflict, await TransferAsync(lastUrl, 701));
        Assert.Equal(HttpStatusCode.OK, await TransferAsync(lastUrl, 700));
    }

    private Task<(MjolnirProcess Process, Uri Url)> ServeAsync(string app, params string[] more) =>
        MjolnirProcess.ServeAsync(["dev", app, "--data", _folder.At("data"), "--port", "0", .. more]);

    private static async Task ChangeAsync(MjolnirProcess process, string file, string content, string word)
    {
        var told = process.NextLineAsync(line => line.Contains(word, StringComparison.Ordinal));
        await File.WriteAllTextAsync(file, content);
        await told;
    }

    private async Task SignInAsync(Uri url, string user)
    {
        using var content = Json($$"""{"user":"{{user}}","password":"any"}""");
        (await _http.PostAsync(new Uri(url, "/_mjolnir/session"), content)).EnsureSuccessStatusCode();
    }

    private async Task<HttpStatusCode> TransferAsync(Uri url, int amount)
    {
        using var content = Json($$"""{"args":["alice","bob",{{amount}}]}""");
        return (await _http.PostAsync(new Uri(url, "/_mjolnir/tx/transfer"), content)).StatusCode;
    }

    private static StringContent Json(string text) => new(text, System.Text.Encoding.UTF8, "application/json");
}
