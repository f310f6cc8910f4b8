using Mjolnir.Cli.Bench.Load;
using Mjolnir.Cli.Bench.Run;
using Spectre.Console;

namespace Mjolnir.Cli.Bench.Report;

/// <summary>The figures of a run, for a terminal or a file.</summary>
internal static class TextReport
{
    public static void Write(IAnsiConsole console, BenchResult result)
    {
        foreach (var (title, lines) in Sections(result))
        {
            var table = new Table().Border(TableBorder.None).HideHeaders().AddColumn("").AddColumn(new TableColumn("").RightAligned()).AddColumn("");
            foreach (var line in lines)
            {
                table.AddRow(Markup.Escape("  " + line.Name), line.Good switch { false => $"[red]{Markup.Escape(line.Value)}[/]", _ => Markup.Escape(line.Value) }, Markup.Escape(line.Note));
            }

            console.MarkupLineInterpolated($"[bold]{title}[/]");
            console.Write(table);
        }
    }

    /// <summary>Every figure with its name and unit; also what the HTML report shows.</summary>
    public static IEnumerable<(string Title, IReadOnlyList<Line> Lines)> Sections(BenchResult result)
    {
        yield return ("Load", Loads(result.Options));
        yield return ("Transfers, every answer durable", Outcome(result));
        yield return ("Latency as the client saw it", Latency(result.Load.Latency));
        if (result.Load.Times.Answers > 0)
        {
            yield return ("Where the time went (Server-Timing, mean)", Times(result.Load.Times));
        }

        if (result.Cost is { } cost)
        {
            yield return ("Cost per committed transfer", Costs(cost));
        }

        yield return ("Money", Money(result.Money));
        if (result.Bare is { } bare)
        {
            yield return ("A bare endpoint that only parses the same JSON, same client", Baseline(bare, result.Ratio));
        }
    }

    private static List<Line> Loads(BenchOptions options) =>
    [
        new("accounts", $"{options.Users:N0}", options.Skew == 0 ? "chosen uniformly" : $"chosen by Zipf {options.Skew}"),
        new("connections", $"{options.Clients}", "one request under way on each"),
        new("V-stacks", $"{options.Stacks}", $"measured {options.Seconds} s after {BenchLimits.WarmUp.TotalSeconds:F0} s, seed {options.Seed}"),
    ];

    private static List<Line> Outcome(BenchResult result) =>
    [
        new("committed per second", $"{result.Load.PerSecond:N0}", ""),
        new("committed", $"{result.Load.Committed:N0}", ""),
        new("aborted by the bank", $"{result.Load.Aborted:N0}", "not enough money"),
        new("conflicts a user would see", $"{result.Load.Conflicts:N0}", "must be 0", result.Load.Conflicts == 0),
        .. result.Load.Times.Answers > 0 ? [new Line("ran beside their rows", $"{result.Load.Times.PredictionRate:P1}", "as predicted (Mjolnir-Routed)")] : Array.Empty<Line>(),
        new("refused and sent again", $"{result.Load.Refused:N0}", "429, 503"),
        new("failed", $"{result.Load.Failed:N0}", result.Load.FirstFailure ?? "", result.Load.Failed == 0),
        .. result.ReadyIn is { } ready ? [new Line("server ready in", $"{ready.TotalSeconds:F2} s", "first start: all accounts written")] : Array.Empty<Line>(),
    ];

    private static List<Line> Latency(LatencyHistogram latency) =>
    [
        .. new[] { 0.5, 0.9, 0.99, 0.999 }.Select(share => new Line($"p{share * 100:0.#}", Milliseconds(latency.Percentile(share)), "ms")),
        new("max", Milliseconds(latency.Max), "ms"),
    ];

    private static List<Line> Times(ServerTimes times) =>
        [.. ServerTimes.Parts.Select((part, i) => new Line(part, $"{times.Mean(i):F3}", PartNote(part)))];

    private static string PartNote(string part) => part switch
    {
        "route" => "ms waiting for the lane",
        "read" => "ms loading rows",
        "run" => "ms running the handler",
        "lock" => "ms until its batch closed, was installed and validated",
        _ => "ms until the log confirmed",
    };

    private static List<Line> Costs(ServerCost cost) =>
    [
        new("CPU", $"{cost.CpuMicroseconds:F1}", "us of the server's process"),
        new("allocated", $"{cost.AllocatedBytes:N0}", "bytes"),
        new("cache operations", $"{cost.CacheOperations:F2}", ""),
        new("log", $"{cost.LogBytes:N0}", "bytes"),
        new("runs of the handler", $"{cost.Attempts:F3}", ""),
        new("transactions per batch", $"{cost.TransactionsPerBatch:F1}", ""),
        new("re-runs after a conflict", $"{cost.Conflicts:N0}", "in all; users never see them"),
        new("handed over", $"{cost.HandedOver:N0}", "in all"),
        new("store reads", $"{cost.StoreReads:N0}", "in all"),
        new("GC pauses", $"{cost.GcPauseMilliseconds:F0}", "ms in all"),
        new("resident", $"{cost.ResidentBytes / 1048576.0:F0}", "MB at the end"),
    ];

    private static List<Line> Money(MoneyCheck money) =>
    [
        new("there must be", $"{money.Expected:N0}", ""),
        .. money.Served is { } served ? [new Line("the server says", $"{served:N0}", Verdict(served, money), served == money.Expected)] : Array.Empty<Line>(),
        .. money.Stored is { } stored ? [new Line("the store holds", $"{stored:N0}", Verdict(stored, money), stored == money.Expected)] : Array.Empty<Line>(),
    ];

    private static string Verdict(long found, MoneyCheck money) => found == money.Expected ? "right" : $"WRONG by {found - money.Expected:N0}";

    private static List<Line> Baseline(LoadFigures bare, double? ratio) =>
    [
        new("answers per second", $"{bare.PerSecond:N0}", ""),
        new("p99", Milliseconds(bare.Latency.Percentile(0.99)), "ms"),
        new("ratio", $"{ratio:F2}", "transfers over bare answers"),
    ];

    private static string Milliseconds(long microseconds) => $"{microseconds / 1000.0:F2}";
}

/// <summary>One figure. <paramref name="Good"/> false is shown in red.</summary>
internal readonly record struct Line(string Name, string Value, string Note, bool Good = true);
