using Mjolnir.AppServer.Http.Operators;
using Mjolnir.AppServer.Peers;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Cli.Roles;

namespace Mjolnir.Cli.Telemetry;

/// <summary>What an app server of a cluster writes for Prometheus beside what its HTTP counts. docs/operating.md says what each figure means.</summary>
internal sealed class MemberMetrics(TransactionServer server, PeerLinks links, ClusterMember member, MemberStatus status, RegistryViews views, ClusterServices services)
{
    public void Write(PrometheusWriter writer)
    {
        StackMetrics.Write(writer, [server]);
        StackMetrics.Write(writer, links);
        WriteCache(writer);
        writer.Gauge("mjolnir_view", "The view that this server has crossed to.", server.View.Number);
        writer.Gauge("mjolnir_active_view", "The newest view that this server knows to be open.", views.Opened);
        writer.Gauge("mjolnir_warm", "1 when every row is in memory.", status.IsWarm ? 1 : 0);
        writer.Gauge("mjolnir_keeper_heard", "1 while a keeper of the view is heard.", member.HasKeeper ? 1 : 0);
        writer.Counter("mjolnir_bus_dropped_total", "Notices among servers that were not sent or not heard.", services.BusDropped);
        writer.Counter("mjolnir_bus_undecoded_total", "Notices that this version does not understand.", services.BusUndecoded);
        WorkerMetrics.WriteStore(writer, services);
        WorkerMetrics.WriteAudit(writer, services);
    }

    /// <summary>Zeros while the memcached does not answer: its limit says which.</summary>
    private void WriteCache(PrometheusWriter writer)
    {
        var shard = status.Shard();
        writer.Gauge("mjolnir_cache_bytes", "Bytes of items in the memcached beside this server.", shard?.Bytes ?? 0);
        writer.Gauge("mjolnir_cache_limit_bytes", "Bytes that it may hold; 0 while it is not known.", shard?.LimitBytes ?? 0);
        writer.Gauge("mjolnir_cache_items", "Items in it.", shard?.Items ?? 0);
        writer.Counter("mjolnir_cache_evictions_total", "Items that it threw out for others: must be 0.", shard?.Evictions ?? 0);
        writer.Counter("mjolnir_cache_refused_for_memory_total", "Writes that it refused for memory.", shard?.RefusedForMemory ?? 0);
    }
}
