using Microsoft.AspNetCore.Http;
using System.Text.Json;

namespace Mjolnir.Proxy.Tests;

/// <summary>Calls go to the server beside their rows.</summary>
public sealed class RoutingTests
{
    [Fact]
    public async Task After_a_few_lessons_calls_go_beside_one_of_their_rows()
    {
        await using var cluster = await FakeCluster.StartAsync(4);
        await using var proxy = await TestProxy.StartAsync(cluster);
        using var client = proxy.Client();
        await proxy.LearnAsync(client);

        var random = new Random(7);
        var predicted = 0;
        for (var i = 0; i < 400; i++)
        {
            var (code, _, response) = await TestProxy.CallAsync(client, $$"""{"args":["a{{random.Next(100_000)}}","a{{random.Next(100_000)}}",1]}""");
            Assert.Equal(200, code);
            predicted += response.Headers.GetValues("Mjolnir-Routed").Single() == "predicted" ? 1 : 0;
        }

        Assert.Equal(400, predicted);
        Assert.All(cluster.Servers, static server => Assert.InRange(server.Calls.Count, 50, 200));
        var metrics = await TestProxy.MetricsAsync(client);
        Assert.Matches(@"mjolnir_proxy_predicted_total 40[0-4]\n", metrics);
        Assert.Contains("mjolnir_proxy_requests_total{code=\"200\"} 404\n", metrics);
        Assert.Contains("mjolnir_proxy_request_seconds_count 404\n", metrics);
    }

    [Fact]
    public async Task The_owner_of_the_hotter_row_gets_the_call()
    {
        await using var cluster = await FakeCluster.StartAsync(2);
        await using var proxy = await TestProxy.StartAsync(cluster);
        using var client = proxy.Client();
        await proxy.LearnAsync(client);
        var hot = cluster.KeyOf("s2");

        for (var i = 0; i < 40; i++)
        {
            var cold = cluster.KeyOf("s1", i);
            var (_, answer, _) = await TestProxy.CallAsync(client, i % 2 == 0 ? $$"""{"args":["{{cold}}","{{hot}}",1]}""" : $$"""{"args":["{{hot}}","{{cold}}",1]}""");
            if (i > 4)
            {
                Assert.Equal("s2", answer.GetProperty("result").GetString());
            }
        }
    }

    [Fact]
    public async Task A_call_that_needs_the_users_row_is_routed_by_the_cookie()
    {
        await using var cluster = await FakeCluster.StartAsync(2);
        await using var proxy = await TestProxy.StartAsync(cluster);
        foreach (var server in cluster.Servers)
        {
            server.Call = async (context, _) =>
            {
                context.Response.Headers["Mjolnir-Keys"] = Uri.EscapeDataString("jörg, 100%");
                await FakeAppServer.AnswerAsync(context, 200, $"\"{server.Name}\"");
            };
        }

        using var client = proxy.Client();
        client.DefaultRequestHeaders.Add("Cookie", "a=b; " + TestProxy.Cookie("jörg, 100%"));
        await TestProxy.CallAsync(client, "{}", "op%65n");

        client.DefaultRequestHeaders.Remove("Cookie");
        foreach (var server in new[] { "s1", "s2", "s1", "s2" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/_mjolnir/tx/open") { Content = TestProxy.Json("{}") };
            request.Headers.Add("Cookie", TestProxy.Cookie(cluster.KeyOf(server)));
            var response = await client.SendAsync(request);
            Assert.Equal($"\"{server}\"", await response.Content.ReadAsStringAsync());
        }
    }

    [Fact]
    public async Task Only_the_proxy_may_ask_for_keys_and_only_it_sees_them()
    {
        await using var cluster = await FakeCluster.StartAsync(1);
        await using var proxy = await TestProxy.StartAsync(cluster);
        using var client = proxy.Client();
        client.DefaultRequestHeaders.Add("Mjolnir-Learn", "1");

        for (var i = 0; i < 200; i++)
        {
            var (_, _, response) = await TestProxy.CallAsync(client, """{"args":["alice"]}""");
            Assert.False(response.Headers.Contains("Mjolnir-Keys"));
        }

        var asked = cluster.Servers[0].Calls.Count(static call => call.Headers.ContainsKey("Mjolnir-Learn"));
        Assert.InRange(asked, 32, 32 + 4);
    }

    [Fact]
    public async Task A_call_and_its_answer_pass_as_they_are()
    {
        await using var cluster = await FakeCluster.StartAsync(1);
        await using var proxy = await TestProxy.StartAsync(cluster);
        cluster.Servers[0].Call = static async (context, _) =>
        {
            context.Response.Headers["Server-Timing"] = "log;dur=2";
            context.Response.Headers.Append("Set-Cookie", "a=1; Path=/");
            context.Response.Headers.Append("Set-Cookie", "b=2");
            context.Response.Headers["X-Odd"] = "thing";
            await FakeAppServer.AnswerAsync(context, 409, """{"status":"aborted","reason":"nö"}""", "application/problem+json");
        };
        using var client = proxy.Client();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/_mjolnir/tx/a%20b?x=%26") { Content = TestProxy.Json("""{"args":["ä\u0041"]}""") };
        request.Headers.Host = "Bank.Example.com:8443";
        request.Headers.Add("Origin", "http://bank.example.com");
        request.Headers.Add("traceparent", "00-1-2-01");
        request.Headers.Add("X-Forwarded-For", "6.6.6.6");
        request.Headers.Add("Forwarded", "for=6.6.6.6");
        request.Headers.Add("Mjolnir-Proxy", "me");

        var response = await client.SendAsync(request);

        Assert.Equal(409, (int)response.StatusCode);
        Assert.Equal("""{"status":"aborted","reason":"nö"}""", await response.Content.ReadAsStringAsync());
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.ToString());
        Assert.Equal(["a=1; Path=/", "b=2"], response.Headers.GetValues("Set-Cookie"));
        Assert.Equal("thing", response.Headers.GetValues("X-Odd").Single());
        Assert.Matches("^log;dur=2, proxy;dur=[0-9.]+$", response.Headers.GetValues("Server-Timing").Single());
        var seen = Assert.Single(cluster.Servers[0].Calls);
        Assert.Equal("/_mjolnir/tx/a%20b?x=%26", seen.Target);
        Assert.Equal("""{"args":["ä\u0041"]}""", seen.Body);
        Assert.Equal("Bank.Example.com:8443", seen.Headers["Host"]);
        Assert.Equal("http://bank.example.com", seen.Headers["Origin"]);
        Assert.Equal("00-1-2-01", seen.Headers["traceparent"]);
        Assert.Equal("127.0.0.1", seen.Headers["X-Forwarded-For"]);
        Assert.Equal("http", seen.Headers["X-Forwarded-Proto"]);
        Assert.Equal("Bank.Example.com:8443", seen.Headers["X-Forwarded-Host"]);
        Assert.DoesNotContain("Forwarded", seen.Headers.Keys);
        Assert.DoesNotContain("Mjolnir-Proxy", seen.Headers.Keys);
    }

    [Fact]
    public async Task A_new_view_is_followed_at_once()
    {
        await using var cluster = await FakeCluster.StartAsync(2);
        await using var proxy = await TestProxy.StartAsync(cluster);
        using var client = proxy.Client();
        await proxy.LearnAsync(client);
        var key = cluster.KeyOf("s1");
        Assert.Equal("s1", (await TestProxy.CallAsync(client, $$"""{"args":["{{key}}","{{key}}"]}""")).Answer.GetProperty("result").GetString());

        cluster.Change(static one => one.GiveAllTo("s2"));

        await Eventually.TrueAsync(() => proxy.Logs.Lines.Any(static line => line.Text.StartsWith("bank: view 2", StringComparison.Ordinal)), "the proxy hears of view 2", seconds: 2);
        Assert.Equal("s2", (await TestProxy.CallAsync(client, $$"""{"args":["{{key}}","{{key}}"]}""")).Answer.GetProperty("result").GetString());
    }

    [Fact]
    public async Task A_users_pages_come_from_the_server_beside_the_users_row()
    {
        await using var cluster = await FakeCluster.StartAsync(3);
        await using var proxy = await TestProxy.StartAsync(cluster);
        using var client = proxy.Client();

        foreach (var server in new[] { "s1", "s2", "s3", "s1", "s2", "s3" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/a%2Fb/../c?q=%7e");
            request.Headers.Add("Cookie", TestProxy.Cookie(cluster.KeyOf(server)));
            Assert.Equal(server, await (await client.SendAsync(request)).Content.ReadAsStringAsync());
        }
    }

    [Fact]
    public async Task Everybody_elses_pages_are_shared_out()
    {
        await using var cluster = await FakeCluster.StartAsync(3);
        await using var proxy = await TestProxy.StartAsync(cluster);
        using var client = proxy.Client();

        for (var i = 0; i < 30; i++)
        {
            await client.GetStringAsync("/");
        }

        Assert.All(cluster.Servers, static server => Assert.Equal(10, server.Others.Count));
    }

    [Fact]
    public async Task A_page_passes_with_its_path_as_written_and_our_headers_only()
    {
        await using var cluster = await FakeCluster.StartAsync(1);
        await using var proxy = await TestProxy.StartAsync(cluster);

        var answer = await proxy.RawAsync("GET /a%2Fb/%7e;x?q=%41&r HTTP/1.1\r\nHost: bank:1\r\nX-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nMjolnir-Learn: 1\r\nX-Real-IP: 6\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 200", answer);
        var seen = Assert.Single(cluster.Servers[0].Others);
        Assert.Equal("/a%2Fb/%7e;x?q=%41&r", seen.Target);
        Assert.Equal("bank:1", seen.Headers["Host"]);
        Assert.Equal("127.0.0.1", seen.Headers["X-Forwarded-For"]);
        Assert.Equal("http", seen.Headers["X-Forwarded-Proto"]);
        Assert.DoesNotContain("Mjolnir-Learn", seen.Headers.Keys);
        Assert.DoesNotContain("X-Real-IP", seen.Headers.Keys);
    }

    [Fact]
    public async Task Health_and_status_are_the_proxys_own()
    {
        await using var cluster = await FakeCluster.StartAsync(2);
        await using var proxy = await TestProxy.StartAsync(cluster);
        using var client = proxy.Client();

        Assert.Equal("""{"live":true,"ready":true}""", await client.GetStringAsync("/_mjolnir/health"));
        Assert.Equal(401, (int)(await client.GetAsync("/_mjolnir/proxy/status")).StatusCode);
        client.DefaultRequestHeaders.Add("Authorization", "Bearer " + TestProxy.StatusToken);
        var status = JsonDocument.Parse(await client.GetStringAsync("/_mjolnir/proxy/status")).RootElement.GetProperty("applications")[0];
        Assert.Equal("bank", status.GetProperty("name").GetString());
        Assert.Equal(1, status.GetProperty("view").GetInt32());
        Assert.Equal(["s1:Ready:2048", "s2:Ready:2048"], status.GetProperty("servers").EnumerateArray().Select(static s => $"{s.GetProperty("name")}:{s.GetProperty("state")}:{s.GetProperty("slots")}"));
        Assert.Equal(405, (int)(await client.PostAsync("/_mjolnir/proxy/status", null)).StatusCode);
    }
}
