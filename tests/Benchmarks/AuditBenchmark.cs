using System.Diagnostics;
using System.Globalization;
using System.Text;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Cli.Applications;
using Mjolnir.Cli.Bench.Bank;
using Mjolnir.Cli.Bench.Load;
using Mjolnir.Cli.Embedded;
using Mjolnir.Running;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Engine;
using Mjolnir.WriteBehind;
using Mjolnir.WriteBehind.Auditing;

namespace Mjolnir.Benchmarks;

/// <summary>
/// What the auditor takes from an embedded stack under full load: the same bank, process and clients, the auditor off and on in turn. At its usual pause that drowns in what else such a process does in turn (collecting memory,
/// merging in the store), so it works far more often here, and what it takes is told for each round: with a pause of 0 every round is followed by a rest as long as itself. The share at the usual pause is that of one round.
/// </summary>
internal static class AuditBenchmark
{
    private const int Accounts = 100_000;
    private const int Clients = 64;

    /// <summary>Of the throughput: what an auditor may take.</summary>
    private const double MostPercent = 2;

    private const int Resamples = 10_000;

    public static async Task<int> RunAsync(TimeSpan window, int rounds, TimeSpan pause)
    {
        using var folder = new TestFolder();
        BankFolder.Write(folder.At("bank"), Accounts);
        var application = AppFolder.Load(folder.At("bank"), Console.Error)!;
        var options = new EmbeddedOptions(folder.At("data"), 1, ScriptEngines.Create, TimeProvider.System, new Random(1))
        {
            IsAudited = false,
            Audit = pause > TimeSpan.Zero ? new AuditLimits { RoundPause = pause } : new AuditLimits { RoundPause = TimeSpan.FromMilliseconds(1), RestFactor = 1 },
            Violated = violation => Console.Error.WriteLine(violation),
        };
        await using var stack = await EmbeddedStack.StartAsync(options, new Progress<RecoveryProgress>(), CancellationToken.None);
        await new Seeder(stack.Router, TimeProvider.System).RunAsync(application, new Progress<Seeder.Step>(), CancellationToken.None);
        using var stop = new CancellationTokenSource();
        var clients = Enumerable.Range(0, Clients).Select(seed => Task.Run(() => ClientAsync(stack, application, seed, stop.Token))).ToArray();
        await Task.Delay(window);
        var (rates, costs, lost) = (new List<double>(), new List<double>(), new List<double>());
        for (var round = 0; round < rounds; round++)
        {
            // Off first in one round, on first in the next: what grows with time falls on both alike.
            var isOnFirst = round % 2 == 1;
            var one = await MeasureAsync(stack, window, isOnFirst);
            var other = await MeasureAsync(stack, window, !isOnFirst);
            var (off, on) = isOnFirst ? (other, one) : (one, other);
            rates.Add(on.PerSecond / off.PerSecond);
            costs.Add(on.Microseconds / off.Microseconds);
            lost.Add((1 - rates[^1]) * window.TotalMilliseconds / Math.Max(1, on.Rounds));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"round {round + 1}: off {off.PerSecond:F0}/s, {off.Microseconds:F1} µs CPU each; on {on.PerSecond:F0}/s, {on.Microseconds:F1} µs; ratio {rates[^1]:F3} of throughput, {costs[^1]:F3} of CPU; {on.Rounds} rounds of the auditor, {lost[^1]:F1} ms of transfers lost by each"));
        }

        await stop.CancelAsync();
        await Task.WhenAll(clients);
        var (figures, requests) = (stack.Auditor.Figures, stack.AuditRequests.Figures);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"medians of {rounds}: {Median(rates):F3} of the throughput, {Median(costs):F3} of the CPU per transfer; auditor: {figures.Rounds} rounds, {figures.Rows} rows, {figures.Differences} differences, {figures.Cleared} suspicions dispelled, {figures.LastMilliseconds:F0} ms the last round, {requests.Gets / Math.Max(1.0, figures.Rounds):F0} reads and {requests.Lists / Math.Max(1.0, figures.Rounds):F0} lists a round"));
        var usual = EmbeddedLimits.AuditPause;
        var (low, middle, high) = Interval(lost);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"a round takes {middle:F1} ms of transfers (median; 95 % of such medians lie between {low:F1} and {high:F1}); at the usual pause of {usual.TotalSeconds:F0} s that is {Share(middle):F3} % of the throughput ({Share(low):F3} to {Share(high):F3})"));
        return figures.Differences == 0 && figures.Rounds > 0 && Share(high) < MostPercent ? 0 : 1;

        double Share(double milliseconds) => 100 * milliseconds / usual.TotalMilliseconds;
    }

    private static async Task<(double PerSecond, double Microseconds, long Rounds)> MeasureAsync(EmbeddedStack stack, TimeSpan window, bool isOn)
    {
        using var end = new CancellationTokenSource();
        var auditing = isOn ? Task.Run(() => stack.Auditor.RunAsync(end.Token)) : Task.CompletedTask;
        using var process = Process.GetCurrentProcess();
        var (began, cpu, before, audited) = (Stopwatch.GetTimestamp(), process.TotalProcessorTime, stack.Figures()[0].Committed, stack.Auditor.Figures.Rounds);
        await Task.Delay(window);
        process.Refresh();
        var (done, seconds) = (Math.Max(1, stack.Figures()[0].Committed - before), Stopwatch.GetElapsedTime(began).TotalSeconds);
        var spent = process.TotalProcessorTime - cpu;
        await end.CancelAsync();
        await auditing;
        return (done / seconds, spent.TotalMicroseconds / done, stack.Auditor.Figures.Rounds - audited);
    }

    private static async Task ClientAsync(EmbeddedStack stack, Application application, int seed, CancellationToken stop)
    {
        var (picker, random) = (new AccountPicker(Accounts, 0, seed), new Random(seed));
        var handler = application.Handlers["transfer"];
        while (!stop.IsCancellationRequested)
        {
            var (from, to) = picker.NextPair();
            var call = new TransactionCall(
                new HandlerCall
                {
                    Application = application,
                    Handler = handler,
                    User = "teller",
                    Args = Encoding.ASCII.GetBytes($"[\"{BankAccounts.Name(from)}\",\"{BankAccounts.Name(to)}\",1]"),
                    Seed = new TransactionSeed(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(), (ulong)random.NextInt64()),
                },
                null);
            await stack.Router.Route(call).RunAsync(call, CancellationToken.None).ConfigureAwait(false);
        }
    }

    private static double Median(IEnumerable<double> values) => values.Order().ElementAt(values.Count() / 2);

    /// <summary>The median, and between which values 95 % of the medians of samples drawn from these lie (bootstrap).</summary>
    private static (double Low, double Middle, double High) Interval(IReadOnlyList<double> values)
    {
        var random = new Random(1);
        var medians = Enumerable.Range(0, Resamples).Select(_ => Median(values.Select(_ => values[random.Next(values.Count)]).ToList())).Order().ToList();
        return (medians[Resamples / 40], Median(values), medians[^(Resamples / 40)]);
    }
}
