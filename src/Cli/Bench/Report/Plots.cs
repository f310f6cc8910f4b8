using System.Globalization;
using System.Text;
using Mjolnir.Cli.Bench.Load;

namespace Mjolnir.Cli.Bench.Report;

/// <summary>Plots as SVG, 800 units wide.</summary>
internal static class Plots
{
    private const int Width = 800;
    private const int Height = 220;
    private const int Left = 60;
    private const int Bottom = 30;
    private const int Top = 10;

    public static string Throughput(LoadFigures load)
    {
        var perSecond = load.PerInterval.SkipLast(1).Select(count => count / BenchLimits.Interval.TotalSeconds).ToList();
        var top = NiceTop(perSecond.DefaultIfEmpty(1).Max());
        var points = perSecond.Select((value, i) => Point(i / (double)Math.Max(1, perSecond.Count - 1), value / top));
        var svg = Begin();
        Grid(svg, top, value => $"{value:N0}");
        svg.Append(CultureInfo.InvariantCulture, $"<polyline class=\"curve\" points=\"{string.Join(' ', points)}\"/>");
        Text(svg, Width - 10, Height - 8, "end", $"{load.Measured.TotalSeconds:F0} s");
        return svg.Append("</svg>").ToString();
    }

    /// <summary>How often each latency was seen (bars, logarithmic across), with the percentiles as lines.</summary>
    public static string Latency(LatencyHistogram latency)
    {
        const int bars = 80;
        var (low, high) = (Math.Log(Math.Max(20, latency.Percentile(0.0001))), Math.Log(Math.Max(100, latency.Max)));
        double X(long microseconds) => Math.Clamp((Math.Log(Math.Max(1, microseconds)) - low) / Math.Max(0.01, high - low), 0, 1);
        var counts = new double[bars];
        foreach (var (edge, count) in latency.Buckets())
        {
            counts[Math.Min(bars - 1, (int)(X(edge) * bars))] += count;
        }

        var svg = Begin();
        var top = Math.Max(1, counts.Max());
        for (var i = 0; i < bars; i++)
        {
            var height = counts[i] / top * (Height - Top - Bottom);
            svg.Append(CultureInfo.InvariantCulture, $"<rect class=\"soft\" x=\"{Across(i / (double)bars):F1}\" y=\"{Height - Bottom - height:F1}\" width=\"{(Width - Left - 10.0) / bars - 1:F1}\" height=\"{height:F1}\"/>");
        }

        foreach (var share in new[] { 0.5, 0.9, 0.99, 0.999 })
        {
            var (value, x) = (latency.Percentile(share), Across(X(latency.Percentile(share))));
            svg.Append(CultureInfo.InvariantCulture, $"<line class=\"curve\" x1=\"{x:F1}\" x2=\"{x:F1}\" y1=\"{Top}\" y2=\"{Height - Bottom}\"/>");
            Text(svg, x, Height - (share is 0.9 or 0.999 ? 4 : 17), "middle", $"p{share * 100:0.#} {value / 1000.0:F2} ms");
        }

        return svg.Append("</svg>").ToString();
    }

    public static string Breakdown(ServerTimes times)
    {
        var svg = Begin();
        var top = Math.Max(0.001, Enumerable.Range(0, ServerTimes.Parts.Count).Max(times.Mean));
        for (var i = 0; i < ServerTimes.Parts.Count; i++)
        {
            var y = Top + (i * 36);
            Text(svg, Left - 8, y + 18, "end", ServerTimes.Parts[i]);
            svg.Append(CultureInfo.InvariantCulture, $"<rect class=\"bar\" x=\"{Left}\" y=\"{y}\" width=\"{times.Mean(i) / top * (Width - Left - 120):F1}\" height=\"26\"/>");
            Text(svg, Left + (times.Mean(i) / top * (Width - Left - 120)) + 6, y + 18, "start", $"{times.Mean(i):F3} ms");
        }

        return svg.Append("</svg>").ToString();
    }

    private static StringBuilder Begin() =>
        new StringBuilder().Append(CultureInfo.InvariantCulture, $"<svg viewBox=\"0 0 {Width} {Height}\" role=\"img\">");

    private static void Grid(StringBuilder svg, double top, Func<double, string> label)
    {
        for (var i = 0; i <= 4; i++)
        {
            var y = Height - Bottom - ((Height - Top - Bottom) * i / 4.0);
            svg.Append(CultureInfo.InvariantCulture, $"<line class=\"grid\" x1=\"{Left}\" x2=\"{Width - 10}\" y1=\"{y:F1}\" y2=\"{y:F1}\"/>");
            Text(svg, Left - 6, y + 4, "end", label(top * i / 4));
        }
    }

    private static void Text(StringBuilder svg, double x, double y, string anchor, string text) =>
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{x:F1}\" y=\"{y:F1}\" text-anchor=\"{anchor}\">{text}</text>");

    private static string Point(double across, double up) =>
        string.Create(CultureInfo.InvariantCulture, $"{Across(across):F1},{Height - Bottom - (Math.Min(up, 1) * (Height - Top - Bottom)):F1}");

    private static double Across(double share) => Left + (share * (Width - Left - 10));

    /// <summary>The next 1, 2 or 5 times a power of ten.</summary>
    private static double NiceTop(double value)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(Math.Max(1, value))));
        return new[] { 1, 2, 5, 10 }.First(step => step * power >= value) * power;
    }
}
