using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Mjolnir.AppServer;
using Mjolnir.AppServer.Http;
using Mjolnir.Proxy;
using Mjolnir.Security.Tests.Target;

namespace Mjolnir.Security.Tests.Load;

/// <summary>One user, one address, one slow or greedy client takes no more than its share; the others are served.</summary>
public sealed class One_user_and_all_others
{
    [Fact]
    public async Task Calls_pages_and_live_pages_count_against_the_same_rate_and_others_go_on()
    {
        await using var own = new Disposable(await Site.StartAsync(new RateLimit(0.001, 10)));
        using var greedy = await own.Site.SignedUpAsync("greedy");
        using var other = await own.Site.SignedUpAsync("other");
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(200, (await greedy.GetAsync("/")).Code);
            Assert.Equal(200, (await greedy.CallAsync("ping")).Code);
        }

        var refused = await greedy.GetAsync("/");
        Assert.Equal(429, refused.Code);
        Assert.NotEmpty(refused.Headers["Retry-After"]);
        Assert.Equal(429, (await greedy.CallAsync("ping")).Code);
        Assert.Equal(429, (await greedy.CallAsync("spin")).Code);
        var (socket, _) = await greedy.LiveAsync();
        using (socket)
        {
            await Visitor.SayAsync(socket, """{"type":"tx","n":1,"handler":"ping"}""");
            Assert.Equal(429, (await Visitor.NextAsync(socket)).GetProperty("code").GetInt32());
            await Visitor.SayAsync(socket, """{"type":"page","page":"/index.html"}""");
            Assert.Equal(System.Text.Json.JsonValueKind.Undefined, (await Visitor.NextAsync(socket)).ValueKind);
            Assert.Equal("too many requests; wait a moment", socket.CloseStatusDescription);
        }

        Assert.Equal(200, (await other.GetAsync("/")).Code);
        Assert.Equal(200, (await other.CallAsync("ping")).Code);

        // Files cost nothing worth counting.
        Assert.Equal(200, (await greedy.GetAsync("/app.js")).Code);
    }

    [Fact]
    public async Task A_handler_that_never_ends_is_ended_and_paused_while_others_go_on()
    {
        await using var own = new Disposable(await Site.StartAsync());
        using var hostile = own.Site.Stranger();
        using var other = await own.Site.SignedUpAsync("patient");

        var first = await hostile.CallAsync("spin");
        Assert.Equal(409, first.Code);
        Assert.Contains("app.js", first.Text);
        var again = await hostile.CallAsync("spin");
        Assert.Equal(503, again.Code);
        Assert.NotEmpty(again.Headers["Retry-After"]);

        var began = Stopwatch.GetTimestamp();
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(200, (await other.CallAsync("ping")).Code);
        }

        Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task Slow_heads_and_slow_bodies_are_cut_off_while_others_are_served()
    {
        await using var own = new Disposable(await Site.StartAsync());
        var limit = AppServerLimits.RequestHeaders + AppServerLimits.BodyGrace + TimeSpan.FromSeconds(20);
        string[] begins =
        [
            "GET / HTTP/1.1\r\nHost: site\r\nX: ",
            "POST /_mjolnir/tx/ping HTTP/1.1\r\nHost: site\r\nContent-Type: application/json\r\nContent-Length: 50000\r\n\r\n",
            "POST /_mjolnir/tx/ping HTTP/1.1\r\nHost: site\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST /_mjolnir/session HTTP/1.1\r\nHost: site\r\nContent-Type: application/json\r\nContent-Length: 4000\r\n\r\n",
        ];
        var slow = own.Site.Both.SelectMany(url => begins.Select(begin => TrickleAsync(url, begin, limit))).ToList();
        using var visitor = own.Site.Stranger(own.Site.Proxy);
        while (!slow.TrueForAll(static each => each.IsCompleted))
        {
            Assert.Equal(200, (await visitor.CallAsync("ping")).Code);
            await Task.WhenAny(Task.WhenAll(slow), Task.Delay(TimeSpan.FromMilliseconds(200)));
        }

        Assert.All(await Task.WhenAll(slow), Assert.True);
        Assert.Empty(own.Site.Logs.Errors);
    }

    [Fact]
    public async Task Large_bodies_have_their_own_room_and_small_calls_find_theirs()
    {
        await using var own = new Disposable(await Site.StartAsync(proxyLimits: new ProxyLimits { LargeBodies = 2 }));
        var held = new List<TcpClient>();
        for (var i = 0; i < 2; i++)
        {
            var client = new TcpClient();
            held.Add(client);
            await client.ConnectAsync(own.Site.Proxy.Host, own.Site.Proxy.Port);
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes("POST /_mjolnir/tx/echo HTTP/1.1\r\nHost: site\r\nContent-Type: application/json\r\nContent-Length: 900000\r\n\r\n{"));
        }

        using var visitor = own.Site.Stranger(own.Site.Proxy);
        var large = new { args = new[] { new string('x', 100_000) } };
        await Eventually.TrueAsync(() => visitor.PostAsync("/_mjolnir/tx/echo", large).Result.Code == 503, "the room is taken");
        Assert.Equal(200, (await visitor.CallAsync("ping")).Code);

        held.ForEach(static client => client.Dispose());
        await Eventually.TrueAsync(() => visitor.PostAsync("/_mjolnir/tx/echo", large).Result.Code == 200, "there is room again");
    }

    [Fact]
    public async Task Refused_requests_fill_no_log()
    {
        await using var own = new Disposable(await Site.StartAsync(new RateLimit(0.001, 1)));
        using var visitor = own.Site.Stranger();
        await visitor.CallAsync("ping");
        var before = own.Site.Logs.Count;
        for (var i = 0; i < 200; i++)
        {
            await visitor.CallAsync("ping");
            await visitor.CallAsync("nope");
            await visitor.GetAsync("/nothing");
            await visitor.PostAsync("/_mjolnir/session", new { user = "x", password = "wrong password" }, ("Origin", "https://evil.example"));
        }

        Assert.InRange(own.Site.Logs.Count - before, 0, 20);
    }

    /// <summary>A byte every 200 ms until it is cut off. False if it never is.</summary>
    private static async Task<bool> TrickleAsync(Uri url, string begin, TimeSpan limit)
    {
        using var patience = new CancellationTokenSource(limit);
        using var client = new TcpClient();
        await client.ConnectAsync(url.Host, url.Port, patience.Token);
        var stream = client.GetStream();
        try
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(begin), patience.Token);
            var ended = EndAsync(stream, patience.Token);
            while (!ended.IsCompleted)
            {
                await stream.WriteAsync("1"u8.ToArray(), patience.Token);
                await Task.WhenAny(ended, Task.Delay(TimeSpan.FromMilliseconds(200), patience.Token));
                patience.Token.ThrowIfCancellationRequested();
            }

            await ended;
            return true;
        }
        catch (IOException)
        {
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static async Task EndAsync(NetworkStream stream, CancellationToken patience)
    {
        var buffer = new byte[1024];
        while (await stream.ReadAsync(buffer, patience) > 0)
        {
        }
    }
}
