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
        var auditor = WatchMoneyAsync(clients, stop.Token);
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

        // What was acknowledged last may have come from an app server, with the proxy still on its way back.
        await cluster.SettledAsync();
        output.WriteLine(await clients.CheckAsync($"seed {seed}"));
        await AuditAsync();
        await RequireSilentAuditorsAsync();
    }

    /// <summary>No process that lives has found a broken rule, and none that died has told of one: but for a shard that lost its memory, which is what some faults do.</summary>
    protected async Task RequireSilentAuditorsAsync()
    {
        foreach (var stack in new[] { 1, 2 })
        {
            Assert.Equal(0, await Cluster.WorkerFigureAsync(stack, "mjolnir_invariant_violations_total"));
            output.WriteLine($"auditor of s{stack}: {await Cluster.WorkerFigureAsync(stack, "mjolnir_audit_rows_total")} rows, {await Cluster.WorkerFigureAsync(stack, "mjolnir_audit_rounds_total")} rounds, {await Cluster.WorkerFigureAsync(stack, "mjolnir_audit_cleared_total")} suspicions dispelled");
        }

        var broken = Cluster.Output.Split('\n').Where(line => (line.Contains("Broken rule", StringComparison.Ordinal) || line.Contains("stopped for good", StringComparison.Ordinal)) && !line.Contains("unlabelled_shard", StringComparison.Ordinal));
        Assert.Empty(broken);
    }

    protected async Task AuditAsync()
    {
        var auditor = new Ledger(cluster.Http);
        await auditor.SignInAsync(cluster.Proxy, "auditor");
        await LedgerAudit.RequireExactlyOnceAsync(auditor, cluster.Proxy, cluster.Acknowledged);
    }

    protected async Task KillAsync(string words) => (await cluster.ProcessAsync(words)).Kill();

    /// <summary>All balances in one transaction, over and over. What it sees is part of the history, and checked with it.</summary>
    private async Task WatchMoneyAsync(LedgerClients clients, CancellationToken cancellationToken)
    {
        var auditor = new Ledger(cluster.Http);
        await auditor.SignInAsync(cluster.Proxy, "watcher");
        try
        {
            for (var look = 0; ; look++)
            {
                await clients.TryOnceAsync(auditor, FaultLimits.Clients, LedgerCall.Audit($"audit-{look}"), cancellationToken);
                await Task.Delay(FaultLimits.AuditPause, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return;
        }
    }
}
