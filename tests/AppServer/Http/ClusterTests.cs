using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Mjolnir.AppServer.Routing;
using Mjolnir.AppServer.Sessions;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Views;
using Mjolnir.Storage.Cluster;

namespace Mjolnir.AppServer.Tests.Http;

/// <summary>What a proxy asks and is told.</summary>
public sealed class ClusterTests
{
    private const string Token = "0123456789abcdef0123456789abcdef0123456789";

    private static readonly ClusterView View3 = View(3);

    [Fact]
    public async Task The_cluster_is_told_with_the_token_only()
    {
        var bus = new InProcessClusterBus();
        using var map = new ClusterMap("r", View3, bus, TimeProvider.System);
        bus.Tell(Beat("s1", "http://127.0.0.1:9001", ready: true));
        await using var server = await ServerAsync(map);
        using var client = server.Client();

        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync("/_mjolnir/cluster")).StatusCode);
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token);

        Assert.Equal(
            """{"version":"r-2","application":"bank","view":3,"slots":[[0,2047,"s1"],[2048,4095,"s2"]],"servers":[{"name":"s1","http":"http://127.0.0.1:9001","ready":true}]}""",
            await client.GetStringAsync("/_mjolnir/cluster"));
    }

    [Fact]
    public async Task A_poll_is_held_until_something_changes()
    {
        var bus = new InProcessClusterBus();
        using var map = new ClusterMap("r", View3, bus, TimeProvider.System);
        await using var server = await ServerAsync(map);
        using var client = AuthorizedClient(server);
        var version = map.Picture.Version;

        var poll = client.GetStringAsync($"/_mjolnir/cluster?since={version}");
        var early = await Task.WhenAny(poll, Task.Delay(200));
        map.Use(View(4));
        var told = JsonDocument.Parse(await poll).RootElement;

        Assert.NotSame(poll, early);
        Assert.Equal(4, told.GetProperty("view").GetInt64());
        Assert.NotEqual(version, told.GetProperty("version").GetString());
    }

    [Fact]
    public async Task A_poll_with_an_old_version_is_answered_at_once_and_stopping_ends_all_that_are_held()
    {
        using var map = new ClusterMap("r", View3, new InProcessClusterBus(), TimeProvider.System);
        await using var server = await ServerAsync(map);
        using var client = AuthorizedClient(server);

        await client.GetStringAsync("/_mjolnir/cluster?since=older");
        var held = client.GetAsync($"/_mjolnir/cluster?since={map.Picture.Version}");
        await Task.WhenAny(held, Task.Delay(100));
        Assert.False(held.IsCompleted);
        var began = Stopwatch.StartNew();
        await server.Http.StopAsync(CancellationToken.None);

        Assert.Equal(HttpStatusCode.OK, (await held).StatusCode);
        Assert.True(began.Elapsed < TimeSpan.FromSeconds(20), $"{began.Elapsed}");
    }

    [Fact]
    public async Task A_server_that_is_alone_tells_no_cluster()
    {
        await using var server = await TestServer.StartAsync();
        using var client = server.Client();

        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync("/_mjolnir/cluster")).StatusCode);
    }

    [Fact]
    public async Task A_trusted_proxy_that_wants_to_learn_is_told_the_keys()
    {
        string[] touched = ["alice", "bob", "alice", "a,b", "ünï", .. Enumerable.Range(0, 20).Select(i => $"k{i}")];
        await using var server = await TestServer.StartAsync();
        server.Transactions.Run = call => new(new TransactionAnswer { Status = TransactionStatus.Committed, Touched = call.WantsKeys ? touched : [] });
        using var client = server.Client();
        using var learning = new HttpRequestMessage(HttpMethod.Post, "/_mjolnir/tx/open") { Content = TestServer.Json(new { }) };
        learning.Headers.Add("Mjolnir-Learn", "1");

        var told = await client.SendAsync(learning);
        var untold = await client.PostAsync("/_mjolnir/tx/open", TestServer.Json(new { }));

        Assert.Equal("alice,bob,a%2Cb,%C3%BCn%C3%AF,k0,k1,k2,k3", told.Headers.GetValues("Mjolnir-Keys").Single());
        Assert.False(untold.Headers.Contains("Mjolnir-Keys"));
    }

    [Fact]
    public async Task Keys_that_are_long_together_are_told_as_far_as_they_fit()
    {
        await using var server = await TestServer.StartAsync();
        server.Transactions.Run = _ => new(new TransactionAnswer { Status = TransactionStatus.Committed, Touched = [new string('a', 600), new string('b', 600)] });
        using var client = server.Client();

        var told = await client.PostAsync("/_mjolnir/tx/open", TestServer.Json(new { }));

        Assert.Equal(new string('a', 600), told.Headers.GetValues("Mjolnir-Keys").Single());
    }

    [Fact]
    public async Task Nobody_else_is_told_keys_and_forwarded_headers_of_others_are_ignored()
    {
        await using var server = await TestServer.StartAsync(settings => settings.TrustedProxies = []);
        server.Transactions.Run = call => new(new TransactionAnswer { Status = TransactionStatus.Committed, Touched = call.WantsKeys ? ["secret"] : [] });
        using var client = server.Client();
        client.DefaultRequestHeaders.Add("Mjolnir-Learn", "1");
        client.DefaultRequestHeaders.Add("X-Forwarded-Proto", "https");

        var answer = await client.PostAsync("/_mjolnir/tx/open", TestServer.Json(new { }));
        var session = await client.PostAsync("/_mjolnir/session", TestServer.Json(new { user = "alice", password = "" }));

        Assert.False(answer.Headers.Contains("Mjolnir-Keys"));
        Assert.DoesNotContain("Secure", session.Headers.GetValues("Set-Cookie").Single());
    }

    [Fact]
    public async Task Behind_a_trusted_proxy_cookies_are_secure_where_the_outside_is_https_and_http_pages_are_another_site()
    {
        await using var server = await TestServer.StartAsync();
        using var client = server.Client();
        client.DefaultRequestHeaders.Add("X-Forwarded-Proto", "https");
        var session = await client.PostAsync("/_mjolnir/session", TestServer.Json(new { user = "alice", password = "" }));
        client.DefaultRequestHeaders.Add("Origin", $"http://{server.Url.Authority}");
        var foreign = await client.PostAsync("/_mjolnir/tx/open", TestServer.Json(new { }));

        Assert.Contains("; Secure", session.Headers.GetValues("Set-Cookie").Single());
        Assert.Equal(HttpStatusCode.Forbidden, foreign.StatusCode);
    }

    [Fact]
    public async Task A_refusal_that_another_server_could_do_better_says_so()
    {
        await using var server = await TestServer.StartAsync();
        using var client = server.Client();
        server.Transactions.Run = _ => new(new TransactionAnswer { Status = TransactionStatus.Unavailable, RetryElsewhere = true });
        var elsewhere = await client.PostAsync("/_mjolnir/tx/open", TestServer.Json(new { }));
        server.Transactions.Run = _ => new(new TransactionAnswer { Status = TransactionStatus.Unavailable });
        var here = await client.PostAsync("/_mjolnir/tx/open", TestServer.Json(new { }));

        Assert.Equal("elsewhere", elsewhere.Headers.GetValues("Mjolnir-Retry").Single());
        Assert.False(here.Headers.Contains("Mjolnir-Retry"));
    }

    private static Task<TestServer> ServerAsync(ClusterMap map) => TestServer.StartAsync(settings =>
    {
        settings.Cluster = map;
        settings.Secrets = SecretsFile.FromValues([Convert.ToBase64String(new byte[32])], Token, Token);
    });

    private static HttpClient AuthorizedClient(TestServer server)
    {
        var client = server.Client();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token);
        return client;
    }

    private static ServerBeat Beat(string name, string http, bool ready) => new(name, "run", http, "", "", "", 0, 3, ready, false, []);

    private static ClusterView View(long number) => new(
        number,
        [new ShardDescription("s1", "a"), new ShardDescription("s2", "b")],
        [new SlotRange(0, (Slots.Count / 2) - 1, 0, 1), new SlotRange(Slots.Count / 2, Slots.Count - 1, 1, 1)],
        []);
}
