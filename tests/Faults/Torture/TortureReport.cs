using System.Globalization;
using System.Net;
using System.Text;

namespace Mjolnir.Faults.Tests.Torture;

/// <summary>A run as one HTML page that needs nothing else: figures, throughput over time with a mark at each fault, every fault, every check.</summary>
internal static class TortureReport
{
    private const int Height = 260;
    private const int Bottom = 230;
    private const double PixelsPerSecond = 6;

    public static string Html(TortureRecord record) => $$"""
        <!DOCTYPE html>
        <html lang="en">
        <head><meta charset="utf-8"><title>Torture, seed {{record.Seed}}</title>
        <style>
        body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; color: #1b1f24; background: #fff }
        h1 { font-size: 1.5rem } h2 { font-size: 1.1rem; margin-top: 2rem }
        .good { color: #1a7f37 } .bad { color: #b3261e; white-space: pre-wrap }
        .plot { overflow-x: auto; border: 1px solid #d0d7de; border-radius: 6px }
        svg text { font-size: 11px; fill: #57606a }
        table { border-collapse: collapse; width: 100% } td, th { text-align: left; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid #eaeef2 } .n { text-align: right; font-variant-numeric: tabular-nums }
        .Kill { stroke: #b3261e } .Stop { stroke: #b26a00 } .Cut, .Silence, .LostAnswers { stroke: #6f42c1 } .Scale { stroke: #1a7f37 } .Damage { stroke: #1b1f24 }
        </style></head>
        <body>
        <h1>Torture of a cluster, seed {{record.Seed}}</h1>
        <p class="{{(record.Verdict == "no violation" ? "good" : "bad")}}"><strong>{{Text(record.Verdict)}}</strong></p>
        <p>{{Summary(record)}}</p>
        <p>The same schedule again: <code>./test --torture --minutes {{Number(Math.Ceiling(record.Length.TotalMinutes))}} --seed {{record.Seed}}</code></p>
        <h2>Calls acknowledged per second</h2>
        <p>Red: kill -9. Orange: SIGSTOP. Violet: link cut, silent, or its answers lost. Green: a V-stack joins and leaves. Black: a stored byte flipped. Point at a mark to see which. Gaps: the load had ended and its history was being checked.</p>
        <div class="plot">{{Plot(record)}}</div>
        <h2>Faults</h2>
        <table><tr><th class="n">at, s</th><th>fault</th><th class="n">over and served after, s</th></tr>
        {{string.Join('\n', record.Faults.Select(mark => $"<tr><td class=\"n\">{Number(mark.At.TotalSeconds)}</td><td>{Text(mark.Fault.Words)}</td><td class=\"n\">{(mark.Healed is { } healed ? Number(healed.TotalSeconds) : "next one came")}</td></tr>"))}}
        </table>
        <h2>Checks</h2>
        <ol>{{string.Concat(record.Checks.Select(check => $"<li>{Text(check)}</li>"))}}</ol>
        </body></html>
        """;

    /// <summary>The figures in one line.</summary>
    public static string Summary(TortureRecord record) => string.Create(
        CultureInfo.InvariantCulture,
        $"{record.Length.TotalMinutes:F1} minutes, {record.Faults.Count} faults of which {record.Kills} kills; {record.Acknowledged} calls acknowledged, {record.Transfers} of them transfers, {record.Retries} sent again; longest time without an answer {record.LongestOutage.TotalSeconds:F1} s; {record.Damaged} rows and objects damaged, {record.Noticed} of them told of; {record.Checks.Count} histories checked");

    private static string Plot(TortureRecord record)
    {
        var most = Math.Max(1, record.Samples.Select(sample => sample.Rate).DefaultIfEmpty().Max());
        var width = Math.Max(600, X(record.Length) + 20);
        var plot = new StringBuilder();
        plot.Append(CultureInfo.InvariantCulture, $"<svg width=\"{width:F0}\" height=\"{Height}\" role=\"img\" aria-label=\"throughput over time\">");
        foreach (var mark in record.Faults)
        {
            plot.Append(CultureInfo.InvariantCulture, $"<line class=\"{mark.Fault.Kind}\" x1=\"{X(mark.At):F1}\" x2=\"{X(mark.At):F1}\" y1=\"10\" y2=\"{Bottom}\" stroke-width=\"2\" stroke-opacity=\".55\"><title>{Number(mark.At.TotalSeconds)} s: {Text(mark.Fault.Words)}</title></line>");
        }

        foreach (var line in Unbroken(record.Samples))
        {
            var points = line.Select(sample => string.Create(CultureInfo.InvariantCulture, $"{X((sample.From + sample.To) / 2):F1},{Bottom - (sample.Rate / most * (Bottom - 20)):F1}"));
            plot.Append(CultureInfo.InvariantCulture, $"<polyline fill=\"none\" stroke=\"#0969da\" stroke-width=\"1.5\" points=\"{string.Join(' ', points)}\"/>");
        }

        plot.Append(CultureInfo.InvariantCulture, $"<line x1=\"0\" x2=\"{width:F0}\" y1=\"{Bottom}\" y2=\"{Bottom}\" stroke=\"#8c959f\"/><text x=\"4\" y=\"16\">{most:F0} / s</text>");
        for (var second = 0; second <= record.Length.TotalSeconds; second += 30)
        {
            plot.Append(CultureInfo.InvariantCulture, $"<text x=\"{X(TimeSpan.FromSeconds(second)):F1}\" y=\"{Height - 10}\">{second} s</text>");
        }

        return plot.Append("</svg>").ToString();
    }

    /// <summary>The samples without a gap between them, together.</summary>
    private static IEnumerable<List<TortureSample>> Unbroken(IEnumerable<TortureSample> samples)
    {
        var line = new List<TortureSample>();
        foreach (var sample in samples)
        {
            if (line.Count > 0 && line[^1].To != sample.From)
            {
                yield return line;
                line = [];
            }

            line.Add(sample);
        }

        yield return line;
    }

    private static double X(TimeSpan at) => 10 + (at.TotalSeconds * PixelsPerSecond);

    private static string Text(string text) => WebUtility.HtmlEncode(text);

    private static string Number(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);
}
