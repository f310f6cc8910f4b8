using Mjolnir.AppServer.Transactions;

namespace Mjolnir.AppServer.Http.Operators;

/// <summary>What the front counts: plain interlocked numbers, read when somebody asks.</summary>
internal sealed class HttpMetrics
{
    private static readonly string[] StatusNames = ["committed", "aborted", "need", "unavailable", "unknown"];
    private static readonly double[] BucketMilliseconds = [0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 20_000];

    private readonly long[] _answers = new long[StatusNames.Length];
    private readonly long[] _buckets = new long[BucketMilliseconds.Length + 1];
    private long _microseconds;
    private long _attempts;
    private long _predicted;

    public long Requests;
    public long Refused;
    public long RateLimited;
    public long Files;
    public long FilesNotModified;
    public long Renders;
    public long LiveConnections;
    public long LiveUpdates;
    public long LiveRenders;
    public long SignIns;
    public long SignInsFailed;
    public long SignUps;
    public long Faults;

    public void Answered(TransactionAnswer answer)
    {
        Interlocked.Increment(ref _answers[(int)answer.Status]);
        var timing = answer.Timing;
        var microseconds = (long)timing.Route + timing.Read + timing.Run + timing.Lock + timing.Log;
        Interlocked.Add(ref _microseconds, microseconds);
        Interlocked.Add(ref _attempts, timing.Attempts);
        Interlocked.Increment(ref _buckets[Bucket(microseconds)]);
        if (answer.Routed)
        {
            Interlocked.Increment(ref _predicted);
        }
    }

    public void Write(PrometheusWriter writer)
    {
        writer.Family("mjolnir_transactions_total", "Transactions answered, by how they ended.", "counter");
        for (var i = 0; i < StatusNames.Length; i++)
        {
            writer.Sample("mjolnir_transactions_total", "status", StatusNames[i], Volatile.Read(ref _answers[i]));
        }

        WriteDurations(writer);
        writer.Counter("mjolnir_transaction_attempts_total", "Runs of handlers, repeated ones included.", Volatile.Read(ref _attempts));
        writer.Counter("mjolnir_transactions_predicted_total", "Transactions that ran beside the shard of their rows.", Volatile.Read(ref _predicted));
        writer.Counter("mjolnir_http_requests_total", "HTTP requests.", Volatile.Read(ref Requests));
        writer.Counter("mjolnir_http_refused_total", "Calls refused before they ran.", Volatile.Read(ref Refused));
        writer.Counter("mjolnir_http_rate_limited_total", "Calls refused because the user asked too often.", Volatile.Read(ref RateLimited));
        writer.Counter("mjolnir_http_faults_total", "Requests that ended in an unexpected error.", Volatile.Read(ref Faults));
        writer.Counter("mjolnir_files_total", "Files and pages answered.", Volatile.Read(ref Files));
        writer.Counter("mjolnir_files_not_modified_total", "Of these, those the browser had already.", Volatile.Read(ref FilesNotModified));
        writer.Counter("mjolnir_page_renders_total", "Pages rendered for a request.", Volatile.Read(ref Renders));
        writer.Gauge("mjolnir_live_connections", "Open WebSockets.", Volatile.Read(ref LiveConnections));
        writer.Counter("mjolnir_live_updates_total", "Updates of live templates sent.", Volatile.Read(ref LiveUpdates));
        writer.Counter("mjolnir_live_renders_total", "Pages rendered because rows changed.", Volatile.Read(ref LiveRenders));
        writer.Counter("mjolnir_sign_ins_total", "Sign-ins.", Volatile.Read(ref SignIns));
        writer.Counter("mjolnir_sign_ins_failed_total", "Sign-ins with a wrong name or password.", Volatile.Read(ref SignInsFailed));
        writer.Counter("mjolnir_sign_ups_total", "New users.", Volatile.Read(ref SignUps));
    }

    private static int Bucket(long microseconds)
    {
        var i = 0;
        while (i < BucketMilliseconds.Length && microseconds > BucketMilliseconds[i] * 1000)
        {
            i++;
        }

        return i;
    }

    private void WriteDurations(PrometheusWriter writer)
    {
        const string Name = "mjolnir_transaction_seconds";
        writer.Family(Name, "Time of a transaction from its arrival at the lane to its answer.", "histogram");
        long below = 0;
        for (var i = 0; i < BucketMilliseconds.Length; i++)
        {
            below += Volatile.Read(ref _buckets[i]);
            writer.Sample(Name + "_bucket", "le", (BucketMilliseconds[i] / 1000).ToString("R", System.Globalization.CultureInfo.InvariantCulture), below);
        }

        below += Volatile.Read(ref _buckets[^1]);
        writer.Sample(Name + "_bucket", "le", "+Inf", below);
        writer.Sample(Name + "_sum", Volatile.Read(ref _microseconds) / 1e6);
        writer.Sample(Name + "_count", below);
    }
}
