using System.Text.Json;
using Mjolnir.AppServer.Routing;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Cli.Configuration;
using Mjolnir.Cli.Status;
using Mjolnir.Core.Views;
using Mjolnir.Scripting.Applications;
using Mjolnir.Storage.Shards;

namespace Mjolnir.Cli.Roles;

/// <summary>Gathers what <c>/_mjolnir/status</c> of an app server tells, its cluster included.</summary>
internal sealed class MemberStatus(
    StackConfiguration configuration,
    Application application,
    TransactionServer server,
    ClusterMember member,
    ClusterMap map,
    ClusterRows rows,
    StoredMarks stored,
    RegistryViews views,
    ClusterServices services,
    ClusterIndexes? indexes,
    ClusterUnique unique)
{
    private readonly long _began = services.Time.GetTimestamp();

    /// <summary>Writes the figures as properties of the object already begun.</summary>
    public void Write(Utf8JsonWriter json)
    {
        foreach (var property in JsonSerializer.SerializeToElement(Read(), StatusJson.Default.StatusFigures).EnumerateObject())
        {
            property.WriteTo(json);
        }
    }

    /// <summary>How full the memcached beside this server is; null while it is not known.</summary>
    public Storage.Shards.ShardFigures? Shard() =>
        server.View.Shards.FirstOrDefault(shard => shard.Name == configuration.Server.Name) is { } own && views.ConnectionTo(own) is MemcachedShardConnection memcached
            ? memcached.Fill.Figures
            : null;

    /// <summary>Every row of the present view is in memory.</summary>
    public bool IsWarm
    {
        get
        {
            var view = map.Picture.View;
            return view.Slots.All(range => rows.IsWarm(view.Shards[range.Shard].Label, range.Since));
        }
    }

    private StatusFigures Read()
    {
        var stack = Stack();
        var picture = map.Picture;
        return new StatusFigures
        {
            Application = application.Name,
            Version = application.Version,
            Mode = "classic",
            UptimeSeconds = services.Time.GetElapsedTime(_began).TotalSeconds,
            Warm = IsWarm,
            Process = ProcessReader.Read(),
            Total = stack,
            Stacks = [stack],
            Violations = ViolationFigures.Of(services.Alarms),
            Audit = StoreStatus.AuditOf(services),
            Cluster = Cluster(picture),
        };
    }

    private StackFigures Stack()
    {
        var (counters, shard) = (server.Counters, Shard());
        return new StackFigures
        {
            Name = configuration.Server.Name,
            Log = server.Log ?? "",
            Committed = counters.Committed,
            Aborted = counters.Aborted,
            Attempts = counters.Attempts,
            Conflicts = counters.Conflicts,
            HandedOver = counters.HandedOver,
            Refused = counters.Refused,
            Batches = counters.Batches,
            Records = counters.Records,
            LogBytes = counters.LogBytes,
            CacheOperations = counters.ShardOperations,
            CacheItems = shard?.Items ?? 0,
            CacheBytes = shard?.Bytes ?? 0,
            StoreReads = rows.Reads,
            Backlog = counters.BacklogBatches,
        };
    }

    private ClusterFigures Cluster(ClusterPicture picture)
    {
        var shard = Shard();
        return new ClusterFigures
        {
            Server = configuration.Server.Name,
            View = server.View.Number,
            ActiveView = views.Opened,
            HasKeeper = member.HasKeeper,
            Servers = [.. picture.Servers.Select(each => new ServerFigures(each.Name, each.Http, each.IsReady, member.IsLeaving(each.Name), member.ViewOf(each.Name)))],
            Shards = [.. picture.View.Shards.Select((each, i) => Figures(picture.View, each, i))],
            Workers = [.. stored.Workers.Select(each => new WorkerFigures(each.Worker, [.. each.Logs.Select(log => log.Log)], each.Logs.Sum(log => log.Backlog), each.Audit?.Rows ?? 0, each.Audit?.Rounds ?? 0, each.Audit?.Differences ?? 0, each.Audit?.Violations ?? 0))],
            Indexers = [.. (indexes?.Heard ?? []).SelectMany(beat => beat.Tables.Select(table => new IndexerFigures(beat.Indexer, table.Table, table.State, table.Percent, table.Rows, table.Lag, beat.Url)))],
            Unique = [.. unique.States.OrderBy(static table => table.Key, StringComparer.Ordinal).SelectMany(static table => table.Value.Indexes.Select(index => new UniqueFigures(table.Key, index.Index.Name, index.Phase.ToString().ToLowerInvariant(), index.Duplicates, index.Told)))],
            Cache = new CacheFigures(shard?.Bytes ?? 0, shard?.LimitBytes ?? 0, shard?.Items ?? 0),
            Store = StoreStatus.Of(services, rows.StoreBytes),
        };
    }

    private Status.ShardFigures Figures(ClusterView view, ShardDescription shard, int index)
    {
        var ranges = view.Slots.Where(range => range.Shard == index).ToArray();
        return new Status.ShardFigures(shard.Name, ranges.Sum(range => range.Last - range.First + 1), Array.TrueForAll(ranges, range => rows.IsWarm(shard.Label, range.Since)));
    }
}

/// <summary>What a process asked of the store, as operators see it.</summary>
internal static class StoreStatus
{
    /// <summary>What its auditor has done; null if it has none.</summary>
    public static AuditStatus? AuditOf(ClusterServices services) => services.Auditor is { } auditor ? AuditStatus.Of(auditor.Figures, services.AuditStore.Requests) : null;

    /// <param name="services">the process's store</param>
    /// <param name="bytes">bytes of all objects that hold rows; 0: not known</param>
    public static StoreFigures Of(ClusterServices services, long bytes)
    {
        var requests = services.Store.Requests.Figures;
        return new StoreFigures(bytes, requests.Puts, requests.Gets, requests.Lists, requests.Deletes, requests.BytesOut, requests.BytesIn, requests.Failures, services.Bill.DollarsPerDay());
    }
}
