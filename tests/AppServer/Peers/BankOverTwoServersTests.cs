using Mjolnir.AppServer.Committing;
using Mjolnir.AppServer.Tests.Http;
using Mjolnir.AppServer.Tests.Live;
using Mjolnir.AppServer.Transactions;

namespace Mjolnir.AppServer.Tests.Peers;

/// <summary>Money over two servers that are hit at random.</summary>
public sealed class BankOverTwoServersTests
{
    private const int Accounts = 20;

    /// <summary>So few that all are hot, and so many that 2 × 200 calls do not empty one.</summary>
    private const int HotAccounts = 4;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Whichever_server_is_hit_no_money_comes_or_goes(int seed)
    {
        await using var cluster = await PeerCluster.StartAsync(settings => settings.Limits = new CommitterLimits { ForeignPatience = TimeSpan.FromSeconds(30) });
        const int Workers = 16;
        const int Each = 60;

        var answers = await Task.WhenAll(Enumerable.Range(0, Workers).Select(worker => Task.Run(async () =>
        {
            var random = new Random((seed * 100) + worker);
            var statuses = new List<TransactionStatus>();
            for (var i = 0; i < Each; i++)
            {
                // Some accounts are much hotter than others.
                var (from, to) = (Math.Min(random.Next(Accounts), random.Next(Accounts)), random.Next(Accounts));
                var call = PeerCluster.Transfer($"acc{from}", $"acc{to + Accounts}", random.Next(5));
                var router = random.Next(2) == 0 ? cluster.A.Router : cluster.B.Router;
                statuses.Add((await router.Route(call).RunAsync(call, CancellationToken.None)).Status);
            }

            return statuses;
        })));

        Assert.DoesNotContain(answers.SelectMany(static each => each), status => status is not (TransactionStatus.Committed or TransactionStatus.Aborted));
        Assert.True(cluster.A.Links.Counters.CallsPassed + cluster.B.Links.Counters.CallsPassed > 0, "Nothing was passed.");
        long money = 0;
        for (var i = 0; i < 2 * Accounts; i++)
        {
            money += await cluster.BalanceAsync($"acc{i}");
        }

        Assert.Equal(2 * Accounts * BankScripts.First, money);
    }

    [Fact]
    public async Task WebSockets_with_many_calls_in_flight_at_both_servers_get_every_answer()
    {
        await using var cluster = await PeerCluster.StartAsync(settings => settings.Limits = new CommitterLimits { ForeignPatience = TimeSpan.FromSeconds(30) });
        await using var a = await TestServer.StartAsync(settings => settings.Router = cluster.A.Router);
        await using var b = await TestServer.StartAsync(settings => settings.Router = cluster.B.Router);
        using var first = await LiveClient.GreetedAsync(await a.LiveAsync());
        using var second = await LiveClient.GreetedAsync(await b.LiveAsync());
        const int Calls = 200;

        // What is learned of the first ones, the later ones are routed by.
        await Task.WhenAll(DriveAsync(first, Calls, "w", "v"), DriveAsync(second, Calls, "w", "v"));
        var answered = await Task.WhenAll(DriveAsync(first, Calls, "v", "w"), DriveAsync(second, Calls, "v", "w"));

        Assert.All(answered, numbers => Assert.Equal(Enumerable.Range(0, Calls), numbers.Order()));
        Assert.True(cluster.A.Links.Counters.CallsPassed + cluster.B.Links.Counters.CallsPassed > 0, "Nothing was passed.");
        long money = 0;
        for (var i = 0; i < HotAccounts; i++)
        {
            money += await cluster.BalanceAsync($"w{i}") + await cluster.BalanceAsync($"v{i}");
        }

        Assert.Equal(2 * HotAccounts * BankScripts.First, money);
    }

    private static async Task<List<int>> DriveAsync(LiveClient client, int calls, string from, string to)
    {
        var messages = Enumerable.Range(0, calls).Select(n => $$"""{"type":"tx","n":{{n}},"id":"{{Guid.NewGuid():N}}","handler":"open","args":["{{from}}{{n % HotAccounts}}","{{to}}{{n * 3 % HotAccounts}}",1]}""");
        await client.SendAsync($"[{string.Join(',', messages)}]");
        var numbers = new List<int>();
        while (numbers.Count < calls)
        {
            var message = await client.NextAsync();
            Assert.Equal("committed", message.GetProperty("status").GetString());
            numbers.Add(message.GetProperty("n").GetInt32());
        }

        return numbers;
    }
}
