using System.Diagnostics;
using System.Text.Json;
using Xunit.Abstractions;

namespace Mjolnir.Faults.Tests.Classic;

/// <summary>
/// Real processes under load: each fault, then everything acknowledged so far must be there exactly once, and the money must be what it was. Attempts with an unknown outcome are sent again
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
        var auditor = WatchMoneyAsync(stop.Token);
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
        Assert.Empty(clients.Wrong);
        await stop.CancelAsync();
        output.WriteLine($"{clients.Count} acknowledged, {clients.Retries} sent again, {await auditor} audits meanwhile");
        cluster.Acknowledged.AddRange(clients.Acknowledged);
        await AuditAsync();
    }

    protected async Task AuditAsync()
    {
        // What was acknowledged last may have come from an app server, with the proxy still on its way back.
        await cluster.SettledAsync();
        var auditor = new Ledger(cluster.Http);
        await auditor.SignInAsync(cluster.Proxy, "auditor");
        await LedgerAudit.RequireExactlyOnceAsync(auditor, cluster.Proxy, cluster.Acknowledged);
    }

    protected async Task KillAsync(string words) => (await cluster.ProcessAsync(words)).Kill();

    /// <summary>All balances in one transaction, over and over: whatever happens, their sum is always the same. Returns how often it was seen.</summary>
    private async Task<int> WatchMoneyAsync(CancellationToken cancellationToken)
    {
        var auditor = new Ledger(cluster.Http);
        await auditor.SignInAsync(cluster.Proxy, "watcher");
        for (var looks = 0; ; await Task.Delay(FaultLimits.AuditPause, CancellationToken.None))
        {
            if (cancellationToken.IsCancellationRequested)
            {
                return looks;
            }

            try
            {
                var (status, body) = await auditor.CallAsync(cluster.Proxy, "balances", $$"""{"args":[{{FaultLimits.Accounts}}]}""", cancellationToken);
                if (status == System.Net.HttpStatusCode.OK)
                {
                    using var answer = JsonDocument.Parse(body);
                    Assert.Equal(FaultLimits.Accounts * FaultLimits.FirstBalance, answer.RootElement.GetProperty("result").EnumerateArray().Sum(account => account[0].GetInt64()));
                    looks++;
                }
            }
            catch (Exception fault) when (fault is HttpRequestException or OperationCanceledException)
            {
                // The fault of the test, or its end: it looks again, or sees that it is over.
                continue;
            }
        }
    }
}
