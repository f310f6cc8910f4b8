using System.Net.Sockets;
using System.Text;
using Xunit.Abstractions;

namespace Mjolnir.Faults.Tests.Classic;

/// <summary>Each kind of process is killed, stopped or emptied, one after another.</summary>
public sealed class Processes_of_a_cluster_die(ClassicCluster cluster, ITestOutputHelper output) : FaultsUnderLoad(cluster, output), IClassFixture<ClassicCluster>
{
    [Fact]
    public Task An_app_server() => UnderAsync("kill -9 of an app server", round => KillAsync($"app --config {Cluster.Data}/s{Stack(round)}-app/"));

    [Fact]
    public Task The_worker_of_each_stack_one_of_which_keeps_the_view() => UnderAsync("kill -9 of both workers, one after another", async round =>
    {
        await KillAsync($"write-behind --config {Cluster.Data}/s{Stack(round)}-write-behind/");
        await KillAsync($"write-behind --config {Cluster.Data}/s{Stack(round + 1)}-write-behind/");
    });

    [Fact]
    public Task A_memcached() => UnderAsync("kill -9 of a memcached", round => KillAsync($"memcached -l 127.0.0.1 -p {Cluster.CachePort(Stack(round))} "));

    [Fact]
    public Task The_proxy() => UnderAsync("kill -9 of the proxy", _ => KillAsync($"proxy --config {Cluster.Data}/proxy/"));

    [Fact]
    public Task RabbitMQ() => UnderAsync("kill -9 of RabbitMQ", _ => KillAsync("beam.smp"));

    [Fact]
    public Task Everything_at_once() => UnderAsync("kill -9 of everything, and a start", async _ =>
    {
        await Cluster.KillAllAsync();
        await Cluster.StartAsync();
    });

    [Fact]
    public Task An_app_server_sleeps_longer_than_its_seal_takes_and_wakes() => UnderAsync("SIGSTOP of an app server", async round =>
    {
        var server = await Cluster.ProcessAsync($"app --config {Cluster.Data}/s{Stack(round)}-app/");
        server.Stop();
        await Task.Delay(FaultLimits.LongerThanTheSeal);
        server.Wake();
    });

    [Fact]
    public Task A_memcached_stands_still_for_a_moment_and_then_until_it_is_replaced_and_wakes() => UnderAsync("SIGSTOP of a memcached", async (round, clients) =>
    {
        var memcached = await Cluster.ProcessAsync($"memcached -l 127.0.0.1 -p {Cluster.CachePort(Stack(round))} ");
        foreach (var pause in new[] { FaultLimits.AMoment, FaultLimits.LongerThanAShardMayBeAway })
        {
            memcached.Stop();
            try
            {
                await Task.Delay(pause);
                if (pause == FaultLimits.LongerThanAShardMayBeAway)
                {
                    await clients.ReachAsync(clients.Count + FaultLimits.AroundAFault);
                }
            }
            finally
            {
                memcached.Wake();
            }

            await clients.ReachAsync(clients.Count + FaultLimits.AroundAFault);
        }
    });

    [Fact]
    public Task A_memcached_is_flushed_by_hand() => UnderAsync("flush_all", async round =>
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", Cluster.CachePort(Stack(round)));
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes("flush_all\r\n"));
        using var reader = new StreamReader(client.GetStream());
        Assert.Equal("OK", await reader.ReadLineAsync());
    });

    [Fact]
    public Task It_grows_and_shrinks() => UnderAsync("scale to 3 and back to 2", async _ =>
    {
        await Cluster.ScaleAsync(3);
        await Cluster.ScaleAsync(2);
    });

    [Fact]
    public Task S3_is_away_for_a_while_and_transfers_go_on() => UnderAsync("SIGSTOP of S3", async (_, clients) =>
    {
        var gateway = await Cluster.ProcessAsync("radosgw");
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
        await Cluster.SettledAsync();
        var teller = new Ledger(Cluster.Http);
        await teller.SignInAsync(Cluster.Proxy, "teller");
        var run = Guid.NewGuid().ToString("N")[..8];
        var history = new LedgerHistory(Cluster.Http, new LedgerLoad($"again-{run}-"));
        await history.BeginAsync(Cluster.Proxy);
        for (var number = 0; number < 10; number++)
        {
            var transfer = new Transfer($"again-{run}-{number}", number, number + 1, 1 + number);
            var operation = history.Begin(0, transfer.Call);
            // The first answer is not waited for: the second attempt meets the first one before, while or after it runs.
            var first = teller.ResultAsync(Cluster.Server(1), "transfer", transfer.Json);
            await Task.Delay(number);
            var second = await teller.ResultAsync(Cluster.Server(2), "transfer", transfer.Json);
            Assert.Equal(transfer.Number, second[0].GetString());
            Assert.Equal(second.GetRawText(), (await first).GetRawText());
            operation.Commit(transfer.Call.Seen(second));
            Cluster.Acknowledged.Add(transfer);
        }

        Output.WriteLine(await history.CheckAsync(Cluster.Proxy, run));
        await AuditAsync();
    }

    [Fact]
    public async Task Auditors_compare_cache_logs_and_store_and_find_no_difference()
    {
        await Cluster.SettledAsync();
        using var patience = new CancellationTokenSource(FaultLimits.AnswerPatience);
        foreach (var stack in new[] { 1, 2 })
        {
            while (await Cluster.WorkerFigureAsync(stack, "mjolnir_audit_rows_total") == 0)
            {
                await Task.Delay(FaultLimits.RetryPause, patience.Token);
            }
        }

        Output.WriteLine(await Cluster.RequireSilentAuditorsAsync());
    }
}
