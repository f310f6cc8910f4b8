using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Mjolnir.AppServer.Sessions;
using Mjolnir.Running;

namespace Mjolnir.Cli.Tests.Telemetry;

/// <summary>What operators see of a real cluster: one transaction's way through all processes, every documented figure, logs that machines read.</summary>
public sealed partial class Seen_transactions : IDisposable
{
    private const string Trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    private const string Live = "4bf92f3577b34da6a3ce929d0e0e4738";
    private const string Unsampled = "4bf92f3577b34da6a3ce929d0e0e4737";

    /// <summary>A span leaves its process within five seconds, a batch is stored within some more; the machine may be busy.</summary>
    private static readonly TimeSpan SpanPatience = TimeSpan.FromMinutes(1);

    private readonly TestFolder _folder = new();

    [Fact]
    public async Task A_transaction_is_followed_from_proxy_to_worker_and_every_figure_is_documented()
    {
        await using var collector = await OtlpReceiver.StartAsync();
        var configuration = _folder.At("shared.json");
        await File.WriteAllTextAsync(configuration, JsonSerializer.Serialize(new { Telemetry = new { Endpoint = collector.Url, Sample = 0 }, Logs = new { Format = "json" } }));
        await using var up = MjolnirProcess.Start(
            "up", IndexedBank(), "--stacks", "1", "--with-services", "--sign-in", "open", "--port", Port().ToString(CultureInfo.InvariantCulture), "--data", Data, "--config", configuration);
        using var handler = new HttpClientHandler();
        using var http = new HttpClient(handler) { BaseAddress = await ListeningAsync(up) };
        using (var answer = await http.PostAsJsonAsync("/_mjolnir/session", new { user = "alice", password = "" }))
        {
            Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        }

        // 1. A caller that does not trace is not traced; one that does is, and its answer says where the time went.
        await SendAsync(http, $"00-{Unsampled}-00f067aa0ba902b7-00");
        var timing = await SendAsync(http, $"00-{Trace}-00f067aa0ba902b7-01");
        Assert.Matches("^route;dur=[0-9.]+, read;dur=[0-9.]+, run;dur=[0-9.]+, lock;dur=[0-9.]+, log;dur=[0-9.]+, proxy;dur=[0-9.]+$", timing);

        // 2. Its spans come from three processes, each below the one that asked for it.
        await EventuallyAsync(() => collector.Spans.Any(span => span.Name == "store") && collector.Spans.Any(span => span.Name == "call") && collector.Spans.Any(span => span.Name == "transaction"), up);
        var spans = collector.Spans.ToList();
        Assert.All(spans, span => Assert.Equal(Trace, span.Trace));
        var call = Assert.Single(spans, span => span is { Service: "mjolnir-proxy", Name: "call", Parent: "00f067aa0ba902b7" });
        var transaction = Assert.Single(spans, span => span is { Service: "mjolnir-app", Name: "transaction" } && span.Parent == call.Span);
        foreach (var part in (string[])["route", "read", "run", "lock", "log"])
        {
            Assert.Single(spans, span => span.Name == part && span.Parent == transaction.Span);
        }

        var publish = Assert.Single(spans, span => span is { Service: "mjolnir-app", Name: "publish" } && span.Parent == transaction.Span);
        Assert.Equal([Trace], publish.LinkedTraces);
        Assert.Single(spans, span => span is { Service: "mjolnir-write-behind", Name: "store" } && span.Parent == publish.Span);

        // Over a WebSocket the browser's span comes with the message.
        await SendLiveAsync(http.BaseAddress!, handler.CookieContainer, $"00-{Live}-00f067aa0ba902b7-01");
        await EventuallyAsync(() => collector.Spans.Any(span => span is { Service: "mjolnir-app", Name: "transaction", Trace: Live, Parent: "00f067aa0ba902b7" }), up);

        // 3. Every figure is documented, and every documented one exists.
        var stack = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(Data, "deployment.json"))).RootElement.GetProperty("Stacks")[0];
        var exported = new SortedSet<string>(StringComparer.Ordinal);
        var secrets = SecretsFile.Load(Path.Combine(Data, "secrets", SecretsFile.FileName));
        http.DefaultRequestHeaders.Authorization = new("Bearer", secrets.StatusToken);
        var indexer = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(Data, "s1-indexer", "stack.json"))).RootElement.GetProperty("Server").GetProperty("Listen").GetString();
        foreach (var url in (string[])[$"{stack.GetProperty("Server").GetString()!.TrimEnd('/')}/_mjolnir/metrics", $"{stack.GetProperty("Worker").GetString()!.TrimEnd('/')}/_mjolnir/metrics", $"http://{indexer}/_mjolnir/metrics", $"{http.BaseAddress}_mjolnir/proxy/metrics"])
        {
            exported.UnionWith(Families().Matches(await http.GetStringAsync(url)).Select(match => match.Groups[1].Value));
        }

        var documented = new SortedSet<string>(DocumentedFigures().Matches(await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "operating.md"))).Select(match => match.Groups[1].Value), StringComparer.Ordinal);
        Assert.Equal(documented, exported);

        // 4. No secret stands where other users of this machine read it: in arguments, in logs, in folders that are open to them.
        RequireKept([secrets.StatusToken, secrets.ClusterToken, await File.ReadAllTextAsync(Path.Combine(Data, "rabbitmq", "password")), .. (await File.ReadAllLinesAsync(Path.Combine(Data, "s3", "keys"))).Skip(1)]);

        // 5. Logs are one JSON object a line.
        var log = await File.ReadAllLinesAsync(Directory.EnumerateFiles(Path.Combine(Data, "logs"), "*s1*").First(file => file.Contains("write-behind", StringComparison.Ordinal)));
        Assert.Contains(log, line => line.Contains("{\"", StringComparison.Ordinal) && line.Contains("\"LogLevel\":\"Information\"", StringComparison.Ordinal));
        up.Terminate();
        await up.EndAsync();
        Assert.True(up.ExitCode == 0, up.Output);
    }

    public void Dispose() => _folder.Dispose();

    private string Data => _folder.At("d");

    /// <summary>The bank with an index, so that an indexer runs and shows its figures.</summary>
    private string IndexedBank()
    {
        var bank = _folder.Copy(Repository.Bank, "bank");
        var file = Path.Combine(bank, "mjolnir.json");
        var text = File.ReadAllText(file);
        const string Columns = "\"balance\": \"integer\" },";
        Assert.Contains(Columns, text, StringComparison.Ordinal);
        File.WriteAllText(file, text.Replace(Columns, $"{Columns} \"indexes\": {{ \"byBalance\": [\"balance\"] }},", StringComparison.Ordinal));
        return bank;
    }

    private void RequireKept(IReadOnlyList<string> secrets)
    {
        Assert.All(secrets, static secret => Assert.True(secret.Length >= 20));
        var open = Directory.EnumerateDirectories("/proc").Select(static process => Path.Combine(process, "cmdline")).Concat(Directory.EnumerateFiles(Path.Combine(Data, "logs")));
        foreach (var file in open)
        {
            string text;
            try
            {
                text = File.ReadAllText(file);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // A process that has ended meanwhile, or a folder that is none.
                continue;
            }

            Assert.All(secrets, secret => Assert.False(text.Contains(secret, StringComparison.Ordinal), $"{file} has a secret"));
        }

        if (OperatingSystem.IsWindows())
        {
            return;
        }

        const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        foreach (var folder in (string[])["rabbitmq", "s3"])
        {
            Assert.Equal(Owner | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.Combine(Data, folder)));
        }

        foreach (var file in Directory.EnumerateFiles(Data, "stack.json", SearchOption.AllDirectories).Append(Path.Combine(Data, "secrets", SecretsFile.FileName)))
        {
            Assert.Equal(Owner, File.GetUnixFileMode(file));
        }
    }

    [GeneratedRegex("^# TYPE ([a-z_]+) ", RegexOptions.Multiline)]
    private static partial Regex Families();

    /// <summary>Rows of the table of figures: name, process, meaning, what to do.</summary>
    [GeneratedRegex("^\\| `(mjolnir_[a-z_]+)` \\|", RegexOptions.Multiline)]
    private static partial Regex DocumentedFigures();

    private static async Task<Uri> ListeningAsync(MjolnirProcess up)
    {
        const string word = "listening ";
        var line = await up.LineAsync(text => text.StartsWith(word, StringComparison.Ordinal), TimeSpan.FromMinutes(3));
        return new Uri(line[word.Length..]);
    }

    private static async Task SendLiveAsync(Uri url, CookieContainer cookies, string traceParent)
    {
        using var patience = new CancellationTokenSource(SpanPatience);
        using var socket = new ClientWebSocket();
        socket.Options.Cookies = cookies;
        await socket.ConnectAsync(new Uri($"ws://{url.Authority}/_mjolnir/live"), patience.Token);
        var call = $$$"""{"type":"tx","n":1,"handler":"send","inputs":{"to":{"value":"bob"},"amount":{"value":"1"}},"page":"/","traceparent":"{{{traceParent}}}"}""";
        await socket.SendAsync(Encoding.UTF8.GetBytes(call), WebSocketMessageType.Text, endOfMessage: true, patience.Token);
        var (buffer, told) = (new byte[16 << 10], "");
        while (!told.Contains("\"n\":1", StringComparison.Ordinal))
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(), patience.Token);
            told += Encoding.UTF8.GetString(buffer.AsSpan(0, received.Count));
        }

        Assert.Contains("committed", told, StringComparison.Ordinal);
    }

    /// <summary>Gives the answer's <c>Server-Timing</c>.</summary>
    private static async Task<string> SendAsync(HttpClient http, string traceParent)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/_mjolnir/tx/send")
        {
            Content = JsonContent.Create(new
            {
                id = Guid.NewGuid().ToString(),
                args = Array.Empty<object>(),
                inputs = new Dictionary<string, object> { ["to"] = new { value = "bob" }, ["amount"] = new { value = "1" } },
                globals = new { },
                page = "/",
            }),
        };
        request.Headers.Add("traceparent", traceParent);
        using var answer = await http.SendAsync(request);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        return answer.Headers.GetValues("Server-Timing").Single();
    }

    private static async Task EventuallyAsync(Func<bool> condition, MjolnirProcess up)
    {
        for (var clock = Stopwatch.StartNew(); !condition(); await Task.Delay(100))
        {
            Assert.True(clock.Elapsed < SpanPatience, up.Output);
        }
    }

    private static int Port()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }
}
