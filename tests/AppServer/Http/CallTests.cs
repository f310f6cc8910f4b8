using System.Net;
using System.Text;
using System.Text.Json;
using Mjolnir.AppServer.Http;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Engine;

namespace Mjolnir.AppServer.Tests.Http;

/// <summary>POST /_mjolnir/tx/{handler}: every answer of the contract.</summary>
public sealed class CallTests
{
    private const string Send = "/_mjolnir/tx/send";
    private const string Open = "/_mjolnir/tx/open";

    [Fact]
    public async Task A_committed_call_is_answered_with_its_result_and_its_id()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.SignedInAsync("alice");
        server.Transactions.Run = static _ => new(FakeTransactions.Committed("""{"balance":7}"""));

        var response = await alice.PostAsync(Send, TestServer.Text("""{"id":"a\u0041","args":[ 1, "x" ],"inputs":{"to":{"value":"bob"}},"globals":{"g":1},"event":{"type":"click"},"page":"/","partial":true,"later":[1]}"""));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal("""{"status":"committed","id":"a\u0041","result":{"balance":7}}""", await response.Content.ReadAsStringAsync());
        Assert.Equal("route;dur=0.012, read;dur=0, run;dur=1.500, lock;dur=0.030, log;dur=2", response.Headers.GetValues("Server-Timing").Single());
        Assert.Equal("predicted", response.Headers.GetValues("Mjolnir-Routed").Single());
        var call = Assert.Single(server.Transactions.Calls);
        Assert.Equal("aA", call.Id);
        Assert.Equal("alice", call.Run.User);
        Assert.Equal("[ 1, \"x\" ]", Encoding.UTF8.GetString(call.Run.Args.Span));
        Assert.Equal("""{"to":{"value":"bob"}}""", Encoding.UTF8.GetString(call.Run.Inputs.Span));
        Assert.Equal("""{"g":1}""", Encoding.UTF8.GetString(call.Run.Globals.Span));
        Assert.Equal("""{"type":"click"}""", Encoding.UTF8.GetString(call.Run.Event.Span));
        Assert.Equal("/index.html", call.Run.Page);
        Assert.True(call.Run.Partial);
    }

    [Fact]
    public async Task Changes_and_reads_are_passed_on_as_they_are()
    {
        await using var server = await TestServer.StartAsync();
        server.Transactions.Run = static _ => new(new TransactionAnswer
        {
            Status = TransactionStatus.Committed,
            Changes = """{"dom":[]}"""u8.ToArray(),
            Reads = """{"inputs":{}}"""u8.ToArray(),
        });

        var (code, text) = await PostAsync(server, Open, "");

        Assert.Equal(200, code);
        Assert.Equal("""{"status":"committed","changes":{"dom":[]},"reads":{"inputs":{}}}""", text);
    }

    [Fact]
    public async Task An_aborted_call_is_a_problem_with_reason_and_position()
    {
        await using var server = await TestServer.StartAsync();
        server.Transactions.Run = static _ => new(new TransactionAnswer
        {
            Status = TransactionStatus.Aborted,
            Reason = "no \"money\"",
            AbortKind = AbortKind.Error,
            Position = new SourcePosition("bank.js", 3, 9),
        });
        using var client = server.Client();

        var response = await client.PostAsync(Open, TestServer.Text("""{"id":"7"}"""));

        Assert.Equal(HttpStatusCode.Conflict, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal("missed", response.Headers.GetValues("Mjolnir-Routed").Single());
        var problem = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
        Assert.Equal("aborted", problem.GetProperty("status").GetString());
        Assert.Equal(409, problem.GetProperty("code").GetInt32());
        Assert.Equal("no \"money\"", problem.GetProperty("detail").GetString());
        Assert.Equal("no \"money\"", problem.GetProperty("reason").GetString());
        Assert.Equal("7", problem.GetProperty("id").GetString());
        Assert.True(problem.GetProperty("error").GetBoolean());
        Assert.Equal("""{"file":"bank.js","line":3,"column":9}""", problem.GetProperty("position").GetRawText());
        Assert.False(string.IsNullOrEmpty(problem.GetProperty("title").GetString()));
        Assert.Equal("about:blank", problem.GetProperty("type").GetString());
    }

    [Fact]
    public async Task A_plain_refusal_of_the_handler_is_no_error()
    {
        await using var server = await TestServer.StartAsync();
        server.Transactions.Run = static _ => new(new TransactionAnswer { Status = TransactionStatus.Aborted, Reason = "no", AbortKind = AbortKind.Refused });

        var (code, text) = await PostAsync(server, Open, "{}");

        Assert.Equal(409, code);
        Assert.DoesNotContain("\"error\"", text);
    }

    [Fact]
    public async Task What_a_handler_needs_is_told_with_428()
    {
        await using var server = await TestServer.StartAsync();
        server.Transactions.Run = static _ => new(new TransactionAnswer { Status = TransactionStatus.InputMissing, Reads = """{"inputs":{"to":["value"]}}"""u8.ToArray() });

        var (code, text) = await PostAsync(server, Open, """{"partial":true}""");

        Assert.Equal(428, code);
        Assert.Equal("""{"inputs":{"to":["value"]}}""", JsonDocument.Parse(text).RootElement.GetProperty("reads").GetRawText());
        Assert.Equal("need", JsonDocument.Parse(text).RootElement.GetProperty("status").GetString());
    }

    [Fact]
    public async Task An_unknown_outcome_is_504_with_the_id_and_no_problem_document()
    {
        await using var server = await TestServer.StartAsync();
        server.Transactions.Run = static _ => new(new TransactionAnswer { Status = TransactionStatus.Unknown });
        using var client = server.Client();

        var response = await client.PostAsync(Open, TestServer.Text("""{"id":"x"}"""));

        Assert.Equal(HttpStatusCode.GatewayTimeout, response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        var answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
        Assert.Equal("unknown", answer.GetProperty("status").GetString());
        Assert.Equal("x", answer.GetProperty("id").GetString());
    }

    [Fact]
    public async Task Unavailable_transactions_are_503_with_the_time_to_come_back()
    {
        await using var server = await TestServer.StartAsync();
        server.Transactions.Run = static _ => new(new TransactionAnswer { Status = TransactionStatus.Unavailable, RetryAfterSeconds = 3, Reason = "healing" });
        using var client = server.Client();

        var response = await client.PostAsync(Open, TestServer.Text("{}"));

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Equal("3", response.Headers.GetValues("Retry-After").Single());
        var problem = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
        Assert.Equal("refused", problem.GetProperty("status").GetString());
        Assert.Equal(3, problem.GetProperty("retryAfter").GetInt32());
    }

    [Fact]
    public async Task A_fault_below_leaves_the_outcome_unknown_and_the_server_serving()
    {
        await using var server = await TestServer.StartAsync();
        server.Transactions.Run = static _ => throw new InvalidOperationException("a bug");

        Assert.Equal(504, (await PostAsync(server, Open, "{}")).Code);

        server.Transactions.Run = static _ => new(FakeTransactions.Committed("1"));
        Assert.Equal(200, (await PostAsync(server, Open, "{}")).Code);
        Assert.Single(server.Logs.Errors);
    }

    [Theory]
    [InlineData(null, "send", 401)]
    [InlineData(null, "vip", 401)]
    [InlineData(null, "open", 200)]
    [InlineData("bob", "send", 200)]
    [InlineData("bob", "vip", 403)]
    [InlineData("alice", "vip", 200)]
    [InlineData("bob", "till", 403)]
    [InlineData("carol", "till", 200)]
    [InlineData("bob", "nothing", 404)]
    [InlineData("bob", "", 404)]
    [InlineData("bob", "Send", 404)]
    [InlineData("bob", "__proto__", 404)]
    public async Task Only_the_allowed_may_call_and_only_what_is_listed(string? user, string handler, int expected)
    {
        await using var server = await TestServer.StartAsync();
        using var client = user is null ? server.Client() : await server.SignedInAsync(user);

        var response = await client.PostAsync("/_mjolnir/tx/" + handler, TestServer.Text("{}"));

        Assert.Equal(expected, (int)response.StatusCode);
        Assert.Equal(expected == 200 ? 1 : 0, server.Transactions.Calls.Count);
    }

    [Fact]
    public async Task A_handlers_name_may_contain_anything_when_escaped()
    {
        await using var server = await TestServer.StartAsync();

        Assert.Equal(200, (await PostAsync(server, "/_mjolnir/tx/" + Uri.EscapeDataString(TestApplication.OddHandler), "{}")).Code);
        Assert.Equal(200, (await PostAsync(server, "/_mjolnir/tx/index.html%23body%3Eform%3Anth-of-type%281%29.click?x=1", "{}")).Code);
        Assert.Equal(400, (int)(await RawHttp.SendAsync(server.Url, "POST /_mjolnir/tx/a%zz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}")).Code);
        Assert.Equal(400, (int)(await RawHttp.SendAsync(server.Url, "POST /_mjolnir/tx/a%ff HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}")).Code);
        Assert.Equal(404, (await PostAsync(server, "/_mjolnir/tx/" + new string('a', 4000), "{}")).Code);
    }

    [Theory]
    [InlineData("/", 200)]
    [InlineData("/index.html", 200)]
    [InlineData("/live.html", 200)]
    [InlineData("/other.html", 400)]
    [InlineData("/docs/", 400)]
    [InlineData("/nowhere.html", 400)]
    [InlineData("", 400)]
    public async Task A_call_that_names_a_page_must_come_from_one_that_has_the_handler(string page, int expected)
    {
        await using var server = await TestServer.StartAsync();

        Assert.Equal(expected, (await PostAsync(server, Open, JsonSerializer.Serialize(new { page }))).Code);
    }

    [Theory]
    [InlineData(null, null, null, 200)]
    [InlineData("http://HOST", null, null, 200)]
    [InlineData("https://HOST", null, null, 200)]
    [InlineData("http://evil.example", null, null, 403)]
    [InlineData("http://HOST.evil.example", null, null, 403)]
    [InlineData("http://localhost:1", null, null, 403)]
    [InlineData("null", null, null, 403)]
    [InlineData("ftp://HOST", null, null, 403)]
    [InlineData("http://evil.example", "same-origin", null, 403)]
    [InlineData(null, "same-origin", null, 200)]
    [InlineData(null, "none", null, 200)]
    [InlineData(null, "cross-site", null, 403)]
    [InlineData(null, "same-site", null, 403)]
    [InlineData(null, null, "http://HOST/index.html", 200)]
    [InlineData(null, null, "http://evil.example/HOST", 403)]
    [InlineData(null, null, "nonsense", 403)]
    public async Task Another_sites_pages_cannot_call(string? origin, string? site, string? referer, int expected)
    {
        await using var server = await TestServer.StartAsync();
        using var client = server.Client();
        using var request = new HttpRequestMessage(HttpMethod.Post, Open) { Content = TestServer.Text("{}") };
        foreach (var (name, value) in new[] { ("Origin", origin), ("Sec-Fetch-Site", site), ("Referer", referer) })
        {
            if (value is not null)
            {
                request.Headers.TryAddWithoutValidation(name, value.Replace("HOST", server.Url.Authority, StringComparison.Ordinal));
            }
        }

        Assert.Equal(expected, (int)(await client.SendAsync(request)).StatusCode);
        Assert.Equal(expected == 200 ? 1 : 0, server.Transactions.Calls.Count);
    }

    [Fact]
    public async Task With_open_sign_in_only_names_of_this_machine_are_answered()
    {
        await using var server = await TestServer.StartAsync();

        foreach (var host in new[] { "localhost", "LOCALHOST:80", "127.0.0.1:9", "[::1]", "bank.localhost" })
        {
            Assert.Equal(200, (await RawHttp.SendAsync(server.Url, $"GET /other.html HTTP/1.1\r\nHost: {host}\r\n\r\n")).Code);
        }

        foreach (var host in new[] { "evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1" })
        {
            Assert.Equal(400, (await RawHttp.SendAsync(server.Url, $"GET /other.html HTTP/1.1\r\nHost: {host}\r\n\r\n")).Code);
        }
    }

    [Fact]
    public async Task Who_calls_too_often_waits_while_others_go_on()
    {
        var time = new ManualTime();
        await using var server = await TestServer.StartAsync(settings => (settings.CallRate, settings.Time) = (new RateLimit(2, 3), time));
        using var alice = await server.SignedInAsync("alice");
        using var bob = await server.SignedInAsync("bob");

        var codes = new List<int>();
        for (var i = 0; i < 5; i++)
        {
            codes.Add((int)(await alice.PostAsync(Send, TestServer.Text("{}"))).StatusCode);
        }

        Assert.Equal([200, 200, 200, 429, 429], codes);
        Assert.Equal(HttpStatusCode.OK, (await bob.PostAsync(Send, TestServer.Text("{}"))).StatusCode);
        var refused = await alice.PostAsync(Send, TestServer.Text("{}"));
        Assert.Equal("1", refused.Headers.GetValues("Retry-After").Single());
        time.Advance(TimeSpan.FromSeconds(0.5));
        Assert.Equal(HttpStatusCode.OK, (await alice.PostAsync(Send, TestServer.Text("{}"))).StatusCode);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await alice.PostAsync(Send, TestServer.Text("{}"))).StatusCode);
    }

    [Fact]
    public async Task Other_methods_are_refused()
    {
        await using var server = await TestServer.StartAsync();
        using var client = server.Client();

        var response = await client.GetAsync(Open);

        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
        Assert.Equal("POST", response.Content.Headers.Allow.Single());
    }

    [Fact]
    public async Task Pipelined_calls_are_answered_in_order()
    {
        await using var server = await TestServer.StartAsync();
        var count = 0;
        server.Transactions.Run = _ => new(FakeTransactions.Committed($"{++count}"));
        var one = "POST /_mjolnir/tx/open HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}";
        var last = one.Replace("Host", "Connection: close\r\nHost", StringComparison.Ordinal);

        var text = await RawHttp.ExchangeAsync(server.Url, Encoding.ASCII.GetBytes(one + one + last));

        Assert.Equal(["1", "2", "3"], System.Text.RegularExpressions.Regex.Matches(text, "\"result\":(\\d)").Select(match => match.Groups[1].Value));
    }

    [Fact]
    public async Task Nothing_that_a_call_carries_is_logged()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.SignedInAsync("alice-the-secret");
        var cookie = await server.CookieAsync("alice-the-secret");
        server.Transactions.Run = static _ => throw new InvalidOperationException("a bug");

        await alice.PostAsync(Send, TestServer.Text("""{"id":"secret-id","args":["secret-arg"]}"""));

        Assert.NotEmpty(server.Logs.Errors);
        Assert.DoesNotContain("secret", server.Logs.Text);
        Assert.DoesNotContain(cookie.Split('=')[1], server.Logs.Text);
    }

    internal static async Task<(int Code, string Text)> PostAsync(TestServer server, string path, string body)
    {
        using var client = server.Client();
        var response = await client.PostAsync(path, TestServer.Text(body));
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }
}
