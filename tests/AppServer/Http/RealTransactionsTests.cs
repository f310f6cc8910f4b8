using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Mjolnir.AppServer.Http;
using Mjolnir.AppServer.Tests.Committing;
using Mjolnir.AppServer.Tests.Live;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Keys;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Engine;
using Mjolnir.Scripting.Pages;

namespace Mjolnir.AppServer.Tests.Http;

/// <summary>The front over real transactions: two servers, two shards, every answer durable. Only the scripts are ours.</summary>
public sealed class RealTransactionsTests
{
    [Fact]
    public async Task Users_sign_up_call_and_see_what_the_others_did()
    {
        await using var cluster = await new ProtocolCluster().WithEngine(static () => new Counting()).StartAsync();
        await using var server = await TestServer.StartAsync(settings => (settings.Router, settings.SignIn) = (new Alternating(cluster), SignInMode.Password));
        using var alice = await SignedUpAsync(server, "alice");
        using var bob = await SignedUpAsync(server, "bob");
        using var watcher = await LiveClient.GreetedAsync(await server.LiveAsync());
        await watcher.SendAsync("""{"type":"page","page":"/live.html"}""");
        await watcher.NextAsync();
        const int Each = 50;

        var codes = await Task.WhenAll(Enumerable.Range(0, Each).SelectMany(_ => new[] { CallAsync(alice), CallAsync(bob) }));
        await watcher.SendAsync($"[{string.Join(',', Enumerable.Range(0, Each).Select(n => $$"""{"type":"tx","n":{{n}},"handler":"open"}"""))}]");

        Assert.All(codes, code => Assert.Equal(HttpStatusCode.OK, code));
        var answers = 0;
        var seen = "";
        while (answers < Each || seen != $"{Each * 3}")
        {
            var message = await watcher.NextAsync();
            if (message.TryGetProperty("n", out _))
            {
                Assert.Equal("committed", message.GetProperty("status").GetString());
                answers++;
            }
            else if (message.GetProperty("values").TryGetProperty("0", out var value))
            {
                seen = value.GetString();
            }
        }

        Assert.Contains($"<p>{Each * 3}</p>", await alice.GetStringAsync("/live.html"));
        Assert.Empty(server.Logs.Errors);
    }

    [Fact]
    public async Task The_same_id_of_the_same_user_counts_once_over_POST_and_WebSocket()
    {
        await using var cluster = await new ProtocolCluster().WithEngine(static () => new Counting()).StartAsync();
        await using var server = await TestServer.StartAsync(settings => settings.Router = new Alternating(cluster));
        using var alice = await server.SignedInAsync("alice");
        using var live = await LiveClient.GreetedAsync(await server.LiveAsync(await server.CookieAsync("alice")));

        var results = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            var response = await alice.PostAsync("/_mjolnir/tx/send", TestServer.Text("""{"id":"once"}"""));
            results.Add(JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("result").GetRawText());
            await live.SendAsync("""{"type":"tx","n":1,"id":"once","handler":"send"}""");
            results.Add((await live.NextAsync()).GetProperty("result").GetRawText());
        }

        Assert.All(results, result => Assert.Equal("1", result));
        Assert.Contains("<p>1</p>", await alice.GetStringAsync("/live.html"));
    }

    private static async Task<HttpClient> SignedUpAsync(TestServer server, string user)
    {
        var client = server.Client();
        Assert.Equal(HttpStatusCode.OK, (await client.PostAsync("/_mjolnir/users", TestServer.Json(new { user, password = "long enough" }))).StatusCode);
        await client.DeleteAsync("/_mjolnir/session");
        Assert.Equal(HttpStatusCode.OK, (await client.PostAsync("/_mjolnir/session", TestServer.Json(new { user, password = "long enough" }))).StatusCode);
        return client;
    }

    private static async Task<HttpStatusCode> CallAsync(HttpClient client) => (await client.PostAsync("/_mjolnir/tx/send", TestServer.Text("{}"))).StatusCode;

    /// <summary>Calls go to either server in turn, so that half of them run away from their row.</summary>
    private sealed class Alternating(ProtocolCluster cluster) : ITransactionRouter
    {
        private int _calls;

        public ITransactions Any => cluster.A;

        public ITransactions Route(TransactionCall call) => Interlocked.Increment(ref _calls) % 2 == 0 ? cluster.A : cluster.B;

        public ITransactions Beside(RowKey key) => cluster.Beside(key);
    }

    /// <summary>Every handler adds one to the row that the live page shows, and returns the sum.</summary>
    private sealed class Counting : IScriptEngine
    {
        public RunResult Run(HandlerCall call, IRowSource rows)
        {
            var key = TestApplication.Row(call.Application.Name, "first");
            if (!rows.TryRead(key, out var row))
            {
                return new RunResult { Status = RunStatus.RowMissing, Missing = key };
            }

            var sum = (row is null ? 0 : long.Parse(row.ToString(), CultureInfo.InvariantCulture)) + 1;
            var text = Encoding.UTF8.GetBytes(sum.ToString(CultureInfo.InvariantCulture));
            return new RunResult { Status = RunStatus.Completed, Result = text, Writes = [new RowWrite(key, new Document(text))] };
        }

        public RenderResult Render(Application application, Page page, string? user, TransactionSeed seed, IRowSource rows)
        {
            var values = new List<string>();
            foreach (var template in page.Templates)
            {
                var key = TestApplication.Row(application.Name, template.Parts[0].Expression!);
                if (!rows.TryRead(key, out var row))
                {
                    return new RenderResult { Status = RunStatus.RowMissing, Missing = key };
                }

                values.Add(row?.ToString() ?? "");
            }

            return new RenderResult { Status = RunStatus.Completed, Values = values };
        }

        public void Dispose()
        {
        }
    }
}
