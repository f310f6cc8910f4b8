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
/// What the auditor takes from an embedded stack under full load: the same bank, process and clients, the auditor off and on in turn. It makes rounds every second here unless told, so that each window has some;
/// the usual pause is ten times as long, so this is a bound from above.
/// </summary>
internal static class AuditBenchmark
{
    private const int Accounts = 100_000;
    private const int Clients = 64;

    public static async Task<int> RunAsync(TimeSpan window, int rounds, TimeSpan pause)
    {
        using var folder = new TestFolder();
        BankFolder.Write(folder.At("bank"), Accounts);
        var application = AppFolder.Load(folder.At("bank"), Console.Error)!;
        var options = new EmbeddedOptions(folder.At("data"), 1, ScriptEngines.Create, TimeProvider.System, new Random(1))
        {
            IsAudited = false,
            Audit = new AuditLimits { RoundPause = pause },
            Violated = violation => Console.Error.WriteLine(violation),
        };
        await using var stack = await EmbeddedStack.StartAsync(options, new Progress<RecoveryProgress>(), CancellationToken.None);
        await new Seeder(stack.Router, TimeProvider.System).RunAsync(application, new Progress<Seeder.Step>(), CancellationToken.None);
        using var stop = new CancellationTokenSource();
        var clients = Enumerable.Range(0, Clients).Select(seed => Task.Run(() => ClientAsync(stack, application, seed, stop.Token))).ToArray();
        await Task.Delay(window);
        var (rates, costs) = (new List<double>(), new List<double>());
        for (var round = 0; round < rounds; round++)
        {
            // Off first in one round, on first in the next: what grows with time falls on both alike.
            var isOnFirst = round % 2 == 1;
            var one = await MeasureAsync(stack, window, isOnFirst);
            var other = await MeasureAsync(stack, window, !isOnFirst);
            var (off, on) = isOnFirst ? (other, one) : (one, other);
            rates.Add(on.PerSecond / off.PerSecond);
            costs.Add(on.Microseconds / off.Microseconds);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"round {round + 1}: off {off.PerSecond:F0}/s, {off.Microseconds:F1} µs CPU each; on {on.PerSecond:F0}/s, {on.Microseconds:F1} µs; ratio {rates[^1]:F3} of throughput, {costs[^1]:F3} of CPU"));
        }

        await stop.CancelAsync();
        await Task.WhenAll(clients);
        var (figures, requests) = (stack.Auditor.Figures, stack.AuditRequests.Figures);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"medians of {rounds}: {Median(rates):F3} of the throughput, {Median(costs):F3} of the CPU per transfer; auditor: {figures.Rounds} rounds, {figures.Rows} rows, {figures.Differences} differences, {figures.Cleared} suspicions dispelled, {figures.LastMilliseconds:F0} ms the last round, {requests.Gets / Math.Max(1.0, figures.Rounds):F0} reads and {requests.Lists / Math.Max(1.0, figures.Rounds):F0} lists a round"));
        return figures.Differences == 0 && figures.Rounds > 0 ? 0 : 1;
    }

    private static async Task<(double PerSecond, double Microseconds)> MeasureAsync(EmbeddedStack stack, TimeSpan window, bool isOn)
    {
        using var end = new CancellationTokenSource();
        var auditing = isOn ? Task.Run(() => stack.Auditor.RunAsync(end.Token)) : Task.CompletedTask;
        using var process = Process.GetCurrentProcess();
        var (began, cpu, before) = (Stopwatch.GetTimestamp(), process.TotalProcessorTime, stack.Figures()[0].Committed);
        await Task.Delay(window);
        process.Refresh();
        var (done, seconds) = (Math.Max(1, stack.Figures()[0].Committed - before), Stopwatch.GetElapsedTime(began).TotalSeconds);
        var spent = process.TotalProcessorTime - cpu;
        await end.CancelAsync();
        await auditing;
        return (done / seconds, spent.TotalMicroseconds / done);
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
}
