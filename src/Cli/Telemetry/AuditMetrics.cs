using Mjolnir.AppServer.Http.Operators;
using Mjolnir.Core.Violations;
using Mjolnir.Storage.Objects;
using Mjolnir.WriteBehind.Auditing;

namespace Mjolnir.Cli.Telemetry;

/// <summary>What a process writes for Prometheus of broken rules and of its auditor.</summary>
internal static class AuditMetrics
{
    public static void Write(PrometheusWriter writer, Alarms alarms)
    {
        const string Name = "mjolnir_invariant_violations_total";
        writer.Family(Name, "Broken rules found, by kind: must be 0.", "counter");
        foreach (var kind in Alarms.Kinds)
        {
            writer.Sample(Name, "kind", Alarms.NameOf(kind), alarms.CountOf(kind));
        }
    }

    public static void Write(PrometheusWriter writer, AuditFigures figures, StoreRequests requests)
    {
        writer.Counter("mjolnir_audit_rows_total", "Rows compared between cache, logs and store.", figures.Rows);
        writer.Counter("mjolnir_audit_rounds_total", "Rounds of the auditor.", figures.Rounds);
        writer.Counter("mjolnir_audit_skipped_rounds_total", "Rounds that could not be made.", figures.Skipped);
        writer.Counter("mjolnir_audit_unclear_total", "Looks at rows of which nothing could be said.", figures.Unclear);
        writer.Counter("mjolnir_audit_cleared_total", "Suspicions that another look dispelled.", figures.Cleared);
        writer.Counter("mjolnir_audit_differences_total", "Differences between cache, logs and store: must be 0.", figures.Differences);
        writer.Gauge("mjolnir_audit_open_differences", "Differences that the last look at their rows still found.", figures.Open);
        writer.Gauge("mjolnir_audit_round_seconds", "Work of the last round.", figures.LastMilliseconds / 1000);
        writer.Gauge("mjolnir_audit_seconds_since_round", "Time since the last round; -1 before the first.", figures.SecondsSinceRound);
        writer.Family("mjolnir_audit_store_requests_total", "Requests of the auditor to the store, by kind.", "counter");
        writer.Sample("mjolnir_audit_store_requests_total", "kind", "get", requests.Figures.Gets);
        writer.Sample("mjolnir_audit_store_requests_total", "kind", "list", requests.Figures.Lists);
    }
}
