using Mjolnir.AppServer.Transactions;
using static Mjolnir.AppServer.Tests.Committing.ProtocolCluster;

namespace Mjolnir.AppServer.Tests.Committing;

/// <summary>Money while servers are in different views.</summary>
public sealed class ViewChangeMoneyTests
{
    [Fact]
    public async Task Two_servers_that_cross_at_different_times_keep_the_money()
    {
        await using var cluster = await ViewCluster.StartAsync();
        string[] accounts = [.. Enumerable.Range(0, 6).Select(i => cluster.NameOn(i % 2 == 0 ? "A" : "B", $"acc{i}-"))];
        foreach (var account in accounts)
        {
            await Set(cluster.A, account, 100);
        }

        var random = new Random(11);
        Task<TransactionStatus> Transfer(TransactionServer server)
        {
            var from = random.Next(accounts.Length);
            var to = (from + 1 + random.Next(accounts.Length - 1)) % accounts.Length;
            return Run(server, [accounts[from], accounts[to]], values => [(accounts[from], values[0] - 1), (accounts[to], values[1] + 1)]);
        }

        var all = new List<Task<TransactionStatus>>();
        for (var round = 0; round < 6; round++)
        {
            var view = cluster.Move(round % 2 == 0 ? "B" : "A", accounts[round], accounts[(round + 3) % 6]);
            foreach (var server in round % 2 == 0 ? new[] { cluster.A, cluster.B } : [cluster.B, cluster.A])
            {
                all.AddRange(Enumerable.Range(0, 40).Select(i => Transfer(i % 2 == 0 ? cluster.A : cluster.B)));
                await server.CrossAsync(view);
            }

            all.AddRange(Enumerable.Range(0, 40).Select(i => Transfer(i % 2 == 0 ? cluster.A : cluster.B)));
            await cluster.OpenAsync(view);
            cluster.Activate(view);
        }

        Assert.All(await Task.WhenAll(all).WaitAsync(TimeSpan.FromSeconds(30)), status => Assert.Equal(TransactionStatus.Committed, status));
        var balances = await Task.WhenAll(accounts.Select(account => Read(cluster.B, account)));
        Assert.Equal(600, balances.Sum());
        Assert.All(accounts, account => Assert.Equal(Enumerable.Range(1, cluster.Logs.VersionsOf(Key(account)).Count).Select(i => (long)i), cluster.Logs.VersionsOf(Key(account))));
    }
}
