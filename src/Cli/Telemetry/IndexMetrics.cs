using Mjolnir.AppServer.Http.Operators;
using Mjolnir.Indexer.Running;

namespace Mjolnir.Cli.Telemetry;

/// <summary>What a process that keeps indexes writes for Prometheus.</summary>
internal static class IndexMetrics
{
    public static void Write(PrometheusWriter writer, IReadOnlyList<TableProgress> tables)
    {
        Write(writer, tables, "mjolnir_index_lag_seconds", "From the closing of a batch to its being seen by readers of the indexes, at the last step, or so far for what waits.", "gauge", static table => table.Lag.TotalSeconds);
        Write(writer, tables, "mjolnir_index_following", "1 while the indexes follow the logs, 0 while they are built, catch up from the store or wait after a fault.", "gauge", static table => table.State == TableState.Following ? 1 : 0);
        Write(writer, tables, "mjolnir_index_built_percent", "Of the rows read, while the indexes are built.", "gauge", static table => table.Percent);
        Write(writer, tables, "mjolnir_index_rows", "Rows in the indexes, removed ones that are remembered too.", "gauge", static table => table.Rows);
        Write(writer, tables, "mjolnir_index_pages", "Pages that readers see.", "gauge", static table => table.Pages);
        Write(writer, tables, "mjolnir_index_bytes", "Bytes of these pages.", "gauge", static table => table.Bytes);
        Write(writer, tables, "mjolnir_index_steps_total", "Steps since the indexes were built.", "counter", static table => table.Steps);
        Write(writer, tables, "mjolnir_index_builds_total", "Times the indexes were built by this process: more than once after a fault.", "counter", static table => table.Built);
    }

    private static void Write(PrometheusWriter writer, IReadOnlyList<TableProgress> tables, string name, string help, string type, Func<TableProgress, double> value)
    {
        writer.Family(name, help, type);
        foreach (var table in tables)
        {
            writer.Sample(name, "table", table.Table, value(table));
        }
    }
}
