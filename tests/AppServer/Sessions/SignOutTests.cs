using System.Net;
using System.Net.WebSockets;
using Mjolnir.AppServer.Tests.Committing;
using Mjolnir.AppServer.Tests.Http;
using Mjolnir.AppServer.Tests.Live;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Keys;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Pages;

namespace Mjolnir.AppServer.Tests.Sessions;

/// <summary>Signing out holds on every server of a cluster, and after restarts.</summary>
public sealed class SignOutTests
{
    private const string Session = "/_mjolnir/session";
    private const string Nobody = "\"user\":null";

    /// <summary>News of a changed row take milliseconds.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_sign_out_at_one_server_holds_at_the_other_closes_its_connections_and_outlives_restarts()
    {
        await using var cluster = await new ProtocolCluster().StartAsync();
        await using var here = await TestServer.StartAsync(settings => settings.Router = new At(cluster.A));
        await using var there = await TestServer.StartAsync(settings => (settings.Router, settings.SecretsFolder) = (new At(cluster.B), here.Folder));
        var (cookie, kept) = (await here.CookieAsync("alice"), await there.CookieAsync("alice"));
        using var atHere = ClientOf(here, cookie);
        using var atThere = ClientOf(there, cookie);
        using var window = await LiveClient.GreetedAsync(await there.LiveAsync(cookie));
        Assert.Contains("alice", await atThere.GetStringAsync(Session));

        Assert.Equal(HttpStatusCode.NoContent, (await atHere.DeleteAsync(Session)).StatusCode);

        Assert.Contains(Nobody, await atHere.GetStringAsync(Session));
        Assert.Equal(WebSocketCloseStatus.PolicyViolation, await window.ClosedAsync());
        Assert.Contains(Nobody, await atThere.GetStringAsync(Session));

        await using var restarted = await TestServer.StartAsync(settings => (settings.Router, settings.SecretsFolder) = (new At(cluster.B), here.Folder));
        using var afterwards = ClientOf(restarted, cookie);
        using var otherBrowser = ClientOf(restarted, kept);
        Assert.Contains(Nobody, await afterwards.GetStringAsync(Session));
        Assert.Contains("alice", await otherBrowser.GetStringAsync(Session));
    }

    [Fact]
    public async Task A_sign_out_whose_news_are_lost_is_noticed_within_a_minute()
    {
        var (time, rows) = (new ManualTime(), new ShakyRows { Deaf = true });
        await using var here = await TestServer.StartAsync(settings => (settings.Router, settings.Time) = (rows, time));
        await using var there = await TestServer.StartAsync(settings => (settings.Router, settings.Time, settings.SecretsFolder) = (rows, time, here.Folder));
        var cookie = await here.CookieAsync("alice");
        using var atHere = ClientOf(here, cookie);
        using var atThere = ClientOf(there, cookie);
        await atThere.GetStringAsync(Session);
        await atHere.DeleteAsync(Session);
        Assert.Contains("alice", await atThere.GetStringAsync(Session));

        time.Advance(AppServerLimits.SessionCheck);

        Assert.Contains(Nobody, await atThere.GetStringAsync(Session));
    }

    [Fact]
    public async Task A_session_in_use_is_looked_up_once_a_minute_and_no_more()
    {
        var (time, rows) = (new ManualTime(), new ShakyRows());
        await using var server = await TestServer.StartAsync(settings => (settings.Router, settings.Time) = (rows, time));
        using var alice = ClientOf(server, await server.CookieAsync("alice"));
        await alice.GetStringAsync(Session);
        var before = rows.Reads;

        for (var i = 0; i < 100; i++)
        {
            await alice.PostAsync("/_mjolnir/tx/send", TestServer.Text("{}"));
        }

        Assert.Equal(before, rows.Reads);
        time.Advance(AppServerLimits.SessionCheck);
        await alice.GetStringAsync(Session);
        Assert.Equal(before + 1, rows.Reads);
    }

    [Fact]
    public async Task While_the_row_cannot_be_read_a_known_session_goes_on_and_an_unknown_one_is_told_to_come_back()
    {
        var (time, rows) = (new ManualTime(), new ShakyRows());
        await using var server = await TestServer.StartAsync(settings => (settings.Router, settings.Time) = (rows, time));
        using var known = ClientOf(server, await server.CookieAsync("alice"));
        using var unknown = ClientOf(server, await server.CookieAsync("bob"));
        await known.GetStringAsync(Session);
        rows.Broken = true;
        time.Advance(AppServerLimits.SessionCheck);

        Assert.Contains("alice", await known.GetStringAsync(Session));
        foreach (var path in (string[])[Session, "/live.html"])
        {
            var refused = await unknown.GetAsync(path);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            Assert.True(refused.Headers.Contains("Retry-After"));
        }

        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await unknown.PostAsync("/_mjolnir/tx/send", TestServer.Text("{}"))).StatusCode);
        await Assert.ThrowsAsync<WebSocketException>(() => server.LiveAsync(unknown.DefaultRequestHeaders.GetValues("Cookie").Single()));
        rows.Broken = false;
        Assert.Contains("bob", await unknown.GetStringAsync(Session));
        Assert.Empty(server.Logs.Errors);
    }

    [Fact]
    public async Task A_sign_out_that_cannot_be_written_is_refused_and_can_be_tried_again()
    {
        var rows = new ShakyRows();
        await using var server = await TestServer.StartAsync(settings => settings.Router = rows);
        using var alice = ClientOf(server, await server.CookieAsync("alice"));
        await alice.GetStringAsync(Session);
        rows.Broken = true;

        var refused = await alice.DeleteAsync(Session);
        rows.Broken = false;

        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.False(refused.Headers.Contains("Set-Cookie"));
        Assert.Contains("alice", await alice.GetStringAsync(Session));
        Assert.Equal(HttpStatusCode.NoContent, (await alice.DeleteAsync(Session)).StatusCode);
        Assert.Contains(Nobody, await alice.GetStringAsync(Session));
    }

    [Fact]
    public async Task News_of_a_sign_out_that_cannot_be_followed_up_at_once_are_followed_up_when_rows_can_be_read_again()
    {
        var rows = new ShakyRows();
        await using var here = await TestServer.StartAsync(settings => settings.Router = rows);
        await using var there = await TestServer.StartAsync(settings => (settings.Router, settings.SecretsFolder) = (rows, here.Folder));
        var cookie = await here.CookieAsync("alice");
        using var atHere = ClientOf(here, cookie);
        using var window = await LiveClient.GreetedAsync(await there.LiveAsync(cookie));
        await atHere.GetStringAsync(Session);
        rows.FailReads(2);

        Assert.Equal(HttpStatusCode.NoContent, (await atHere.DeleteAsync(Session)).StatusCode);

        Assert.Equal(WebSocketCloseStatus.PolicyViolation, await window.ClosedAsync().WaitAsync(Patience));
    }

    private static HttpClient ClientOf(TestServer server, string cookie)
    {
        var client = server.Client(cookies: false);
        client.DefaultRequestHeaders.Add("Cookie", cookie);
        return client;
    }

    /// <summary>Everything is run by one server, which reaches every shard.</summary>
    private sealed class At(ITransactions server) : ITransactionRouter
    {
        public ITransactions Any => server;

        public ITransactions Route(TransactionCall call) => server;

        public ITransactions Beside(RowKey key) => server;
    }

    /// <summary>Rows whose shard can be healing, and whose news can be lost.</summary>
    private sealed class ShakyRows : ITransactions, ITransactionRouter
    {
        private readonly FakeTransactions _rows = new();
        private int _failingReads;
        private int _reads;

        public bool Broken { get; set; }

        public bool Deaf { get; init; }

        public int Reads => Volatile.Read(ref _reads);

        public ITransactions Any => this;

        public void FailReads(int count) => Volatile.Write(ref _failingReads, count);

        public ITransactions Route(TransactionCall call) => this;

        public ITransactions Beside(RowKey key) => this;

        public ValueTask<TransactionAnswer> RunAsync(TransactionCall call, CancellationToken cancellationToken) => _rows.RunAsync(call, cancellationToken);

        public ValueTask<RenderedTemplates?> RenderAsync(Application application, Page page, string? user, CancellationToken cancellationToken) => _rows.RenderAsync(application, page, user, cancellationToken);

        public ValueTask<TransactionStatus> RunBuiltInAsync(BuiltInStep step, CancellationToken cancellationToken) =>
            Broken ? new(TransactionStatus.Unavailable) : _rows.RunBuiltInAsync(step, cancellationToken);

        public ValueTask<Document?> ReadAsync(RowKey key, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _reads);
            return Broken || Interlocked.Decrement(ref _failingReads) >= 0 ? throw new TimeoutException("The row's shard is healing.") : _rows.ReadAsync(key, cancellationToken);
        }

        public IDisposable OnChanged(Action<IReadOnlyList<RowKey>> changed) => _rows.OnChanged(Deaf ? static _ => { } : changed);
    }
}
