using System.Net;
using Microsoft.AspNetCore.Http;

namespace Mjolnir.Proxy.Tests;

/// <summary>Servers that die, refuse, break off or freeze.</summary>
public sealed class PassingOnTests
{
    private static readonly ProxyLimits Quick = new() { Probe = TimeSpan.FromMilliseconds(100), ProbePatience = TimeSpan.FromMilliseconds(200), Call = TimeSpan.FromSeconds(20) };

    [Fact]
    public async Task Calls_go_on_while_a_server_is_killed_and_comes_back()
    {
        await using var cluster = await FakeCluster.StartAsync(2);
        await using var proxy = await TestProxy.StartAsync(cluster);
        using var client = proxy.Client();
        await proxy.LearnAsync(client);
        using var stop = new CancellationTokenSource();
        var codes = new System.Collections.Concurrent.ConcurrentQueue<int>();
        var clients = Enumerable.Range(0, 8).Select(n => Task.Run(async () =>
        {
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                codes.Enqueue((await TestProxy.CallAsync(client, $$"""{"id":"{{n}}-{{i}}","args":["a{{i}}","b{{i}}",1]}""")).Code);
            }
        })).ToArray();

        await Eventually.TrueAsync(() => codes.Count > 200, "calls run");
        await cluster.Servers[0].KillAsync();
        var killed = codes.Count;
        await Eventually.TrueAsync(() => codes.Count > killed + 400, "calls run on");
        await cluster.Servers[0].StartAsync();
        var before = cluster.Servers[0].Calls.Count;
        await Eventually.TrueAsync(() => cluster.Servers[0].Calls.Count > before + 50, "the server is used again", seconds: 5);
        await stop.CancelAsync();
        await Task.WhenAll(clients);

        Assert.All(codes, static code => Assert.Equal(200, code));
        Assert.Empty(proxy.Logs.Errors);
    }

    [Fact]
    public async Task A_server_that_cannot_be_reached_is_passed_over_without_any_id()
    {
        await using var cluster = await FakeCluster.StartAsync(2);
        await using var proxy = await TestProxy.StartAsync(cluster);
        using var client = proxy.Client();
        await proxy.LearnAsync(client);
        var key = cluster.KeyOf("s1");
        await cluster.Servers[0].KillAsync();

        for (var i = 0; i < 20; i++)
        {
            var (code, answer, _) = await TestProxy.CallAsync(client, $$"""{"args":["{{key}}","{{key}}"]}""");
            Assert.Equal((200, "s2"), (code, answer.GetProperty("result").GetString()));
            Assert.Equal("s2", await client.GetStringAsync("/"));
        }

        await cluster.Servers[0].StartAsync();
        await Eventually.TrueAsync(() => client.GetStringAsync("/").Result == "s1", "the server is used again", seconds: 5);
    }

    [Fact]
    public async Task A_call_without_id_whose_server_breaks_off_is_unknown_and_not_sent_again()
    {
        await using var cluster = await FakeCluster.StartAsync(2);
        await using var proxy = await TestProxy.StartAsync(cluster);
        using var client = proxy.Client();
        await proxy.LearnAsync(client);
        cluster.Servers.ForEach(static server => server.Call = BreakOffAsync);
        var before = cluster.Servers.Sum(static server => server.Calls.Count);

        var (code, answer, _) = await TestProxy.CallAsync(client, """{"args":["x","y"]}""");

        Assert.Equal((504, "unknown"), (code, answer.GetProperty("status").GetString()));
        Assert.False(answer.TryGetProperty("id", out _));
        Assert.Equal(before + 1, cluster.Servers.Sum(static server => server.Calls.Count));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_call_with_id_whose_server_breaks_off_is_sent_elsewhere(bool halfAnAnswer)
    {
        await using var cluster = await FakeCluster.StartAsync(2);
        await using var proxy = await TestProxy.StartAsync(cluster);
        using var client = proxy.Client();
        await proxy.LearnAsync(client);
        var key = cluster.KeyOf("s1");
        cluster.Servers[0].Call = halfAnAnswer ? HalfAsync : BreakOffAsync;

        var (code, answer, _) = await TestProxy.CallAsync(client, $$"""{"id":"7","args":["{{key}}","{{key}}"]}""");

        Assert.Equal((200, "s2"), (code, answer.GetProperty("result").GetString()));
        Assert.Equal(cluster.Servers[0].Calls.Last().Body, cluster.Servers[1].Calls.Last().Body);
    }

    [Fact]
    public async Task A_call_with_id_that_breaks_off_everywhere_is_unknown_with_its_id()
    {
        await using var cluster = await FakeCluster.StartAsync(2);
        await using var proxy = await TestProxy.StartAsync(cluster);
        using var client = proxy.Client();
        cluster.Servers.ForEach(static server => server.Call = BreakOffAsync);

        var (code, answer, _) = await TestProxy.CallAsync(client, """{"id":"a\u0041","args":["x","y"]}""");

        Assert.Equal((504, "unknown", "aA"), (code, answer.GetProperty("status").GetString(), answer.GetProperty("id").GetString()));
        Assert.All(cluster.Servers, static server => Assert.Single(server.Calls));
    }

    [Fact]
    public async Task After_a_server_broke_off_no_other_can_say_that_nothing_happened()
    {
        await using var cluster = await FakeCluster.StartAsync(2);
        await using var proxy = await TestProxy.StartAsync(cluster);
        using var client = proxy.Client();
        await proxy.LearnAsync(client);
        var key = cluster.KeyOf("s1");
        cluster.Servers[0].Call = BreakOffAsync;
        cluster.Servers[1].Call = static (context, _) => RefuseAsync(context, elsewhere: false);

        var (code, answer, _) = await TestProxy.CallAsync(client, $$"""{"id":"7","args":["{{key}}","{{key}}"]}""");

        Assert.Equal((504, "unknown"), (code, answer.GetProperty("status").GetString()));
    }

    [Fact]
    public async Task A_server_that_says_elsewhere_is_obeyed()
    {
        await using var cluster = await FakeCluster.StartAsync(2);
        await using var proxy = await TestProxy.StartAsync(cluster);
        using var client = proxy.Client();
        await proxy.LearnAsync(client);
        var key = cluster.KeyOf("s1");
        cluster.Servers[0].Call = static (context, _) => RefuseAsync(context, elsewhere: true);
        cluster.Servers[0].Page = static context => RefuseAsync(context, elsewhere: true);

        var (code, answer, _) = await TestProxy.CallAsync(client, $$"""{"args":["{{key}}","{{key}}"]}""");

        Assert.Equal((200, "s2"), (code, answer.GetProperty("result").GetString()));
        Assert.Equal(["s2", "s2"], [await client.GetStringAsync("/"), await client.GetStringAsync("/")]);
    }

    [Fact]
    public async Task When_all_say_elsewhere_the_last_answer_is_given()
    {
        await using var cluster = await FakeCluster.StartAsync(2);
        await using var proxy = await TestProxy.StartAsync(cluster);
        using var client = proxy.Client();
        cluster.Servers.ForEach(static server => server.Call = static (context, _) => RefuseAsync(context, elsewhere: true));
        cluster.Servers.ForEach(static server => server.Page = static context => RefuseAsync(context, elsewhere: true));

        var (code, answer, response) = await TestProxy.CallAsync(client, """{"args":["x","y"]}""");
        var page = await client.GetAsync("/");

        Assert.Equal((503, "closed"), (code, answer.GetProperty("reason").GetString()));
        Assert.Equal("3", response.Headers.GetValues("Retry-After").Single());
        Assert.False(response.Headers.Contains("Mjolnir-Retry"));
        Assert.All(cluster.Servers, static server => Assert.Single(server.Calls));
        Assert.Equal(503, (int)page.StatusCode);
        Assert.Contains("closed", await page.Content.ReadAsStringAsync());
        Assert.False(page.Headers.Contains("Mjolnir-Retry"));
        Assert.All(cluster.Servers, static server => Assert.Single(server.Others));
    }

    [Fact]
    public async Task Any_other_refusal_is_an_answer()
    {
        await using var cluster = await FakeCluster.StartAsync(2);
        await using var proxy = await TestProxy.StartAsync(cluster);
        using var client = proxy.Client();
        cluster.Servers.ForEach(static server => server.Call = static (context, _) => RefuseAsync(context, elsewhere: false));

        Assert.Equal(503, (await TestProxy.CallAsync(client, """{"id":"1","args":["x","y"]}""")).Code);

        Assert.Equal(1, cluster.Servers.Sum(static server => server.Calls.Count));
    }

    [Fact]
    public async Task Without_any_server_there_is_a_503_and_a_time_to_come_back()
    {
        await using var cluster = await FakeCluster.StartAsync(1);
        await cluster.Servers[0].KillAsync();
        await using var proxy = await TestProxy.StartAsync(TestProxy.Options(cluster), waitUntilReady: false);
        using var client = proxy.Client();

        var (code, answer, response) = await TestProxy.CallAsync(client, "{}");
        Assert.Equal((503, "refused"), (code, answer.GetProperty("status").GetString()));
        Assert.Equal("1", response.Headers.GetValues("Retry-After").Single());
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync("/")).StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync("/_mjolnir/health")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/_mjolnir/health/live")).StatusCode);

        await cluster.Servers[0].StartAsync();
        await Eventually.TrueAsync(() => proxy.Server.IsReady, "the server is found", seconds: 5);
        Assert.Equal(200, (await TestProxy.CallAsync(client, """{"args":["x"]}""")).Code);
    }

    [Fact]
    public async Task A_frozen_server_is_left_alone_and_its_calls_with_ids_are_answered_elsewhere()
    {
        await using var cluster = await FakeCluster.StartAsync(2);
        await using var proxy = await TestProxy.StartAsync(cluster, Quick);
        using var client = proxy.Client();
        await proxy.LearnAsync(client);
        var key = cluster.KeyOf("s1");

        cluster.Servers[0].IsFrozen = true;
        var waiting = TestProxy.CallAsync(client, $$"""{"id":"7","args":["{{key}}","{{key}}"]}""");
        var hopeless = TestProxy.CallAsync(client, $$"""{"args":["{{key}}","{{key}}"]}""");
        await Eventually.TrueAsync(() => cluster.Servers[0].FrozenCalls == 2, "both calls are under way");
        cluster.Change(static one => one.NotReady.Add("s1"));

        Assert.Equal("s2", (await waiting.WaitAsync(TimeSpan.FromSeconds(15))).Answer.GetProperty("result").GetString());
        Assert.Equal(504, (await hopeless.WaitAsync(TimeSpan.FromSeconds(15))).Code);
        Assert.Equal("s2", (await TestProxy.CallAsync(client, $$"""{"args":["{{key}}","{{key}}"]}""")).Answer.GetProperty("result").GetString());
    }

    [Fact]
    public async Task A_call_that_takes_too_long_is_unknown()
    {
        await using var cluster = await FakeCluster.StartAsync(1);
        await using var proxy = await TestProxy.StartAsync(cluster, new ProxyLimits { Call = TimeSpan.FromMilliseconds(300) });
        using var client = proxy.Client();
        cluster.Servers[0].Call = static (context, _) => Task.Delay(Timeout.Infinite, context.RequestAborted);

        var (code, answer, _) = await TestProxy.CallAsync(client, """{"id":"7"}""");

        Assert.Equal((504, "unknown", "7"), (code, answer.GetProperty("status").GetString(), answer.GetProperty("id").GetString()));
    }

    [Fact]
    public async Task A_server_that_is_told_not_to_be_ready_gets_nothing_new()
    {
        await using var cluster = await FakeCluster.StartAsync(2);
        await using var proxy = await TestProxy.StartAsync(cluster, new ProxyLimits { Probe = TimeSpan.FromSeconds(30) });
        using var client = proxy.Client();
        await Eventually.TrueAsync(() => cluster.Servers.TrueForAll(static server => server.Asked > 0), "each server was asked once");

        cluster.Servers[0].IsReady = false;
        cluster.Change(static _ => { });

        await Eventually.TrueAsync(() => proxy.Logs.Lines.Any(static line => line.Text.Contains("s1", StringComparison.Ordinal) && line.Text.EndsWith("is not ready.", StringComparison.Ordinal)), "the proxy hears of it", seconds: 2);
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal("s2", await client.GetStringAsync("/"));
        }
    }

    /// <summary>At a start, and while RabbitMQ is away, servers hear each other or not: the last word won, and a server was ready and not ready ten times a second.</summary>
    [Fact]
    public async Task A_server_that_says_that_it_is_ready_gets_calls_whatever_others_tell()
    {
        await using var cluster = await FakeCluster.StartAsync(2);
        await using var proxy = await TestProxy.StartAsync(cluster);
        using var client = proxy.Client();
        await Eventually.TrueAsync(() => cluster.Servers.TrueForAll(static server => server.Asked > 0), "each server was asked once");
        cluster.Change(static one => one.GiveAllTo("s2"));

        await TellTurnAndTurnAboutAsync(cluster, cluster.NotReady, "s2");

        Assert.DoesNotContain(proxy.Logs.Lines, static line => line.Text.EndsWith("is not ready.", StringComparison.Ordinal));
        await proxy.LearnAsync(client);
        Assert.Equal("s2", (await TestProxy.CallAsync(client, """{"args":["a","b",1]}""")).Answer.GetProperty("result").GetString());
    }

    [Fact]
    public async Task A_server_that_says_that_it_is_not_ready_gets_no_calls_whatever_others_tell()
    {
        await using var cluster = await FakeCluster.StartAsync(2);
        cluster.Servers[1].IsReady = false;
        await using var proxy = await TestProxy.StartAsync(cluster);
        using var client = proxy.Client();
        await Eventually.TrueAsync(() => cluster.Servers.TrueForAll(static server => server.Asked > 0), "each server was asked once");
        cluster.Change(static one => one.GiveAllTo("s2"));

        await TellTurnAndTurnAboutAsync(cluster, cluster.ToldReady, "s2");
        await proxy.LearnAsync(client);

        Assert.Empty(cluster.Servers[1].Calls);
        Assert.DoesNotContain(proxy.Logs.Lines, line => line.Text == $"Server s2 at {cluster.Servers[1].Url} is ready.");
    }

    [Fact]
    public async Task A_sign_in_that_breaks_off_is_not_sent_twice()
    {
        await using var cluster = await FakeCluster.StartAsync(2);
        await using var proxy = await TestProxy.StartAsync(cluster);
        using var client = proxy.Client();
        cluster.Servers.ForEach(static server => server.Page = static context => BreakOffAsync(context, ""));

        var response = await client.PostAsync("/_mjolnir/session", TestProxy.Json("""{"user":"a"}"""));

        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        Assert.Equal(1, cluster.Servers.Sum(static server => server.Others.Count));
    }

    [Fact]
    public async Task A_page_that_breaks_off_comes_from_elsewhere()
    {
        await using var cluster = await FakeCluster.StartAsync(2);
        await using var proxy = await TestProxy.StartAsync(cluster);
        using var client = proxy.Client();
        cluster.Servers[0].Page = static context => BreakOffAsync(context, "");

        Assert.Equal(["s2", "s2"], [await client.GetStringAsync("/"), await client.GetStringAsync("/")]);
        Assert.NotEmpty(cluster.Servers[0].Others);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx")]
    [InlineData("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("SSH-2.0-OpenSSH\r\n\r\n")]
    public void What_no_app_server_says_is_no_answer(string text) =>
        Assert.Equal(Servers.HeadState.Broken, Servers.AnswerHead.Read(System.Text.Encoding.ASCII.GetBytes(text), out _));

    private static Task BreakOffAsync(HttpContext context, string body)
    {
        context.Abort();
        return Task.CompletedTask;
    }

    private static async Task HalfAsync(HttpContext context, string body)
    {
        context.Response.ContentLength = 100;
        await context.Response.WriteAsync("half");
        await context.Response.Body.FlushAsync();
        context.Abort();
    }

    private static Task RefuseAsync(HttpContext context, bool elsewhere)
    {
        if (elsewhere)
        {
            context.Response.Headers["Mjolnir-Retry"] = "elsewhere";
        }

        context.Response.Headers.RetryAfter = "3";
        return FakeAppServer.AnswerAsync(context, 503, """{"status":"refused","reason":"closed"}""", "application/problem+json");
    }

    /// <summary>Ten times: the server is told as the list means, and as it says itself.</summary>
    private static async Task TellTurnAndTurnAboutAsync(FakeCluster cluster, HashSet<string> list, string server)
    {
        for (var turns = 0; turns < 20; turns++)
        {
            var told = Volatile.Read(ref cluster.Told);
            cluster.Change(_ => Turn(list, server));
            await Eventually.TrueAsync(() => Volatile.Read(ref cluster.Told) > told, "the proxy hears of it");
        }
    }

    private static void Turn(HashSet<string> list, string server)
    {
        if (!list.Remove(server))
        {
            list.Add(server);
        }
    }
}
