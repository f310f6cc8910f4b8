using System.Net.WebSockets;
using Mjolnir.AppServer.Tests.Http;

namespace Mjolnir.AppServer.Tests.Live;

/// <summary>Who may connect to /_mjolnir/live, and what ends a connection.</summary>
public sealed class LiveEndingTests
{
    [Fact]
    public async Task Signing_out_closes_the_sessions_connections_and_no_others()
    {
        await using var server = await TestServer.StartAsync();
        var (here, there) = (await server.CookieAsync("alice"), await server.CookieAsync("alice"));
        using var ended = await LiveClient.GreetedAsync(await server.LiveAsync(here));
        using var kept = await LiveClient.GreetedAsync(await server.LiveAsync(there));
        using var client = server.Client(cookies: false);
        client.DefaultRequestHeaders.Add("Cookie", here);

        await client.DeleteAsync("/_mjolnir/session");

        Assert.Equal(WebSocketCloseStatus.PolicyViolation, await ended.ClosedAsync());
        await kept.SendAsync("""{"type":"tx","n":1,"handler":"send"}""");
        Assert.Equal("committed", (await kept.NextAsync()).GetProperty("status").GetString());
    }

    [Fact]
    public async Task An_expired_session_calls_nothing_more()
    {
        var time = new ManualTime();
        await using var server = await TestServer.StartAsync(settings => settings.Time = time);
        using var client = await LiveClient.GreetedAsync(await server.LiveAsync(await server.CookieAsync("alice")));
        time.Advance(TimeSpan.FromDays(31));

        await client.SendAsync("""{"type":"tx","n":1,"handler":"send"}""");

        Assert.Equal(WebSocketCloseStatus.PolicyViolation, await client.ClosedAsync());
        Assert.Empty(server.Transactions.Calls);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("nonsense")]
    [InlineData("[[]]")]
    [InlineData("5")]
    [InlineData("""[{"type":"tx","n":1,"handler":"open"},{"type":"tx","args":5]""")]
    public async Task A_malformed_frame_ends_the_connection_and_runs_nothing(string frame)
    {
        await using var server = await TestServer.StartAsync();
        using var client = await LiveClient.GreetedAsync(await server.LiveAsync());

        await client.SendAsync(frame);

        Assert.Equal(WebSocketCloseStatus.InvalidPayloadData, await client.ClosedAsync());
        Assert.Empty(server.Transactions.Calls);
    }

    [Fact]
    public async Task Too_large_and_binary_messages_end_the_connection()
    {
        await using var server = await TestServer.StartAsync();
        using var large = await LiveClient.GreetedAsync(await server.LiveAsync());
        using var binary = await LiveClient.GreetedAsync(await server.LiveAsync());
        using var fits = await LiveClient.GreetedAsync(await server.LiveAsync());

        await large.SendAsync(new string(' ', AppServerLimits.BodyBytes + 1));
        await binary.Socket.SendAsync(new byte[10], WebSocketMessageType.Binary, endOfMessage: true, CancellationToken.None);
        await fits.SendAsync("""{"type":"tx","n":1,"handler":"open"}""".PadRight(AppServerLimits.BodyBytes - 1));

        Assert.Equal(WebSocketCloseStatus.MessageTooBig, await large.ClosedAsync());
        Assert.Equal(WebSocketCloseStatus.InvalidMessageType, await binary.ClosedAsync());
        Assert.Equal("committed", (await fits.NextAsync()).GetProperty("status").GetString());
    }

    [Fact]
    public async Task Only_our_own_pages_may_connect()
    {
        await using var server = await TestServer.StartAsync();

        await Assert.ThrowsAsync<WebSocketException>(() => server.LiveAsync(origin: "http://evil.example"));
        using var ours = new LiveClient(await server.LiveAsync(origin: $"http://{server.Url.Authority}"));
        Assert.Equal("hello", (await ours.NextAsync()).GetProperty("type").GetString());
        using var client = server.Client();
        Assert.Equal(400, (int)(await client.GetAsync("/_mjolnir/live")).StatusCode);
    }

    [Fact]
    public async Task One_user_has_a_limited_number_of_windows()
    {
        await using var server = await TestServer.StartAsync();
        var cookie = await server.CookieAsync("alice");
        var windows = new List<ClientWebSocket>();
        for (var i = 0; i < AppServerLimits.LiveConnectionsPerUser; i++)
        {
            windows.Add(await server.LiveAsync(cookie));
        }

        await Assert.ThrowsAsync<WebSocketException>(() => server.LiveAsync(cookie));
        using var bob = await server.LiveAsync(await server.CookieAsync("bob"));

        windows.ForEach(static window => window.Dispose());
    }
}
