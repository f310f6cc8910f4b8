using System.Net.WebSockets;
using Mjolnir.AppServer.Tests.Http;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Core.Keys;

namespace Mjolnir.AppServer.Tests.Live;

/// <summary>/_mjolnir/live: calls side by side, templates that follow their rows.</summary>
public sealed class LiveTests
{
    private static readonly RowKey First = TestApplication.Row("bank", "first");
    private static readonly RowKey Second = TestApplication.Row("bank", "second");

    [Fact]
    public async Task Hello_tells_who_one_is_and_what_is_served()
    {
        await using var server = await TestServer.StartAsync();
        using var nobody = new LiveClient(await server.LiveAsync());
        using var alice = new LiveClient(await server.LiveAsync(await server.CookieAsync("alice")));

        Assert.Equal("""{"type":"hello","user":null,"app":"bank","version":"1"}""", (await nobody.NextAsync()).GetRawText());
        Assert.Equal("""{"type":"hello","user":"alice","app":"bank","version":"1"}""", (await alice.NextAsync()).GetRawText());
    }

    [Fact]
    public async Task Calls_are_answered_in_any_order_with_their_numbers()
    {
        await using var server = await TestServer.StartAsync();
        using var client = await LiveClient.GreetedAsync(await server.LiveAsync());
        var slow = new TaskCompletionSource<TransactionAnswer>();
        server.Transactions.Run = call => call.Id == "slow" ? new(slow.Task) : new(FakeTransactions.Committed("2"));

        await client.SendAsync("""[{"type":"tx","n":1,"handler":"open","id":"slow"},{"type":"tx","n":2,"handler":"open","page":"/"}]""");

        Assert.Equal("""{"status":"committed","n":2,"result":2}""", (await client.NextAsync()).GetRawText());
        slow.SetResult(FakeTransactions.Committed("1"));
        Assert.Equal("""{"status":"committed","n":1,"id":"slow","result":1}""", (await client.NextAsync()).GetRawText());
    }

    [Fact]
    public async Task Answers_that_are_ready_together_travel_together()
    {
        await using var server = await TestServer.StartAsync();
        using var client = await LiveClient.GreetedAsync(await server.LiveAsync());
        const int Count = 200;

        await client.SendAsync($"[{string.Join(',', Enumerable.Range(0, Count).Select(n => $$"""{"type":"tx","n":{{n}},"handler":"open"}"""))}]");

        var numbers = new HashSet<int>();
        while (numbers.Count < Count)
        {
            Assert.True(numbers.Add((await client.NextAsync()).GetProperty("n").GetInt32()));
        }

        Assert.InRange(client.Frames, 2, Count / 2);
    }

    [Fact]
    public async Task More_calls_than_may_be_in_flight_are_all_answered()
    {
        await using var server = await TestServer.StartAsync();
        using var client = await LiveClient.GreetedAsync(await server.LiveAsync());
        var count = AppServerLimits.LiveCallsInFlight * 3;
        server.Transactions.Run = static async _ =>
        {
            await Task.Yield();
            return FakeTransactions.Committed("0");
        };

        await client.SendAsync($"[{string.Join(',', Enumerable.Range(0, count).Select(n => $$"""{"type":"tx","n":{{n}},"handler":"open"}"""))}]");

        for (var i = 0; i < count; i++)
        {
            Assert.Equal("committed", (await client.NextAsync()).GetProperty("status").GetString());
        }
    }

    [Theory]
    [InlineData("""{"type":"tx","n":1,"handler":"nothing"}""", 404)]
    [InlineData("""{"type":"tx","n":1}""", 404)]
    [InlineData("""{"type":"tx","n":1,"handler":"send"}""", 401)]
    [InlineData("""{"type":"tx","n":1,"handler":"vip"}""", 401)]
    [InlineData("""{"type":"tx","n":1,"handler":"open","page":"/other.html"}""", 400)]
    [InlineData("""{"type":"dance","n":1}""", 400)]
    [InlineData("""{"args":5,"type":"tx","n":1,"handler":"open"}""", 400)]
    [InlineData("""{"args":{"n":2,"b":[{}]},"type":"tx","n":1,"handler":"open"}""", 400)]
    [InlineData("""{"type":"tx","page":[[1]],"n":1,"handler":"open"}""", 400)]
    [InlineData("""{"type":"tx","n":1,"handler":{"x":[]}}""", 400)]
    [InlineData("""{"partial":{},"globals":[{}],"type":"tx","n":1,"handler":"open"}""", 400)]
    public async Task A_refused_call_says_why_and_the_connection_goes_on(string message, int code)
    {
        await using var server = await TestServer.StartAsync();
        using var client = await LiveClient.GreetedAsync(await server.LiveAsync());

        await client.SendAsync(message);
        var answer = await client.NextAsync();

        Assert.Equal(("refused", code, 1), (answer.GetProperty("status").GetString(), answer.GetProperty("code").GetInt32(), answer.GetProperty("n").GetInt32()));
        Assert.Empty(server.Transactions.Calls);
        await client.SendAsync("""{"type":"tx","n":2,"handler":"open"}""");
        Assert.Equal("committed", (await client.NextAsync()).GetProperty("status").GetString());
    }

    [Fact]
    public async Task A_message_with_too_many_inputs_is_refused_and_those_beside_it_run()
    {
        await using var server = await TestServer.StartAsync();
        using var client = await LiveClient.GreetedAsync(await server.LiveAsync());
        var inputs = string.Join(',', Enumerable.Range(0, AppServerLimits.Inputs + 5).Select(static i => $$"""
            "i{{i}}":{"n":[7]}
            """));

        await client.SendAsync($$"""[{"type":"tx","handler":"open","inputs":{{{inputs}}},"n":1},{"type":"tx","n":2,"handler":"open"}]""");

        var answers = new[] { await client.NextAsync(), await client.NextAsync() }.ToDictionary(answer => answer.GetProperty("n").GetInt32(), answer => answer.GetProperty("status").GetString());
        Assert.Equal(("refused", "committed"), (answers[1], answers[2]));
    }

    [Theory]
    [InlineData(TransactionStatus.Aborted, "aborted", 409)]
    [InlineData(TransactionStatus.InputMissing, "need", 428)]
    [InlineData(TransactionStatus.Unavailable, "refused", 503)]
    [InlineData(TransactionStatus.Unknown, "unknown", 504)]
    public async Task Every_outcome_has_its_word(TransactionStatus status, string word, int code)
    {
        await using var server = await TestServer.StartAsync();
        using var client = await LiveClient.GreetedAsync(await server.LiveAsync());
        server.Transactions.Run = _ => new(new TransactionAnswer { Status = status, Reason = "because", Reads = """{"globals":[]}"""u8.ToArray(), RetryAfterSeconds = 2 });

        await client.SendAsync("""{"type":"tx","n":1,"id":"i","handler":"open"}""");
        var answer = await client.NextAsync();

        Assert.Equal((word, code, "i"), (answer.GetProperty("status").GetString(), answer.GetProperty("code").GetInt32(), answer.GetProperty("id").GetString()));
        Assert.Equal("because", answer.GetProperty("reason").GetString());
        Assert.Equal(status == TransactionStatus.Unavailable, answer.TryGetProperty("retryAfter", out _));
    }

    [Fact]
    public async Task A_page_gets_all_values_first_and_then_those_that_changed()
    {
        await using var server = await TestServer.StartAsync();
        server.Transactions.Write(First, "1");
        server.Transactions.Write(Second, "2");
        using var client = await LiveClient.GreetedAsync(await server.LiveAsync());

        await client.SendAsync("""{"type":"page","page":"/live.html"}""");
        Assert.Equal("""{"type":"update","values":{"0":"1","1":"2"}}""", (await client.NextAsync()).GetRawText());
        server.Transactions.Write(Second, "3");
        Assert.Equal("""{"type":"update","values":{"1":"3"}}""", (await client.NextAsync()).GetRawText());
        server.Transactions.Write(TestApplication.Row("bank", "unrelated"), "9");
        server.Transactions.Write(Second, "3");
        server.Transactions.Write(First, "\"<b>\"");
        Assert.Equal("\"<b>\"", (await client.NextAsync()).GetProperty("values").GetProperty("0").GetString());

        await client.SendAsync("""{"type":"page","page":"/live.html"}""");
        Assert.Equal(2, (await client.NextAsync()).GetProperty("values").EnumerateObject().Count());
    }

    [Fact]
    public async Task A_burst_of_changes_is_rendered_few_times_and_ends_with_the_last()
    {
        await using var server = await TestServer.StartAsync();
        using var client = await LiveClient.GreetedAsync(await server.LiveAsync());
        await client.SendAsync("""{"type":"page","page":"/live.html"}""");
        await client.NextAsync();
        const int Changes = 20_000;

        for (var i = 1; i <= Changes; i++)
        {
            server.Transactions.Write(First, $"{i}");
        }

        while ((await client.NextAsync()).GetProperty("values").GetProperty("0").GetString() != $"{Changes}")
        {
        }

        Assert.InRange(server.Transactions.Renders, 2, Changes / 20);
    }

    [Fact]
    public async Task Windows_of_the_same_user_share_one_rendering()
    {
        await using var server = await TestServer.StartAsync();
        var cookie = await server.CookieAsync("alice");
        var windows = new List<LiveClient>();
        for (var i = 0; i < 10; i++)
        {
            windows.Add(await LiveClient.GreetedAsync(await server.LiveAsync(cookie)));
            await windows[i].SendAsync("""{"type":"page","page":"/live.html"}""");
            await windows[i].NextAsync();
        }

        var before = server.Transactions.Renders;
        server.Transactions.Write(First, "7");

        foreach (var window in windows)
        {
            Assert.Equal("7", (await window.NextAsync()).GetProperty("values").GetProperty("0").GetString());
            window.Dispose();
        }

        Assert.InRange(server.Transactions.Renders - before, 1, 2);
    }

    [Fact]
    public async Task A_change_between_rendering_and_watching_is_not_missed()
    {
        await using var server = await TestServer.StartAsync();
        server.Transactions.Write(First, "old");
        using var client = await LiveClient.GreetedAsync(await server.LiveAsync());
        var renders = 0;
        server.Transactions.Render = (_, _) =>
        {
            // The row changes after the snapshot of the first rendering was taken and before anybody watches it.
            var value = renders == 0 ? "old" : "new";
            if (renders++ == 0)
            {
                server.Transactions.Write(First, "new");
            }

            return new RenderedTemplates([value, ""], [First], []);
        };

        await client.SendAsync("""{"type":"page","page":"/live.html"}""");

        while ((await client.NextAsync()).GetProperty("values").GetProperty("0").GetString() != "new")
        {
        }
    }

    [Fact]
    public async Task A_client_that_does_not_listen_holds_up_nobody_and_then_gets_the_latest()
    {
        await using var server = await TestServer.StartAsync();
        using var deaf = await LiveClient.GreetedAsync(await server.LiveAsync());
        using var other = await LiveClient.GreetedAsync(await server.LiveAsync());
        foreach (var client in new[] { deaf, other })
        {
            await client.SendAsync("""{"type":"page","page":"/live.html"}""");
            await client.NextAsync();
        }

        // Each value is larger than the sockets' buffers hold of a few, so the deaf client's connection stands still early on.
        var padding = new string('x', 500_000);
        const int Changes = 40;
        for (var i = 1; i <= Changes; i++)
        {
            server.Transactions.Write(First, $"\"{i} {padding}\"");
            while (!(await other.NextAsync()).GetProperty("values").GetProperty("0").GetString()!.StartsWith($"\"{i} ", StringComparison.Ordinal))
            {
            }
        }

        var frames = deaf.Frames;
        while (!(await deaf.NextAsync()).GetProperty("values").GetProperty("0").GetString()!.StartsWith($"\"{Changes} ", StringComparison.Ordinal))
        {
        }

        Assert.InRange(deaf.Frames - frames, 1, Changes - 1);
    }

    [Fact]
    public async Task Rows_are_watched_only_as_long_as_somebody_looks()
    {
        await using var server = await TestServer.StartAsync();
        var watching = await LiveClient.GreetedAsync(await server.LiveAsync());
        await watching.SendAsync("""{"type":"page","page":"/live.html"}""");
        await watching.NextAsync();

        await watching.Socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "", CancellationToken.None);
        await GaugeAsync(server, "mjolnir_live_connections 0");

        var renders = server.Transactions.Renders;
        server.Transactions.Write(First, "8");
        using var later = await LiveClient.GreetedAsync(await server.LiveAsync());
        Assert.Equal(renders, server.Transactions.Renders);
    }

    [Fact]
    public async Task A_replaced_application_tells_browsers_to_reload_while_it_is_developed()
    {
        await using var server = await TestServer.StartAsync(static settings => settings.Development = true);
        using var client = await LiveClient.GreetedAsync(await server.LiveAsync());

        server.Slot.Replace(TestApplication.Make("2"));

        Assert.Equal("""{"type":"reload"}""", (await client.NextAsync()).GetRawText());
    }

    [Fact]
    public async Task A_page_that_cannot_be_rendered_just_now_comes_later()
    {
        await using var server = await TestServer.StartAsync();
        using var client = await LiveClient.GreetedAsync(await server.LiveAsync());
        var tries = 0;
        server.Transactions.Render = (_, _) => ++tries == 1 ? null : new RenderedTemplates(["a", "b"], [First], []);

        await client.SendAsync("""{"type":"page","page":"/live.html"}""");

        Assert.Equal("update", (await client.NextAsync()).GetProperty("type").GetString());
    }

    /// <summary>Asks until the gauge says so: the end of a connection is seen by the server a moment after the client.</summary>
    private static async Task GaugeAsync(TestServer server, string line)
    {
        using var client = server.Client();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!(await server.MetricsAsync(client)).Contains($"\n{line}\n", StringComparison.Ordinal))
        {
            patience.Token.ThrowIfCancellationRequested();
        }
    }
}
