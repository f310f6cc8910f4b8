using System.Net;
using System.Text;
using System.Text.Json;

namespace Mjolnir.Proxy.Tests;

/// <summary>What is too much, what is not well formed, and what must not get in.</summary>
public sealed class LimitTests
{
    private const string Call = "POST /_mjolnir/tx/transfer HTTP/1.1\r\nHost: bank\r\nContent-Type: application/json\r\n";

    [Fact]
    public async Task Bodies_have_a_limit_and_one_that_fits_passes_however_it_is_sent()
    {
        await using var cluster = await FakeCluster.StartAsync(1);
        await using var proxy = await TestProxy.StartAsync(cluster);
        using var client = proxy.Client();
        var largest = $$"""{"args":["{{new string('x', new ProxyLimits().BodyBytes - 13)}}"]}""";

        foreach (var (body, expected) in new[] { (largest, 200), (largest + " ", 413), ("", 200) })
        {
            cluster.Servers[0].Call = static (context, _) => FakeAppServer.AnswerAsync(context, 200, "{}");
            Assert.Equal(expected, (await TestProxy.CallAsync(client, body)).Code);
            using var chunked = new HttpRequestMessage(HttpMethod.Post, "/_mjolnir/tx/transfer") { Content = TestProxy.Json(body) };
            chunked.Headers.TransferEncodingChunked = true;
            Assert.Equal(expected, (int)(await client.SendAsync(chunked)).StatusCode);
        }

        Assert.Equal(4, cluster.Servers[0].Calls.Count);
        Assert.Equal(largest, cluster.Servers[0].Calls.First().Body);
        Assert.Equal(largest, cluster.Servers[0].Calls.ElementAt(1).Body);
    }

    [Fact]
    public async Task A_large_answer_passes_whole_and_the_next_is_not_mixed_up_with_it()
    {
        await using var cluster = await FakeCluster.StartAsync(1);
        await using var proxy = await TestProxy.StartAsync(cluster);
        using var client = proxy.Client();
        var large = $"\"{new string('y', 3_000_000)}\"";
        cluster.Servers[0].Call = (context, body) => FakeAppServer.AnswerAsync(context, 200, body.Contains("large", StringComparison.Ordinal) ? large : "\"small\"");

        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(large.Trim('"'), (await TestProxy.CallAsync(client, """{"args":["large"]}""")).Answer.GetString());
            Assert.Equal("small", (await TestProxy.CallAsync(client, "{}")).Answer.GetString());
        }
    }

    [Fact]
    public async Task An_answer_over_the_limit_leaves_the_outcome_unknown()
    {
        await using var cluster = await FakeCluster.StartAsync(1);
        await using var proxy = await TestProxy.StartAsync(cluster, new ProxyLimits { AnswerBytes = 1000 });
        using var client = proxy.Client();
        cluster.Servers[0].Call = static (context, _) => FakeAppServer.AnswerAsync(context, 200, $"\"{new string('y', 100_000)}\"");

        Assert.Equal(504, (await TestProxy.CallAsync(client, "{}")).Code);
    }

    [Fact]
    public async Task Headers_have_limits()
    {
        await using var cluster = await FakeCluster.StartAsync(1);
        await using var proxy = await TestProxy.StartAsync(cluster);

        Assert.StartsWith("HTTP/1.1 431", await proxy.RawAsync($"GET / HTTP/1.1\r\nHost: bank\r\nX: {new string('x', 16_000)}\r\n\r\n"));
        Assert.StartsWith("HTTP/1.1 431", await proxy.RawAsync($"GET / HTTP/1.1\r\nHost: bank\r\n{string.Concat(Enumerable.Range(0, 61).Select(static i => $"X{i}: x\r\n"))}\r\n"));
        Assert.StartsWith("HTTP/1.1 414", await proxy.RawAsync($"GET /{new string('x', 9_000)} HTTP/1.1\r\nHost: bank\r\n\r\n"));
        Assert.Empty(cluster.Servers[0].Others);
    }

    [Fact]
    public async Task One_address_may_ask_only_so_often()
    {
        await using var cluster = await FakeCluster.StartAsync(1);
        await using var proxy = await TestProxy.StartAsync(cluster, new ProxyLimits { RequestsPerSecond = 0.1, RequestBurst = 5 });
        using var client = proxy.Client();

        var codes = new List<int>();
        for (var i = 0; i < 8; i++)
        {
            codes.Add((await TestProxy.CallAsync(client, "{}")).Code);
        }

        Assert.Equal([200, 200, 200, 200, 200, 429, 429, 429], codes);
        Assert.Equal("1", (await client.GetAsync("/")).Headers.GetValues("Retry-After").Single());
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/_mjolnir/health")).StatusCode);
    }

    [Fact]
    public async Task More_requests_at_once_than_allowed_are_refused()
    {
        await using var cluster = await FakeCluster.StartAsync(1);
        await using var proxy = await TestProxy.StartAsync(cluster, new ProxyLimits { Requests = 3, ConnectionsPerServer = 2 });
        using var client = proxy.Client();
        var go = new TaskCompletionSource();
        cluster.Servers[0].Call = async (context, _) =>
        {
            await go.Task;
            await FakeAppServer.AnswerAsync(context, 200, "{}");
        };

        var first = new[] { TestProxy.CallAsync(client, "{}"), TestProxy.CallAsync(client, "{}") };
        await Eventually.TrueAsync(() => cluster.Servers[0].Calls.Count == 2, "both are under way");
        var third = await TestProxy.CallAsync(client, "{}");
        go.SetResult();

        Assert.Equal(503, third.Code);
        Assert.All(await Task.WhenAll(first), static call => Assert.Equal(200, call.Code));
        Assert.Equal(2, cluster.Servers[0].Calls.Count);
    }

    [Theory]
    [InlineData("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x")]
    [InlineData("Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n2;x\r\n{}\r\nzz\r\n\r\n")]
    [InlineData("Content-Length: 2\r\nX-A: b\r\n folded\r\n\r\n{}")]
    [InlineData("Content-Length: 2\r\nX A: b\r\n\r\n{}")]
    [InlineData("Content-Length: 2\r\nX-A : b\r\n\r\n{}")]
    [InlineData("Content-Length: 2\r\nX-A: b\0c\r\n\r\n{}")]
    [InlineData("Content-Length: 2\r\nHost: other\r\n\r\n{}")]
    public async Task Requests_that_two_servers_might_read_differently_get_no_further(string rest)
    {
        await using var cluster = await FakeCluster.StartAsync(1);
        await using var proxy = await TestProxy.StartAsync(cluster);

        var answer = await proxy.RawAsync(Call + rest + "GET /smuggled HTTP/1.1\r\nHost: bank\r\n\r\n", close: false);

        Assert.Empty(cluster.Servers[0].Others);
        if (cluster.Servers[0].Calls.TryDequeue(out var seen))
        {
            // Kestrel takes Transfer-Encoding before Content-Length, closes afterwards, and tells the next server one thing only.
            Assert.Equal("", seen.Body);
            Assert.Equal("0", seen.Headers["Content-Length"]);
            Assert.DoesNotContain("Transfer-Encoding", seen.Headers.Keys);
            Assert.Contains("Connection: close", answer);
        }
        else
        {
            Assert.StartsWith("HTTP/1.1 400", answer);
        }
    }

    [Fact]
    public async Task Headers_of_one_hop_end_here()
    {
        await using var cluster = await FakeCluster.StartAsync(1);
        await using var proxy = await TestProxy.StartAsync(cluster);

        const string Headers = "Content-Length: 2\r\nX-Mine: 1\r\nKeep-Alive: 3\r\nProxy-Connection: x\r\nTE: trailers\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\nExpect: 100-continue\r\n";
        await proxy.RawAsync(
            $"{Call}{Headers}Connection: keep-alive, X-Mine, X-Forwarded-For\r\n\r\n{{}}GET / HTTP/1.1\r\nHost: bank\r\n{Headers}Connection: close\r\n\r\n{{}}",
            close: false);

        foreach (var seen in cluster.Servers[0].Calls.Concat(cluster.Servers[0].Others))
        {
            Assert.Equal("127.0.0.1", seen.Headers["X-Forwarded-For"]);
            Assert.All(["Keep-Alive", "Proxy-Connection", "TE", "Upgrade", "HTTP2-Settings", "Expect"], name => Assert.DoesNotContain(name, seen.Headers.Keys));
        }

        Assert.Single(cluster.Servers[0].Calls);
        Assert.Single(cluster.Servers[0].Others);
    }

    [Theory]
    [InlineData("/_mjolnir/cluster")]
    [InlineData("/_mjolnir/cluster?since=1")]
    [InlineData("/_mjolnir/rows")]
    [InlineData("/_mjolnir/rows/users/alice")]
    [InlineData("/_mjolnir/%63luster")]
    [InlineData("/_Mjolnir/Cluster")]
    [InlineData("/x/../_mjolnir/cluster")]
    [InlineData("/%5Fmjolnir/cluster")]
    [InlineData("/./_mjolnir/rows")]
    [InlineData("http://bank/_mjolnir/cluster")]
    [InlineData("/_mjolnir/tx/../cluster")]
    [InlineData("/_mjolnir/proxy/other")]
    public async Task What_servers_ask_each_other_cannot_be_asked_from_outside(string target)
    {
        await using var cluster = await FakeCluster.StartAsync(1);
        await using var proxy = await TestProxy.StartAsync(cluster);

        foreach (var method in new[] { "GET", "POST" })
        {
            var answer = await proxy.RawAsync($"{method} {target} HTTP/1.1\r\nHost: bank\r\nAuthorization: Bearer {FakeCluster.Token}\r\nContent-Length: 0\r\n\r\n");
            Assert.StartsWith("HTTP/1.1 404", answer);
        }

        Assert.Empty(cluster.Servers[0].Others);
        Assert.Empty(cluster.Servers[0].Calls);
    }

    [Theory]
    [InlineData("GET http://bank/a?b HTTP/1.1", 200)]
    [InlineData("OPTIONS * HTTP/1.1", 400)]
    [InlineData("TRACE / HTTP/1.1", 405)]
    [InlineData("CONNECT bank:80 HTTP/1.1", 400)]
    [InlineData("GET / HTTP/1.0", 200)]
    [InlineData("GET / HTTP/1.9", 505)]
    [InlineData("GET nonsense HTTP/1.1", 405)]
    public async Task Odd_requests_are_answered_plainly(string line, int code)
    {
        await using var cluster = await FakeCluster.StartAsync(1);
        await using var proxy = await TestProxy.StartAsync(cluster);

        var host = line.StartsWith("CONNECT", StringComparison.Ordinal) ? "bank:80" : "bank";
        Assert.StartsWith($"HTTP/1.1 {code}", await proxy.RawAsync($"{line}\r\nHost: {host}\r\n\r\n"));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[1]")]
    [InlineData("{} {}")]
    [InlineData("{\"args\":[\"\\ud800\"]}")]
    [InlineData("{\"args\":{},\"inputs\":[],\"id\":7}")]
    [InlineData("\u00ff")]
    public async Task Bodies_that_are_no_calls_pass_as_they_are(string body)
    {
        await using var cluster = await FakeCluster.StartAsync(1);
        await using var proxy = await TestProxy.StartAsync(cluster);
        using var client = proxy.Client();
        await proxy.LearnAsync(client);
        cluster.Servers[0].Call = static (context, _) => FakeAppServer.AnswerAsync(context, 400, "{}");

        Assert.Equal(400, (await TestProxy.CallAsync(client, body)).Code);

        Assert.Equal(body, cluster.Servers[0].Calls.Last().Body);
        Assert.Empty(proxy.Logs.Errors);
    }

    [Fact]
    public async Task Each_request_is_a_line_of_the_access_log_without_anything_secret()
    {
        var folder = Directory.CreateTempSubdirectory("mjolnir-proxy-").FullName;
        var file = Path.Combine(folder, "access.log");
        await using (var cluster = await FakeCluster.StartAsync(1))
        {
            await using var proxy = await TestProxy.StartAsync(TestProxy.Options(cluster, accessLog: new AccessLogOptions(file)));
            using var client = proxy.Client();
            client.DefaultRequestHeaders.Add("Cookie", TestProxy.Cookie("alice"));
            await TestProxy.CallAsync(client, """{"args":["bob"]}""");
            await client.GetAsync("/page?password=secret");
        }

        var lines = File.ReadAllLines(file).Select(static line => JsonDocument.Parse(line).RootElement).ToArray();
        Directory.Delete(folder, recursive: true);
        Assert.Equal(["/_mjolnir/tx/transfer", "/page"], lines.Select(static line => line.GetProperty("path").GetString()));
        Assert.Equal(["POST", "GET"], lines.Select(static line => line.GetProperty("method").GetString()));
        Assert.All(lines, static line => Assert.Equal(("s1", 200, "127.0.0.1", 1), (line.GetProperty("server").GetString(), line.GetProperty("code").GetInt32(), line.GetProperty("client").GetString(), line.GetProperty("attempts").GetInt32())));
        Assert.Equal("predicted", lines[0].GetProperty("routed").GetString());
        Assert.All(lines, static line => Assert.DoesNotMatch("alice|YWxpY2U|secret|bob", line.GetRawText()));
    }

    [Fact]
    public async Task A_large_access_log_is_renamed_and_old_ones_go()
    {
        var folder = Directory.CreateTempSubdirectory("mjolnir-proxy-").FullName;
        var file = Path.Combine(folder, "access.log");
        await using (var log = new Watching.AccessLogFile(new AccessLogOptions(file, FileBytes: 100, OldFiles: 2)))
        {
            for (var i = 0; i < 10; i++)
            {
                await log.WriteAsync(Encoding.ASCII.GetBytes(new string((char)('0' + i), 60) + "\n"));
            }
        }

        var files = Directory.GetFiles(folder).Order().Select(static path => (Path.GetFileName(path), File.ReadAllText(path)[0])).ToArray();
        Directory.Delete(folder, recursive: true);
        Assert.Equal([("access.log", '9'), ("access.log.1", '8'), ("access.log.2", '7')], files);
    }

    [Fact]
    public async Task Lines_that_cannot_be_written_are_counted_and_said_once()
    {
        var logs = new TestLogs();
        var log = new Watching.AccessLog(new AccessLogOptions("/nowhere/at/all/access.log"), 10, logs);
        for (var i = 0; i < 1000; i++)
        {
            log.Add(default);
        }

        await log.DisposeAsync();

        Assert.Equal(1000, log.Dropped);
        Assert.Single(logs.Errors);
    }

    [Theory]
    [InlineData("{\"id\":\"\",\"args\":[1]}", false)]
    [InlineData("{\"id\":7}", false)]
    [InlineData("{\"id\":\"x\"}", true)]
    [InlineData("{\"id\":\"x\"} x", false)]
    public void Only_a_call_with_an_id_is_safe_to_send_twice(string body, bool safe) =>
        Assert.Equal(safe, Calls.CallBody.Read(Encoding.UTF8.GetBytes(body)).HasId);
}
