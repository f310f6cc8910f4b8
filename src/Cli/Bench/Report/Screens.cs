using System.Diagnostics;
using Mjolnir.Cli.Bench.Load;
using Mjolnir.Cli.Bench.Run;
using Spectre.Console;

namespace Mjolnir.Cli.Bench.Report;

/// <summary>A live table in a terminal.</summary>
internal sealed class LiveScreen(IAnsiConsole console) : IBenchScreen
{
    public void Say(string line) => console.MarkupLineInterpolated($"[grey]{line}[/]");

    public Task FollowAsync(string what, LoadFigures figures, TimeSpan expected, Task driving)
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumns(what, "committed/s", "p50 ms", "p99 ms", "aborted", "refused", "failed");
        table.AddRow("", "", "", "", "", "", "");
        var began = Stopwatch.GetTimestamp();
        return console.Live(table).StartAsync(async live =>
        {
            while (!driving.IsCompleted)
            {
                await Task.WhenAny(driving, Task.Delay(BenchLimits.Redraw));
                Draw(table, figures, Stopwatch.GetElapsedTime(began), expected);
                live.Refresh();
            }
        });
    }

    private static void Draw(Table table, LoadFigures figures, TimeSpan elapsed, TimeSpan expected)
    {
        var measured = elapsed - BenchLimits.WarmUp;
        var warm = measured > TimeSpan.Zero;
        table.UpdateCell(0, 0, warm ? $"{Math.Min(measured.TotalSeconds, (expected - BenchLimits.WarmUp).TotalSeconds):F0} s" : "warming up");
        table.UpdateCell(0, 1, warm ? $"{figures.Committed / Math.Min(measured.TotalSeconds, (expected - BenchLimits.WarmUp).TotalSeconds):N0}" : "");
        table.UpdateCell(0, 2, warm ? $"{figures.Latency.Percentile(0.5) / 1000.0:F2}" : "");
        table.UpdateCell(0, 3, warm ? $"{figures.Latency.Percentile(0.99) / 1000.0:F2}" : "");
        table.UpdateCell(0, 4, $"{figures.Aborted:N0}");
        table.UpdateCell(0, 5, $"{figures.Refused:N0}");
        table.UpdateCell(0, 6, $"{figures.Failed + figures.Conflicts:N0}");
    }
}

/// <summary>A line per step, for a file or a pipe.</summary>
internal sealed class PlainScreen(TextWriter writer) : IBenchScreen
{
    public void Say(string line) => writer.WriteLine(line);

    public async Task FollowAsync(string what, LoadFigures figures, TimeSpan expected, Task driving)
    {
        writer.WriteLine($"Driving {what} for {expected.TotalSeconds:F0} s ({BenchLimits.WarmUp.TotalSeconds:F0} s of them to warm up) ...");
        await Task.WhenAny(driving);
    }
}
