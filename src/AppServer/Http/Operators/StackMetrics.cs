using Mjolnir.AppServer.Committing;
using Mjolnir.AppServer.Peers;
using Mjolnir.AppServer.Transactions;

namespace Mjolnir.AppServer.Http.Operators;

/// <summary>What the V-stacks of a process have done, in Prometheus' text. Give it to <see cref="AppServerHttpOptions.WriteMetrics"/>.</summary>
public static class StackMetrics
{
    private const string Counter = "counter";
    private const string Gauge = "gauge";

    private static readonly (string Name, string Help, string Type, Func<CommitterCounters, long> Value)[] Families =
    [
        ("mjolnir_stack_committed_total", "Transactions committed, read-only ones included.", Counter, static counters => counters.Committed),
        ("mjolnir_stack_aborted_total", "Transactions refused by their handlers.", Counter, static counters => counters.Aborted),
        ("mjolnir_stack_attempts_total", "Runs of handlers and templates.", Counter, static counters => counters.Attempts),
        ("mjolnir_stack_conflicts_total", "Runs repeated because another server changed a row first.", Counter, static counters => counters.Conflicts),
        ("mjolnir_stack_handed_over_total", "Transactions given to the owner of a contended row.", Counter, static counters => counters.HandedOver),
        ("mjolnir_stack_refused_total", "Calls answered 503 or 504.", Counter, static counters => counters.Refused),
        ("mjolnir_stack_batches_total", "Batches confirmed by the log.", Counter, static counters => counters.Batches),
        ("mjolnir_stack_records_total", "Rows in those batches.", Counter, static counters => counters.Records),
        ("mjolnir_stack_log_bytes_total", "Bytes of those batches.", Counter, static counters => counters.LogBytes),
        ("mjolnir_stack_cache_operations_total", "Operations sent to shards.", Counter, static counters => counters.ShardOperations),
        ("mjolnir_stack_cache_passes_total", "Round trips to shards.", Counter, static counters => counters.ShardPasses),
        ("mjolnir_stack_store_reads_total", "Single rows read from the store: stands still in steady state.", Counter, static counters => counters.StoreReads),
        ("mjolnir_stack_log_renewals_total", "Logs opened after the first; each was a seal.", Counter, static counters => counters.Epochs),
        ("mjolnir_stack_crossings_total", "Views crossed to after the first.", Counter, static counters => counters.Crossings),
        ("mjolnir_stack_waiting_for_view", "Transactions that wait for a shard to be opened.", Gauge, static counters => counters.WaitingForView),
        ("mjolnir_stack_backlog_batches", "Batches of the log that are not yet in the store.", Gauge, static counters => counters.BacklogBatches),
        ("mjolnir_stack_backlog_bytes", "Bytes of those batches.", Gauge, static counters => counters.BacklogBytes),
        ("mjolnir_stack_remembered_rows", "Rows remembered with their tokens.", Gauge, static counters => counters.RememberedRows),
    ];

    /// <summary>Writes the figures of servers, labelled by their V-stacks.</summary>
    public static void Write(PrometheusWriter writer, IReadOnlyList<TransactionServer> servers)
    {
        foreach (var (name, help, type, value) in Families)
        {
            writer.Family(name, help, type);
            foreach (var server in servers)
            {
                writer.Sample(name, "stack", server.Name, value(server.Counters));
            }
        }

        writer.Family("mjolnir_stack_waiting_calls", "Calls waiting for the lane.", Gauge);
        foreach (var server in servers)
        {
            writer.Sample("mjolnir_stack_waiting_calls", "stack", server.Name, server.Backlog);
        }
    }

    /// <summary>Writes the figures of a server's links.</summary>
    public static void Write(PrometheusWriter writer, PeerLinks links)
    {
        var counters = links.Counters;
        writer.Counter("mjolnir_peer_calls_passed_total", "Calls answered by the server beside their rows.", counters.CallsPassed);
        writer.Counter("mjolnir_peer_calls_run_here_total", "Calls that were to be passed and were run here.", counters.CallsRunHereInstead);
        writer.Counter("mjolnir_peer_calls_unknown_total", "Calls whose link broke under them.", counters.CallsUnknown);
        writer.Counter("mjolnir_peer_calls_taken_total", "Calls of other servers run here.", counters.CallsTaken);
        writer.Counter("mjolnir_peer_calls_not_taken_total", "Calls of other servers given back.", counters.CallsNotTaken);
        writer.Gauge("mjolnir_peers", "Servers that calls can be passed to.", links.Connected);
    }
}
