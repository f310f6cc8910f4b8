using System.Globalization;
using System.Net;
using System.Text;
using Mjolnir.Cli.Bench.Run;

namespace Mjolnir.Cli.Bench.Report;

/// <summary>One HTML file that needs nothing else: the figures, and three plots as inline SVG.</summary>
internal static class HtmlReport
{
    private const string Head = """
        <!DOCTYPE html>
        <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Mjolnir bench</title>
        <style>
        :root { color-scheme: light dark; --line: #2563eb; --soft: #93c5fd; --grid: #8884; }
        body { font: 15px/1.5 system-ui, sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; }
        table { border-collapse: collapse; margin-bottom: 1em; } td { padding: .1em 1em .1em 0; } td:nth-child(2) { text-align: right; font-variant-numeric: tabular-nums; }
        td:nth-child(3), small { opacity: .7; } .bad { color: #dc2626; font-weight: bold; }
        svg { width: 100%; height: auto; } svg text { fill: currentColor; font-size: 11px; } .grid { stroke: var(--grid); } .bar { fill: var(--line); } .soft { fill: var(--soft); }
        .curve { fill: none; stroke: var(--line); stroke-width: 2; }
        </style></head><body>
        """;

    public static string Render(BenchResult result)
    {
        var html = new StringBuilder(Head);
        html.Append(CultureInfo.InvariantCulture, $"<h1>{result.Load.PerSecond:N0} transfers per second</h1>");
        html.Append(CultureInfo.InvariantCulture, $"<p><small>{result.At:u}, {Environment.ProcessorCount} cores, {WebUtility.HtmlEncode(Environment.OSVersion.ToString())}, .NET {Environment.Version}. Every answer durable.</small></p>");
        html.Append("<h2>Committed per second, over time</h2>").Append(Plots.Throughput(result.Load));
        html.Append("<h2>Latency</h2>").Append(Plots.Latency(result.Load.Latency));
        if (result.Load.Times.Answers > 0)
        {
            html.Append("<h2>Where the time went</h2>").Append(Plots.Breakdown(result.Load.Times));
        }

        html.Append("<h2>Figures</h2>");
        foreach (var (title, lines) in TextReport.Sections(result))
        {
            Table(html, title, lines);
        }

        return html.Append("</body></html>\n").ToString();
    }

    private static void Table(StringBuilder html, string title, IReadOnlyList<Line> lines)
    {
        html.Append(CultureInfo.InvariantCulture, $"<h3>{WebUtility.HtmlEncode(title)}</h3><table>");
        foreach (var line in lines)
        {
            var mark = line.Good ? "" : " class=\"bad\"";
            html.Append(CultureInfo.InvariantCulture, $"<tr{mark}><td>{WebUtility.HtmlEncode(line.Name)}</td><td>{WebUtility.HtmlEncode(line.Value)}</td><td>{WebUtility.HtmlEncode(line.Note)}</td></tr>");
        }

        html.Append("</table>");
    }
}
