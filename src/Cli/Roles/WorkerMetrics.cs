using Mjolnir.AppServer.Http.Operators;
using Mjolnir.Cli.Telemetry;

namespace Mjolnir.Cli.Roles;

/// <summary>What processes with a store and workers write for Prometheus.</summary>
internal static class WorkerMetrics
{
    public static void Write(PrometheusWriter writer, ClusterServices services, WriteBehindPart part)
    {
        writer.Family("mjolnir_backlog_batches", "Batches consumed from a log and not in the store yet.", "gauge");
        foreach (var log in part.Host.Worked)
        {
            writer.Sample("mjolnir_backlog_batches", "log", log.Log, log.Backlog);
        }

        writer.Gauge("mjolnir_keeper", "1 while this process keeps the view.", part.Keeper.IsLeading ? 1 : 0);
        writer.Gauge("mjolnir_logs_failed", "Logs on which work stopped on a broken rule or damage: must be 0.", part.Host.Failed.Count);
        WriteStore(writer, services);
        WriteAudit(writer, services);
    }

    public static void WriteAudit(PrometheusWriter writer, ClusterServices services)
    {
        AuditMetrics.Write(writer, services.Alarms);
        if (services.Auditor is { } auditor)
        {
            AuditMetrics.Write(writer, auditor.Figures, services.AuditStore.Requests);
        }
    }

    public static void WriteStore(PrometheusWriter writer, ClusterServices services)
    {
        var requests = services.Store.Requests.Figures;
        writer.Family("mjolnir_store_requests_total", "Requests to the store, by kind.", "counter");
        writer.Sample("mjolnir_store_requests_total", "kind", "put", requests.Puts);
        writer.Sample("mjolnir_store_requests_total", "kind", "get", requests.Gets);
        writer.Sample("mjolnir_store_requests_total", "kind", "list", requests.Lists);
        writer.Sample("mjolnir_store_requests_total", "kind", "delete", requests.Deletes);
        writer.Counter("mjolnir_store_failures_total", "Requests to the store without a useful answer.", requests.Failures);
        writer.Counter("mjolnir_store_sent_bytes_total", "Bytes sent to the store.", requests.BytesOut);
        writer.Counter("mjolnir_store_received_bytes_total", "Bytes received from the store.", requests.BytesIn);
    }
}
