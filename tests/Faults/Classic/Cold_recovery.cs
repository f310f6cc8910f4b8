using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Mjolnir.Running;
using Xunit.Abstractions;

namespace Mjolnir.Faults.Tests.Classic;

/// <summary>
/// The drill: many rows, everything that holds them in memory killed, and a start. It answers right again within seconds, has every row in memory within a minute and tells how far it is, has all the money and every
/// acknowledged transfer, and app servers do not read the store while nothing is wrong, before as after. Each test goes on with what the one before left.
/// </summary>
public sealed class Cold_recovery(LargeCluster cluster, ITestOutputHelper output) : IClassFixture<LargeCluster>
{
    private static readonly string[] Roles = ["app --config {0}/s1-app/", "app --config {0}/s2-app/", "write-behind --config {0}/s1-write-behind/", "write-behind --config {0}/s2-write-behind/", "proxy --config {0}/proxy/"];

    [Fact]
    public Task Of_caches_and_roles_that_are_killed_and_started_again_by_their_supervisor() => DrillAsync(KillRolesAsync, isQueueLost: false);

    [Fact]
    public Task Of_everything_with_RabbitMQ_and_the_store() => DrillAsync(() => KillEverythingAsync(isQueueDeleted: false), isQueueLost: false);

    [Fact]
    public Task Of_everything_without_the_queues_data() => DrillAsync(() => KillEverythingAsync(isQueueDeleted: true), isQueueLost: true);

    private async Task DrillAsync(Func<Task<(long At, Task Serves)>> killAndStartAsync, bool isQueueLost)
    {
        output.WriteLine($"{FaultLimits.ManyAccounts:N0} accounts, imported in {cluster.Imported.TotalSeconds:F1} s; seed {FaultLimits.Seed}");

        // 1. Steady: every row in memory, money moves, and the store is not read.
        await cluster.SettledAsync();
        await cluster.WarmAsync(Stopwatch.GetTimestamp());
        await MoveMoneyWithoutStoreAsync("before");
        var teller = await SignedInAsync();
        if (isQueueLost)
        {
            await cluster.StoredAsync();
        }

        // 2. The last transfers are acknowledged a moment before the end: most of them are in the queue only.
        var late = await MoveMoneyAsync("late");
        var known = Expected(late);
        var before = Load();
        var (started, serves) = await killAndStartAsync();

        // 3. The first right answer, wherever it comes from.
        Func<Uri>[] urls = [() => cluster.Server(1), () => cluster.Server(2), () => cluster.Proxy];
        var answers = urls.Select(url => FirstAnswerAsync(teller, url, known, isQueueLost, started)).ToArray();
        var first = await await Task.WhenAny(answers);
        await serves;
        var recovering = MjolnirProcess.Start("recover", "--data", cluster.Data, "--url", $"{cluster.Server(1)}");
        await using var held = recovering;
        var warm = await cluster.WarmAsync(started);
        output.WriteLine($"from the start of the roles' processes: first right answer after {first.TotalSeconds:F2} s ({string.Join(", ", (await Task.WhenAll(answers)).Select(took => $"{took.TotalSeconds:F2}"))} s at server 1, 2 and proxy), all in memory after {warm.TotalSeconds:F1} s; load before {before}");
        Assert.InRange(first, TimeSpan.Zero, FaultLimits.IsLong && IsQuiet(before) && !isQueueLost ? FaultLimits.FirstAnswer : FaultLimits.FirstAnswerBesideOthers);
        await RequireProgressAsync(recovering);

        // 4. Nothing acknowledged is lost; with the queue's data what had not come to the store yet is, and no half of it is left.
        await cluster.SettledAsync();
        var there = isQueueLost ? await LedgerAudit.WithReceiptAsync(teller, cluster.Proxy, late) : late;
        output.WriteLine($"{late.Count} acknowledged just before, {late.Count - there.Count} of them lost");
        cluster.Acknowledged.AddRange(there);

        // 5. Steady again, and then everything is counted.
        await MoveMoneyWithoutStoreAsync("after");
        await LedgerAudit.RequireExactlyOnceAsync(teller, cluster.Proxy, cluster.Acknowledged, FaultLimits.ManyAccounts);
    }

    /// <summary>kill -9 of all that <c>up</c> runs but queue and store. Returns when all of it runs again.</summary>
    private async Task<(long At, Task Serves)> KillRolesAsync()
    {
        string[] caches = [.. new[] { 1, 2 }.Select(stack => $"memcached -l 127.0.0.1 -p {cluster.CachePort(stack)} ")];
        var killed = new List<(string Words, int Id)>();
        foreach (var words in Roles.Select(words => string.Format(CultureInfo.InvariantCulture, words, cluster.Data)).Concat(caches))
        {
            var process = await cluster.ProcessAsync(words);
            process.Kill();
            killed.Add((words, process.Id));
        }

        foreach (var (words, id) in killed)
        {
            while ((await cluster.ProcessAsync(words)).Id == id)
            {
                await Task.Delay(FaultLimits.RetryPause);
            }
        }

        return (Stopwatch.GetTimestamp(), Task.CompletedTask);
    }

    /// <summary>kill -9 of everything, and a start. Returns when queue and store are up and the roles' processes are started.</summary>
    private async Task<(long At, Task Serves)> KillEverythingAsync(bool isQueueDeleted)
    {
        await cluster.KillAllAsync();
        if (isQueueDeleted)
        {
            Directory.Delete(Path.Combine(cluster.Data, "rabbitmq"), recursive: true);
        }

        await cluster.BeginAsync();
        return (Stopwatch.GetTimestamp(), cluster.ServesAsync());
    }

    /// <summary>Asks until an account's balance is told, which must be right.</summary>
    private async Task<TimeSpan> FirstAnswerAsync(Ledger teller, Func<Uri> url, Dictionary<int, long> known, bool isQueueLost, long started)
    {
        var (account, balance) = known.First();
        using var patience = new CancellationTokenSource(FaultLimits.AnswerPatience);
        while (true)
        {
            try
            {
                var (status, body) = await teller.CallAsync(url(), "balances", $$"""{"args":[1,{{account}}]}""", patience.Token);
                if (status == HttpStatusCode.OK)
                {
                    var took = Stopwatch.GetElapsedTime(started);
                    using var answer = JsonDocument.Parse(body);
                    Assert.True(isQueueLost || balance == answer.RootElement.GetProperty("result")[0][0].GetInt64(), body);
                    return took;
                }
            }
            catch (HttpRequestException)
            {
                // Nobody listens yet.
            }

            await Task.Delay(FaultLimits.RetryPause, patience.Token);
        }
    }

    /// <summary><c>recover</c> told how far it is, and ended when all was there.</summary>
    private async Task RequireProgressAsync(MjolnirProcess recovering)
    {
        await recovering.EndAsync();
        output.WriteLine(recovering.Output);
        Assert.True(recovering.ExitCode == 0, recovering.Output);
        Assert.Contains("2 of 2 shards warm", recovering.Output, StringComparison.Ordinal);
        Assert.True(!FaultLimits.IsLong || recovering.Output.Contains(" rows", StringComparison.Ordinal), recovering.Output);
    }

    /// <summary>
    /// While nothing is wrong the store is not read. On a machine so busy that a server is not heard for seconds something is: its log is sealed, and what of it is void comes from the store. Then it is tried again.
    /// </summary>
    private async Task MoveMoneyWithoutStoreAsync(string name)
    {
        for (var tries = 1; ; tries++)
        {
            var (lives, reads) = (await cluster.LivesAsync(), await cluster.StoreReadsAsync());
            cluster.Acknowledged.AddRange(await MoveMoneyAsync(name));
            var readsNow = await cluster.StoreReadsAsync();
            if (await cluster.LivesAsync() is var livesNow && livesNow == lives)
            {
                Assert.Equal(reads, readsNow);
                return;
            }

            output.WriteLine($"a server was not heard while money moved ({lives}, then {livesNow}); load {Load()}");
            Assert.True(tries < FaultLimits.SteadyTries, "No steady state.");
            await cluster.SettledAsync();
            await cluster.WarmAsync(Stopwatch.GetTimestamp());
        }
    }

    private async Task<IReadOnlyCollection<Transfer>> MoveMoneyAsync(string name)
    {
        var clients = new LedgerClients(cluster.NextUrlAsync, cluster.Http, FaultLimits.Seed, $"{name}{Guid.NewGuid():N}-", FaultLimits.ManyAccounts);
        await clients.StartAsync();
        await clients.ReachAsync(FaultLimits.AroundARecovery);
        await clients.FinishAsync();
        Assert.Empty(clients.Wrong);
        return clients.Acknowledged;
    }

    private async Task<Ledger> SignedInAsync()
    {
        var teller = new Ledger(cluster.Http);
        await teller.SignInAsync(cluster.Proxy, "teller");
        return teller;
    }

    /// <summary>The balance of the accounts that these transfers touched.</summary>
    private Dictionary<int, long> Expected(IEnumerable<Transfer> more) =>
        cluster.Acknowledged.Concat(more).SelectMany(transfer => new[] { (Account: transfer.To, transfer.Amount), (Account: transfer.From, -transfer.Amount) })
            .GroupBy(move => move.Account).ToDictionary(moves => moves.Key, moves => FaultLimits.FirstBalance + moves.Sum(move => move.Item2));

    private static string Load() => File.ReadAllText("/proc/loadavg").Split(' ')[0];

    /// <summary>The load is this test's own.</summary>
    private static bool IsQuiet(string load) => double.Parse(load, CultureInfo.InvariantCulture) <= 2 * Environment.ProcessorCount;
}
