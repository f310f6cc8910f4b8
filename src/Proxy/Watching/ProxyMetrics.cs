using System.Globalization;
using System.Text;
using Mjolnir.Proxy.Http;

namespace Mjolnir.Proxy.Watching;

/// <summary>What the proxy counts: plain interlocked numbers, read when somebody asks, written in Prometheus' text format 0.0.4.</summary>
internal sealed class ProxyMetrics
{
    private const int LowestCode = 100;
    private const int Codes = 500;

    private static readonly double[] BucketMilliseconds = [0.5, 1, 2, 5, 10, 20, 50, 100, 500];

    private readonly long[] _byCode = new long[Codes];
    private readonly long[] _buckets = new long[BucketMilliseconds.Length + 1];
    private long _microseconds;
    private long _predicted;
    private long _missed;
    private long _passedOn;
    private long _upstreamErrors;
    private long _faults;
    private int _webSockets;
    private int _underWay;

    public int WebSockets => Volatile.Read(ref _webSockets);

    public int UnderWay => Volatile.Read(ref _underWay);

    public (long Predicted, long Missed) Routes => (Volatile.Read(ref _predicted), Volatile.Read(ref _missed));

    /// <summary>Requests sent on to another server than the first.</summary>
    public long PassedOnCount => Volatile.Read(ref _passedOn);

    public void PassedOn() => Interlocked.Increment(ref _passedOn);

    public void UpstreamError() => Interlocked.Increment(ref _upstreamErrors);

    public void Fault() => Interlocked.Increment(ref _faults);

    public int BeginRequest() => Interlocked.Increment(ref _underWay);

    public void EndRequest() => Interlocked.Decrement(ref _underWay);

    public int BeginWebSocket() => Interlocked.Increment(ref _webSockets);

    public void EndWebSocket() => Interlocked.Decrement(ref _webSockets);

    public void Answered(int code, Routed routed, TimeSpan spent)
    {
        Interlocked.Increment(ref _byCode[Math.Clamp(code - LowestCode, 0, Codes - 1)]);
        if (routed == Routed.Predicted)
        {
            Interlocked.Increment(ref _predicted);
        }
        else if (routed == Routed.Missed)
        {
            Interlocked.Increment(ref _missed);
        }

        var i = 0;
        while (i < BucketMilliseconds.Length && spent.TotalMilliseconds > BucketMilliseconds[i])
        {
            i++;
        }

        Interlocked.Increment(ref _buckets[i]);
        Interlocked.Add(ref _microseconds, (long)spent.TotalMicroseconds);
    }

    public string Text(long droppedLines)
    {
        var text = new StringBuilder(4096);
        Family(text, "mjolnir_proxy_requests_total", "Requests answered, by status code.", "counter");
        for (var i = 0; i < Codes; i++)
        {
            if (Volatile.Read(ref _byCode[i]) is > 0 and var count)
            {
                text.Append(CultureInfo.InvariantCulture, $"mjolnir_proxy_requests_total{{code=\"{i + LowestCode}\"}} {count}\n");
            }
        }

        Durations(text);
        One(text, "mjolnir_proxy_predicted_total", "Calls that ran beside one of their rows.", "counter", Routes.Predicted);
        One(text, "mjolnir_proxy_missed_total", "Calls that ran elsewhere.", "counter", Routes.Missed);
        One(text, "mjolnir_proxy_passed_on_total", "Times that a request went to another server because one was not there or sent it on.", "counter", PassedOnCount);
        One(text, "mjolnir_proxy_upstream_errors_total", "Connections to servers that broke, or took too long, with a request under way.", "counter", Volatile.Read(ref _upstreamErrors));
        One(text, "mjolnir_proxy_faults_total", "Requests that ended in an unexpected error of the proxy.", "counter", Volatile.Read(ref _faults));
        One(text, "mjolnir_proxy_requests_under_way", "Requests under way.", "gauge", UnderWay);
        One(text, "mjolnir_proxy_websockets", "Open WebSockets.", "gauge", WebSockets);
        One(text, "mjolnir_proxy_access_log_dropped_total", "Lines of the access log that were not written.", "counter", droppedLines);
        return text.ToString();
    }

    private void Durations(StringBuilder text)
    {
        const string Name = "mjolnir_proxy_request_seconds";
        Family(text, Name, "Time from a request to its answer, WebSockets not counted.", "histogram");
        long below = 0;
        for (var i = 0; i <= BucketMilliseconds.Length; i++)
        {
            below += Volatile.Read(ref _buckets[i]);
            var bound = i < BucketMilliseconds.Length ? (BucketMilliseconds[i] / 1000).ToString("R", CultureInfo.InvariantCulture) : "+Inf";
            text.Append(CultureInfo.InvariantCulture, $"{Name}_bucket{{le=\"{bound}\"}} {below}\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"{Name}_sum {Volatile.Read(ref _microseconds) / 1e6:R}\n{Name}_count {below}\n");
    }

    private static void One(StringBuilder text, string name, string help, string type, long value)
    {
        Family(text, name, help, type);
        text.Append(CultureInfo.InvariantCulture, $"{name} {value}\n");
    }

    private static void Family(StringBuilder text, string name, string help, string type) =>
        text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n");
}
