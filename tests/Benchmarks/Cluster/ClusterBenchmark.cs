using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Mjolnir.Cli.Bench;
using Mjolnir.Cli.Bench.Bank;
using Mjolnir.Cli.Bench.Load;
using Mjolnir.Cli.Bench.Run;
using Mjolnir.Running;
using Mjolnir.Servers;
using Mjolnir.Services;

namespace Mjolnir.Benchmarks.Cluster;

/// <summary>
/// The classic stack as <c>up --with-services</c> starts it, and beside it in the same run a bare endpoint and ASP.NET Core over PostgreSQL: the same client, connections, seconds and
/// accounts. Everything on one machine, so ratios count, not figures.
/// </summary>
/// <param name="seconds">of each phase, measured</param>
/// <param name="stacks">V-stacks</param>
/// <param name="accounts">in the bank</param>
/// <param name="clients">connections</param>
/// <param name="rate">transfers a second in all; 0: as many as go. With a rate below what the machine can do, the cost of one transfer at several numbers of V-stacks compares</param>
internal sealed class ClusterBenchmark(int seconds, int stacks, int accounts, int clients, int rate)
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(3);

    private readonly TimeSpan _duration = TimeSpan.FromSeconds(seconds);
    private int _drives = 100;

    public async Task<int> RunAsync(IReadOnlyCollection<string> parts)
    {
        var all = parts.Count == 0;
        var right = true;
        if (all || parts.Contains("cluster"))
        {
            right &= await DriveClusterAsync();
        }

        if (all || parts.Contains("bare"))
        {
            await using var bare = await StartSelfAsync("bare");
            Print("bare endpoint, uniform", Drive([bare.EndPoint], new string?[clients], 0), null);
        }

        if (all || parts.Contains("postgres"))
        {
            right &= await DrivePostgresAsync();
        }

        return right ? 0 : 1;
    }

    private async Task<bool> DriveClusterAsync()
    {
        using var folder = new TestFolder();
        var (bank, data) = (folder.At("bank"), folder.At("data"));
        BankFolder.Write(bank, accounts);
        var began = Stopwatch.GetTimestamp();
        var (up, proxy) = await MjolnirProcess.ServeAsync(
            "up", bank, "--stack", "classic", "--stacks", $"{stacks}", "--with-services", "--data", data, "--port", $"{Programs.FreePorts(1)[0]}", "--sign-in", "open");
        await using (up)
        {
            Console.WriteLine($"up with {stacks} V-stacks and {accounts:N0} accounts after {Stopwatch.GetElapsedTime(began).TotalSeconds:F1} s");
            var servers = Enumerable.Range(1, stacks).Select(i => ServerUrl(Path.Combine(data, $"s{i}-app", "stack.json"))).ToArray();
            using var client = new BankClient(proxy, null);
            var cookies = await client.SignInAsync(clients, CancellationToken.None);

            using var costs = new ClusterCosts(data, stacks);

            // Not measured: the seed rows are still being stored, and nothing is compiled yet, at the proxy least of all.
            Drive([.. servers.Select(EndPoint)], cookies, skew: 0);
            Drive([EndPoint(proxy)], cookies, skew: 0);
            await costs.WaitUntilStoredAsync();
            foreach (var skew in new[] { 0, 1.5 })
            {
                var name = skew == 0 ? "uniform" : $"Zipf {skew.ToString(CultureInfo.InvariantCulture)}";
                await costs.AroundAsync(() => Measure($"proxy, {name}", up.Id, () => Drive([EndPoint(proxy)], cookies, skew, rate)));
                await costs.AroundAsync(() => Measure($"app servers, {name}", up.Id, () => Drive([.. servers.Select(EndPoint)], cookies, skew, rate)));
                if (rate == 0)
                {
                    await costs.AroundAsync(() => MeasureLiveAsync($"WebSockets at the app servers, {name}", up.Id, servers, cookies, skew));
                    await costs.AroundAsync(() => MeasureLiveAsync($"WebSockets at the proxy, {name}", up.Id, [proxy], cookies, skew));
                }
            }

            var sum = await client.AddUpAsync(accounts, cookies[0], static _ => { }, CancellationToken.None);
            var right = sum == accounts * BankAccounts.FirstBalance;
            Console.WriteLine(right ? $"money: {sum:N0}, right" : $"MONEY IS WRONG: {sum:N0} instead of {accounts * BankAccounts.FirstBalance:N0}");
            up.Terminate();
            await up.EndAsync();
            await KeepAsync(up.Output);
            return right && up.ExitCode == 0;
        }
    }

    /// <summary>What the processes said, beside the hours of the phases: where a figure surprises, the reason is there.</summary>
    private static async Task KeepAsync(string output)
    {
        var path = Path.Combine(Repository.Root, "out", "cluster-benchmark.log");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await File.WriteAllTextAsync(path, output);
        Console.WriteLine($"what the processes said: {path}");
    }

    private async Task<bool> DrivePostgresAsync()
    {
        await using var database = await PostgresServer.StartAsync();
        await PostgresPeer.FillAsync(database.ConnectionString, accounts);
        await using (var peer = await StartSelfAsync("postgres-peer", database.ConnectionString))
        {
            Print("ASP.NET Core + PostgreSQL, uniform", Drive([peer.EndPoint], new string?[clients], 0), null);
            Print("ASP.NET Core + PostgreSQL, Zipf 1.5", Drive([peer.EndPoint], new string?[clients], 1.5), null);
        }

        return await PostgresPeer.AddUpAsync(database.ConnectionString) == accounts * BankAccounts.FirstBalance;
    }

    /// <summary>Each time other accounts: with the same ones again servers would know the rows of all phases before.</summary>
    private LoadFigures Drive(IReadOnlyList<IPEndPoint> servers, IReadOnlyList<string?> cookies, double skew, int perSecond = 0)
    {
        using var load = new LoadClient(new Load(servers, cookies, accounts, skew, WarmUp, _duration, Seed: ++_drives, perSecond));
        load.Run(static () => { }, CancellationToken.None);
        return load.Figures;
    }

    private static Task Measure(string name, int root, Func<LoadFigures> drive)
    {
        var before = ProcessTree.CpuSeconds(root);
        Console.Write($"{DateTimeOffset.Now:HH:mm:ss} ");
        var figures = drive();
        Print(name, figures, Cpu(before, ProcessTree.CpuSeconds(root), figures.CommittedEver));
        return Task.CompletedTask;
    }

    private async Task MeasureLiveAsync(string name, int root, IReadOnlyList<Uri> urls, IReadOnlyList<string?> cookies, double skew)
    {
        const int InFlight = 64;
        var sockets = clients / 8;
        var before = ProcessTree.CpuSeconds(root);
        Console.Write($"{DateTimeOffset.Now:HH:mm:ss} ");
        var (perSecond, aborted, other) = await new LiveLoad(urls, [.. cookies.Take(sockets)], InFlight, accounts, skew).RunAsync(WarmUp, _duration, CancellationToken.None);
        var cpu = Cpu(before, ProcessTree.CpuSeconds(root), (long)(perSecond * (_duration + WarmUp).TotalSeconds));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-44} {perSecond,8:F0}/s  ({sockets} x {InFlight} in flight) refused by the bank {aborted}, other {other}   {cpu}"));
    }

    private static string Cpu(Dictionary<string, double> before, Dictionary<string, double> after, long transfers) =>
        "CPU us each: " + string.Join(", ", after
            .Select(kind => (kind.Key, Spent: kind.Value - before.GetValueOrDefault(kind.Key)))
            .Where(kind => kind.Spent > 0.05).OrderByDescending(kind => kind.Spent)
            .Select(kind => string.Create(CultureInfo.InvariantCulture, $"{kind.Key} {kind.Spent * 1e6 / Math.Max(1, transfers):F0}")));

    private static void Print(string name, LoadFigures figures, string? cpu)
    {
        var latency = figures.Latency;
        var times = string.Join(" ", ServerTimes.Parts.Select((part, i) => string.Create(CultureInfo.InvariantCulture, $"{part} {figures.Times.Mean(i):F2}")));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name,-44} {figures.PerSecond,8:F0}/s  p50 {latency.Percentile(0.5) / 1000.0:F1} ms, p99 {latency.Percentile(0.99) / 1000.0:F1} ms, aborted {figures.Aborted}, conflicts {figures.Conflicts}, refused {figures.Refused}, failed {figures.Failed} {figures.FirstFailure}  [{times}]  {cpu}"));
    }

    private static IPEndPoint EndPoint(Uri url) => new(IPAddress.Parse(url.Host), url.Port);

    private static Uri ServerUrl(string configuration)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(configuration));
        return new Uri(json.RootElement.GetProperty("Server").GetProperty("Url").GetString()!);
    }

    private static Task<ChildServer> StartSelfAsync(params string[] arguments) => ChildServer.StartAsync(typeof(ClusterBenchmark).Assembly.Location, arguments, CancellationToken.None);
}
