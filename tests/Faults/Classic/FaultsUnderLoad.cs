using System.Diagnostics;
using Xunit.Abstractions;

namespace Mjolnir.Faults.Tests.Classic;

/// <summary>
/// Real processes under load: each fault, then everything acknowledged so far must be there exactly once, the money must be what it was, and the history of all calls strictly serializable. Attempts with an unknown outcome are sent again
/// with their id, through the proxy or at either server, until they are acknowledged.
/// </summary>
public abstract class FaultsUnderLoad(ClassicCluster cluster, ITestOutputHelper output)
{
    protected ClassicCluster Cluster => cluster;

    protected ITestOutputHelper Output => output;

    protected static int Stack(int round) => 1 + (round % 2);

    protected Task UnderAsync(string fault, Func<int, Task> doAsync) => UnderAsync(fault, (round, _) => doAsync(round));

    /// <summary>Load before, during and after the fault, with an auditor beside it; then everything is counted.</summary>
    internal async Task UnderAsync(string fault, Func<int, LedgerClients, Task> doAsync)
    {
        var seed = FaultLimits.Seed;
        output.WriteLine($"seed {seed} (again: MJOLNIR_SEED={seed})");
        await cluster.SettledAsync();
        var clients = new LedgerClients(cluster.NextUrlAsync, cluster.Http, seed, $"r{Guid.NewGuid():N}-");
        await clients.StartAsync();
        using var stop = new CancellationTokenSource();
        var auditor = clients.AuditOverAndOverAsync(stop.Token);
        for (var round = 0; round < FaultLimits.Rounds && clients.Wrong.Count == 0; round++)
        {
            await cluster.SettledAsync();
            await clients.ReachAsync(clients.Count + FaultLimits.AroundAFault);
            var clock = Stopwatch.StartNew();
            await doAsync(round, clients);
            var done = clock.Elapsed;
            await clients.ReachAsync(clients.Count + FaultLimits.AroundAFault);
            output.WriteLine($"{fault}, round {round + 1}: took {done.TotalSeconds:F1} s, {FaultLimits.AroundAFault} more acknowledged {(clock.Elapsed - done).TotalSeconds:F1} s later");
        }

        await clients.FinishAsync();
        cluster.Acknowledged.AddRange(clients.Acknowledged);
        await stop.CancelAsync();
        await auditor;
        Assert.Empty(clients.Wrong);
        output.WriteLine($"{clients.Count} acknowledged, {clients.Retries} sent again");

        // What was killed may still be starting, though the others served.
        await cluster.SettledAsync();
        output.WriteLine(await clients.CheckAsync($"seed {seed}"));
        await AuditAsync();
        output.WriteLine(await cluster.RequireSilentAuditorsAsync());
    }

    protected async Task AuditAsync()
    {
        var auditor = new Ledger(cluster.Http);
        await auditor.SignInAsync(cluster.Proxy, "auditor");
        await LedgerAudit.RequireExactlyOnceAsync(auditor, cluster.Proxy, cluster.Acknowledged);
    }

    protected async Task KillAsync(string words) => (await cluster.ProcessAsync(words)).Kill();
}
