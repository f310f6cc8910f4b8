using System.Diagnostics;
using Xunit.Abstractions;

namespace Mjolnir.Faults.Tests.Classic;

/// <summary>Everything is killed and RabbitMQ's data deleted: the cluster goes on from the store, with the last moments lost and nothing half there.</summary>
public sealed class The_queues_data_is_gone(ClassicCluster cluster, ITestOutputHelper output) : IClassFixture<ClassicCluster>
{
    [Fact]
    public async Task Money_is_unchanged_and_what_the_servers_called_stored_is_there()
    {
        var there = new List<Transfer>();
        for (var round = 1; round <= FaultLimits.Rounds; round++)
        {
            there.AddRange(await RoundAsync(round, there));
        }
    }

    /// <summary>Loses the queue once; gives the transfers that count from then on.</summary>
    private async Task<IReadOnlyCollection<Transfer>> RoundAsync(int round, IReadOnlyCollection<Transfer> before)
    {
        await cluster.SettledAsync();
        var stored = await ClientsAsync($"stored{round}-");
        await stored.ReachAsync(FaultLimits.AroundAFault);
        await stored.FinishAsync();
        await cluster.StoredAsync();

        var clients = await ClientsAsync($"lost{round}-");
        await clients.ReachAsync(10 * FaultLimits.AroundAFault);
        var killedAt = Stopwatch.GetTimestamp();
        await cluster.KillAllAsync();
        Directory.Delete(Path.Combine(cluster.Data, "rabbitmq"), recursive: true);
        await cluster.StartAsync();
        await clients.ReachAsync(clients.Count + FaultLimits.AroundAFault);
        await clients.FinishAsync();
        Assert.Empty(stored.Wrong.Concat(clients.Wrong));

        var auditor = new Ledger(cluster.Http);
        await auditor.SignInAsync(cluster.Proxy, "auditor");
        var there = await LedgerAudit.WithReceiptAsync(auditor, cluster.Proxy, [.. stored.Acknowledged, .. clients.Acknowledged]);
        Assert.Empty(stored.Acknowledged.Except(there));
        var lost = clients.Acknowledged.Except(there).Select(transfer => Stopwatch.GetElapsedTime(clients.AcknowledgedAt(transfer), killedAt)).ToList();
        var oldest = lost.DefaultIfEmpty().Max();
        output.WriteLine($"round {round}: of {clients.Acknowledged.Count} transfers acknowledged {lost.Count} are lost, the oldest acknowledged {oldest.TotalSeconds:F2} s before everything was killed");
        Assert.All(lost, age => Assert.True(age > -FaultLimits.KillsLast, "What was acknowledged after the recovery is lost."));
        await LedgerAudit.RequireExactlyOnceAsync(auditor, cluster.Proxy, [.. before, .. there]);

        // What was lost is no history; from here on there is one again, over what was left.
        var after = await ClientsAsync($"after{round}-");
        await after.ReachAsync(FaultLimits.AroundAFault);
        await after.FinishAsync();
        Assert.Empty(after.Wrong);
        output.WriteLine(await after.CheckAsync("after the loss"));
        await LedgerAudit.RequireExactlyOnceAsync(auditor, cluster.Proxy, [.. before, .. there, .. after.Acknowledged]);
        return [.. there, .. after.Acknowledged];
    }

    private async Task<LedgerClients> ClientsAsync(string prefix)
    {
        var clients = new LedgerClients(cluster.NextUrlAsync, cluster.Http, FaultLimits.Seed, prefix);
        await clients.StartAsync();
        return clients;
    }
}
