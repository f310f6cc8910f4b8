using System.CommandLine;
using Mjolnir.Cli.Bench;
using Mjolnir.Cli.Bench.Bank;
using Mjolnir.Cli.Bench.Report;
using Mjolnir.Cli.Bench.Run;
using Mjolnir.Cli.Dev;
using Spectre.Console;

namespace Mjolnir.Cli.Verbs;

/// <summary><c>bench bank</c>: drive the bank, check the money, print what it cost.</summary>
internal static class BenchVerb
{
    private static readonly Option<int> Users = Whole("--users", 100_000, 2, BankAccounts.Max, "Accounts, 1000 each.");
    private static readonly Option<int> Seconds = Whole("--seconds", 10, 1, 3600, "Seconds to measure.");
    private static readonly Option<int> Clients = Whole("--clients", 64, 1, 1000, "Connections, one request under way on each.");
    private static readonly Option<int> Stacks = Whole("--stacks", 1, 1, CliLimits.MaxStacks, "V-stacks of the server.");
    private static readonly Option<int> Seed = Whole("--seed", 1, 0, int.MaxValue, "Seed of the choice of accounts.");
    private static readonly Option<int> Rate = Whole("--rate", 0, 0, 1_000_000, "Transfers a second, latency counted from when each is due; 0 is as many as go.");
    private static readonly Option<double> Skew = new("--skew") { Description = "Zipf exponent of the choice of accounts; 0 is uniform.", DefaultValueFactory = _ => 0 };
    private static readonly Option<FileInfo?> Report = new("--report") { Description = "Write an HTML file with plots." };
    private static readonly Option<Uri?> Url = new("--url") { Description = "Drive a running server (bench accounts, --sign-in open) instead of starting one.", CustomParser = Verbs.Url.Parse };
    private static readonly Option<bool> InProcess = new("--in-process") { Description = "Without HTTP: what the transactions alone cost." };

    public static Command Create() => new("bench", "Measure: throughput, latency, cost, and whether the money is right.") { Bank(), App(), Bare() };

    private static Command Bank()
    {
        var command = new Command("bank", "Drive the bank sample with transfers.") { Users, Seconds, Clients, Skew, Rate, Stacks, Seed, Report, Url, InProcess };
        Skew.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double>() is < 0 or > 5)
            {
                result.AddError("--skew must be from 0 to 5.");
            }
        });
        command.Validators.Add(result =>
        {
            if (result.GetValue(InProcess) && result.GetValue(Rate) > 0)
            {
                result.AddError("--rate is for requests; --in-process has none. Leave out one of the two.");
            }
        });
        command.SetAction((parsed, _) => BankAsync(Options(parsed)));
        return command;
    }

    private static Command App()
    {
        var folder = new Argument<string>("FOLDER") { Description = "The folder to make." };
        var command = new Command("app", "Write the bank that is driven, to run it with dev.") { folder, Users };
        command.SetAction(parsed =>
        {
            var path = Path.GetFullPath(parsed.GetRequiredValue(folder));
            if (Directory.Exists(path))
            {
                throw new FailureException($"{path} exists already", "Choose another folder; nothing was changed.");
            }

            BankFolder.Write(path, parsed.GetValue(Users));
            Console.Out.WriteLine($"Made {path}. Next: mjolnir dev {path} --sign-in open");
            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command Bare()
    {
        var command = new Command("bare", "Serve an endpoint that only parses, to compare with.") { Hidden = true };
        command.SetAction(async (_, _) =>
        {
            using var stop = new StopSignal();
            await BareEndpoint.RunAsync(address => Console.Out.WriteLine(ChildServer.ListeningWord + address), stop.Token);
            return ExitCodes.Ok;
        });
        return command;
    }

    private static BenchOptions Options(ParseResult parsed) => new(
        parsed.GetValue(Users),
        parsed.GetValue(Seconds),
        parsed.GetValue(Clients),
        parsed.GetValue(Skew),
        parsed.GetValue(Stacks),
        parsed.GetValue(Report)?.FullName,
        parsed.GetValue(Url),
        parsed.GetValue(InProcess),
        parsed.GetValue(Seed),
        parsed.GetValue(Rate));

    private static async Task<int> BankAsync(BenchOptions options)
    {
        using var stop = new StopSignal();
        var console = Terminal.Create(Console.Out, Console.IsOutputRedirected);
        IBenchScreen screen = Console.IsOutputRedirected ? new PlainScreen(Console.Out) : new LiveScreen(console);
        var result = options.InProcess
            ? await new InProcessRun(options, screen).RunAsync(stop.Token)
            : await new BenchRun(options, screen).RunAsync(stop.Token);
        TextReport.Write(console, result);
        if (options.Report is { } file)
        {
            await File.WriteAllTextAsync(file, HtmlReport.Render(result), stop.Token);
            console.MarkupLineInterpolated($"Report: {file}");
        }

        return result.Good ? ExitCodes.Ok : ExitCodes.Failed;
    }

    private static Option<int> Whole(string name, int usual, int least, int most, string description)
    {
        var option = new Option<int>(name) { Description = description, DefaultValueFactory = _ => usual };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is var value && (value < least || value > most))
            {
                result.AddError($"{name} must be from {least} to {most}.");
            }
        });
        return option;
    }
}
