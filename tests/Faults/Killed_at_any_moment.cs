using Mjolnir.Running;
using Xunit.Abstractions;

namespace Mjolnir.Faults.Tests;

/// <summary>The real process, killed with kill -9 under load and started again on the same data, over and over.</summary>
public class Killed_at_any_moment(ITestOutputHelper output)
{
    [Fact]
    public async Task No_acknowledged_transaction_is_lost_or_counted_twice_and_the_history_is_strictly_serializable()
    {
        var seed = FaultLimits.Seed;
        output.WriteLine($"seed {seed} (again: MJOLNIR_SEED={seed})");
        var random = new Random(seed);
        using var folder = new TestFolder();
        await using var server = new LedgerServer(folder);
        using var http = new HttpClient(new SocketsHttpHandler { UseCookies = false }) { Timeout = FaultLimits.AnswerPatience };
        var clients = new LedgerClients(server.UrlAsync, http, seed);
        await server.StartAsync(stacks: 1);
        await clients.StartAsync();
        for (var kill = 1; kill <= FaultLimits.Kills; kill++)
        {
            await clients.ReachAsync(clients.Count + 1 + random.Next(FaultLimits.AcknowledgedBeforeKill));
            Assert.Empty(clients.Wrong);
            await KillAndStartAsync(server, random);
            output.WriteLine($"kill {kill}: {clients.Count} acknowledged, {clients.Retries} sent again");
        }

        await clients.FinishAsync();
        Assert.Empty(clients.Wrong);
        output.WriteLine(await clients.CheckAsync($"seed {seed}"));
        await AuditAsync(server, http, clients);
        // Once more from cold, and everything is still so.
        await KillAndStartAsync(server, random);
        await AuditAsync(server, http, clients);
    }

    /// <summary>Now and then the start is killed too, and the number of V-stacks changes, so that slots move.</summary>
    private static async Task KillAndStartAsync(LedgerServer server, Random random)
    {
        await server.KillAsync();
        if (random.Next(3) == 0)
        {
            await server.StartAndKillAsync(1 + random.Next(3), FaultLimits.StartKill * random.NextDouble());
        }

        await server.StartAsync(1 + random.Next(3));
    }

    private static async Task AuditAsync(LedgerServer server, HttpClient http, LedgerClients clients)
    {
        var auditor = new Ledger(http);
        var url = await server.UrlAsync();
        await auditor.SignInAsync(url, "auditor");
        await LedgerAudit.RequireExactlyOnceAsync(auditor, url, clients.Acknowledged);
    }
}
