using System.Diagnostics;
using System.Text;
using Mjolnir.AppServer.Http;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Cli.Applications;
using Mjolnir.Cli.Bench.Bank;
using Mjolnir.Cli.Bench.Load;
using Mjolnir.Cli.Embedded;
using Mjolnir.Cli.Status;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Engine;

namespace Mjolnir.Cli.Bench.Run;

/// <summary>Transfers handed to the stacks directly: what the transactions cost without HTTP. As many callers as there would be connections.</summary>
internal sealed class InProcessRun(BenchOptions options, IBenchScreen screen)
{
    private readonly TimeProvider _time = TimeProvider.System;

    public async Task<BenchResult> RunAsync(CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("mjolnir-bench-");
        try
        {
            return await RunAsync(folder.FullName, cancellationToken);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private async Task<BenchResult> RunAsync(string folder, CancellationToken cancellationToken)
    {
        var (app, data) = (Path.Combine(folder, "bank"), Path.Combine(folder, "data"));
        screen.Say($"Making a bank with {options.Users:N0} accounts ...");
        BankFolder.Write(app, options.Users);
        var application = AppFolder.Load(app, Console.Error) ?? throw new FailureException("the bank has mistakes");
        var began = _time.GetTimestamp();
        var embedded = new EmbeddedOptions(data, options.Stacks, ScriptEngines.Create, _time, new Random(options.Seed));
        var stack = await EmbeddedStack.StartAsync(embedded, new Progress<WriteBehind.RecoveryProgress>(), cancellationToken);
        await using (stack)
        {
            await stack.KeepIndexesAsync(application);
            await new Seeder(stack.Router, _time).RunAsync(application, new Progress<Seeder.Step>(), cancellationToken);
            var ready = _time.GetElapsedTime(began);
            var (load, cost) = await DriveAsync(stack, application, cancellationToken);
            using var patience = new CancellationTokenSource(CliLimits.StopPatience);
            await stack.StopAsync(patience.Token);
            var money = new MoneyCheck(options.Users * BankAccounts.FirstBalance, null, await StoredMoney.AddUpAsync(data, cancellationToken));
            return new BenchResult(options, load, cost, money, null, ready, DateTimeOffset.UtcNow);
        }
    }

    private async Task<(LoadFigures Load, ServerCost Cost)> DriveAsync(EmbeddedStack stack, Application application, CancellationToken cancellationToken)
    {
        var duration = TimeSpan.FromSeconds(options.Seconds);
        var figures = new LoadFigures((int)(duration / BenchLimits.Interval) + 1);
        var status = new StatusReader(stack, new ApplicationSlot(application), _time);
        var clock = new LoadClock(BenchLimits.WarmUp, duration);
        var callers = Enumerable.Range(0, options.Clients).Select(i => CallAsync(stack.Router, application, i, figures, clock, cancellationToken)).ToList();
        var driving = Task.WhenAll(callers);
        var following = screen.FollowAsync("transfers", figures, BenchLimits.WarmUp + duration, driving);
        await Task.WhenAny(driving, Task.Delay(BenchLimits.WarmUp, _time, cancellationToken));
        var before = status.Read();
        await driving;
        await following;
        figures.Measured = duration;
        return (figures, ServerCosts.Between(before, status.Read()));
    }

    private async Task CallAsync(ITransactionRouter router, Application application, int caller, LoadFigures figures, LoadClock clock, CancellationToken cancellationToken)
    {
        var picker = new AccountPicker(options.Users, options.Skew, options.Seed + caller);
        var random = new Random(options.Seed + caller);
        var handler = application.Handlers["transfer"];
        while (!clock.IsOver(Stopwatch.GetTimestamp()) && !cancellationToken.IsCancellationRequested)
        {
            var (from, to) = picker.NextPair();
            var run = new HandlerCall
            {
                Application = application,
                Handler = handler,
                User = "teller",
                Args = Encoding.ASCII.GetBytes($"[\"{BankAccounts.Name(from)}\",\"{BankAccounts.Name(to)}\",1]"),
                Seed = new TransactionSeed(_time.GetUtcNow().ToUnixTimeMilliseconds(), (ulong)random.NextInt64()),
            };
            var sent = Stopwatch.GetTimestamp();
            var call = new TransactionCall(run, null);
            var answer = await router.Route(call).RunAsync(call, cancellationToken).ConfigureAwait(false);
            lock (figures)
            {
                Count(figures, answer, sent, clock);
            }
        }
    }

    private static void Count(LoadFigures figures, TransactionAnswer answer, long sent, LoadClock clock)
    {
        var now = Stopwatch.GetTimestamp();
        switch (answer.Status)
        {
            case TransactionStatus.Committed when clock.IsMeasured(now):
                figures.Committed++;
                figures.Latency.Record((long)Stopwatch.GetElapsedTime(sent, now).TotalMicroseconds);
                figures.PerInterval[Math.Min(clock.Interval(now), figures.PerInterval.Length - 1)]++;
                var timing = answer.Timing;
                figures.Times.Add([timing.Route / 1000.0, timing.Read / 1000.0, timing.Run / 1000.0, timing.Lock / 1000.0, timing.Log / 1000.0], answer.Routed);
                break;
            case TransactionStatus.Committed:
                break;
            case TransactionStatus.Aborted when answer.Reason?.Contains("enough", StringComparison.Ordinal) == true:
                figures.Aborted++;
                break;
            case TransactionStatus.Unavailable:
                figures.Refused++;
                break;
            default:
                figures.Failed++;
                figures.FirstFailure ??= $"{answer.Status}: {answer.Reason}";
                break;
        }
    }
}
