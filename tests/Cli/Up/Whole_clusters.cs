using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Mjolnir.Running;

namespace Mjolnir.Cli.Tests.Up;

/// <summary><c>up</c> end to end: real memcached, RabbitMQ, S3, app servers, workers and proxy, started and stopped by one command.</summary>
public sealed class Whole_clusters : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly string _port = Port().ToString(CultureInfo.InvariantCulture);

    [Fact]
    public async Task A_cluster_starts_serves_the_bank_scales_heals_and_stops_without_a_trace()
    {
        var up = MjolnirProcess.Start("up", Repository.Bank, "--stack", "classic", "--stacks", "2", "--with-services", "--sign-in", "open", "--port", _port, "--data", Data);
        await using var held = up;
        var url = await ListeningAsync(up);
        using var http = new HttpClient { BaseAddress = url };
        await SignInAsync(http, "alice");

        // 1. It serves and commits.
        Assert.Equal("committed", await SendAsync(http, "bob", 1));

        // 2. Its status has every V-stack.
        var (code, status) = await MjolnirProcess.RunAsync("status", "--data", Data);
        Assert.Equal(0, code);
        Assert.Contains("s1", status);
        Assert.Contains("s2", status);
        Assert.Contains("capacity:", status);

        // 3. One more, while it serves; a second scale is refused meanwhile or done after; then back to two.
        var (more, progress) = await MjolnirProcess.RunAsync("scale", "3", "--data", Data);
        Assert.True(more == 0, progress + up.Output);
        Assert.Contains("s3 has joined", progress);
        Assert.Equal("committed", await SendAsync(http, "bob", 1));
        var (fewer, left) = await MjolnirProcess.RunAsync("scale", "2", "--data", Data);
        Assert.True(fewer == 0, left + up.Output);
        Assert.Equal("committed", await SendAsync(http, "bob", 1));

        // 4. A stop in order: exit code 0, and no process of it is left.
        up.Terminate();
        await up.EndAsync();
        Assert.True(up.ExitCode == 0, up.Output);
        Assert.Empty(RunningProcesses.With(Data));
    }

    [Fact]
    public async Task A_killed_up_leaves_no_process_and_the_next_one_has_everything()
    {
        await using (var first = MjolnirProcess.Start("up", Repository.Bank, "--stacks", "1", "--with-services", "--sign-in", "open", "--port", _port, "--data", Data))
        {
            using var http = new HttpClient { BaseAddress = await ListeningAsync(first) };
            await SignInAsync(http, "alice");
            Assert.Equal("committed", await SendAsync(http, "bob", 123));
            await first.KillAsync();
        }

        await EventuallyAsync(() => RunningProcesses.With(Data).Count == 0, () => string.Join('\n', RunningProcesses.With(Data)));
        await using var second = MjolnirProcess.Start("up", Repository.Bank, "--stacks", "1", "--with-services", "--sign-in", "open", "--port", _port, "--data", Data);
        using var again = new HttpClient { BaseAddress = await ListeningAsync(second) };
        await SignInAsync(again, "bob");
        Assert.Contains("1123", await again.GetStringAsync("/"));
        second.Terminate();
        await second.EndAsync();
        Assert.True(second.ExitCode == 0, second.Output);
    }

    public void Dispose() => _folder.Dispose();

    private string Data => _folder.At("d");

    private static async Task<Uri> ListeningAsync(MjolnirProcess up)
    {
        const string word = "listening ";
        var line = await up.LineAsync(text => text.StartsWith(word, StringComparison.Ordinal), TimeSpan.FromMinutes(3));
        return new Uri(line[word.Length..]);
    }

    private static async Task SignInAsync(HttpClient http, string user)
    {
        using var answer = await http.PostAsJsonAsync("/_mjolnir/session", new { user, password = "" });
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    private static async Task<string?> SendAsync(HttpClient http, string to, int amount)
    {
        var call = new
        {
            id = Guid.NewGuid().ToString(),
            args = Array.Empty<object>(),
            inputs = new Dictionary<string, object> { ["to"] = new { value = to }, ["amount"] = new { value = amount.ToString(CultureInfo.InvariantCulture) } },
            globals = new { },
            page = "/",
        };
        using var answer = await http.PostAsJsonAsync("/_mjolnir/tx/send", call);
        var text = await answer.Content.ReadAsStringAsync();
        return JsonSerializer.Deserialize<JsonElement>(text).TryGetProperty("status", out var status) && status.ValueKind == JsonValueKind.String ? status.GetString() : text;
    }

    private static async Task EventuallyAsync(Func<bool> condition, Func<string> otherwise)
    {
        for (var clock = System.Diagnostics.Stopwatch.StartNew(); !condition(); await Task.Delay(50))
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(60), otherwise());
        }
    }

    private static int Port()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }
}
