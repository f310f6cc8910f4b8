using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Mjolnir.Running;
using Xunit.Abstractions;

namespace Mjolnir.Faults.Tests.Classic;

/// <summary>
/// Real processes under load: each fault, then everything acknowledged so far must be there exactly once, and the money must be what it was. Attempts with an unknown outcome are sent again
/// with their id, through the proxy or at either server, until they are acknowledged.
/// </summary>
public sealed class Processes_of_a_cluster_die(ClassicCluster cluster, ITestOutputHelper output) : IClassFixture<ClassicCluster>
{
    [Fact]
    public Task An_app_server() => UnderAsync("kill -9 of an app server", round => KillAsync($"app --config {cluster.Data}/s{Stack(round)}-app/"));

    [Fact]
    public Task The_worker_of_each_stack_one_of_which_keeps_the_view() => UnderAsync("kill -9 of both workers, one after another", async round =>
    {
        await KillAsync($"write-behind --config {cluster.Data}/s{Stack(round)}-write-behind/");
        await KillAsync($"write-behind --config {cluster.Data}/s{Stack(round + 1)}-write-behind/");
    });

    [Fact]
    public Task A_memcached() => UnderAsync("kill -9 of a memcached", round => KillAsync($"memcached -l 127.0.0.1 -p {cluster.CachePort(Stack(round))} "));

    [Fact]
    public Task The_proxy() => UnderAsync("kill -9 of the proxy", _ => KillAsync($"proxy --config {cluster.Data}/proxy/"));

    [Fact]
    public Task RabbitMQ() => UnderAsync("kill -9 of RabbitMQ", _ => KillAsync("beam.smp"));

    [Fact]
    public Task Everything_at_once() => UnderAsync("kill -9 of everything, and a start", async _ =>
    {
        await cluster.KillAllAsync();
        await cluster.StartAsync();
    });

    [Fact]
    public Task An_app_server_sleeps_longer_than_its_seal_takes_and_wakes() => UnderAsync("SIGSTOP of an app server", async round =>
    {
        var server = await cluster.ProcessAsync($"app --config {cluster.Data}/s{Stack(round)}-app/");
        server.Stop();
        await Task.Delay(FaultLimits.LongerThanTheSeal);
        server.Wake();
    });

    [Fact]
    public Task A_memcached_is_flushed_by_hand() => UnderAsync("flush_all", async round =>
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", cluster.CachePort(Stack(round)));
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes("flush_all\r\n"));
        using var reader = new StreamReader(client.GetStream());
        Assert.Equal("OK", await reader.ReadLineAsync());
    });

    [Fact]
    public Task It_grows_and_shrinks() => UnderAsync("scale to 3 and back to 2", async _ =>
    {
        await ScaleAsync(3);
        await ScaleAsync(2);
    });

    [Fact]
    public Task S3_is_away_for_a_while_and_transfers_go_on() => UnderAsync("SIGSTOP of S3", async (_, clients) =>
    {
        var gateway = await cluster.ProcessAsync("radosgw");
        gateway.Stop();
        try
        {
            var before = clients.Count;
            await Task.Delay(FaultLimits.StoreOutage);
            await clients.ReachAsync(before + FaultLimits.AroundAFault);
        }
        finally
        {
            gateway.Wake();
        }
    });

    [Fact]
    public async Task A_transfer_sent_again_at_the_other_server_is_answered_and_not_run_again()
    {
        await cluster.SettledAsync();
        var teller = new Ledger(cluster.Http);
        await teller.SignInAsync(cluster.Proxy, "teller");
        var run = Guid.NewGuid().ToString("N")[..8];
        for (var number = 0; number < 10; number++)
        {
            var transfer = new Transfer($"again-{run}-{number}", number, number + 1, 1 + number);
            // The first answer is not waited for: the second attempt meets the first one before, while or after it runs.
            var first = teller.ResultAsync(cluster.Server(1), "transfer", transfer.Json);
            await Task.Delay(number);
            Assert.Equal(transfer.Number, (await teller.ResultAsync(cluster.Server(2), "transfer", transfer.Json)).GetString());
            Assert.Equal(transfer.Number, (await first).GetString());
            cluster.Acknowledged.Add(transfer);
        }

        await AuditAsync();
    }

    private static int Stack(int round) => 1 + (round % 2);

    private Task UnderAsync(string fault, Func<int, Task> doAsync) => UnderAsync(fault, (round, _) => doAsync(round));

    /// <summary>Load before, during and after the fault, with an auditor beside it; then everything is counted.</summary>
    private async Task UnderAsync(string fault, Func<int, LedgerClients, Task> doAsync)
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

    private async Task AuditAsync()
    {
        var auditor = new Ledger(cluster.Http);
        await auditor.SignInAsync(cluster.Proxy, "auditor");
        await LedgerAudit.RequireExactlyOnceAsync(auditor, cluster.Proxy, cluster.Acknowledged);
    }

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

    private async Task KillAsync(string words) => (await cluster.ProcessAsync(words)).Kill();

    private async Task ScaleAsync(int stacks)
    {
        var (code, told) = await MjolnirProcess.RunAsync("scale", $"{stacks}", "--data", cluster.Data);
        Assert.True(code == 0, told + cluster.Output);
    }
}
