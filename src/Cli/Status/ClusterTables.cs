using System.Globalization;
using Spectre.Console;

namespace Mjolnir.Cli.Status;

/// <summary>A cluster as tables: one row per V-stack with rates since the last look, what the whole holds, and who did not answer.</summary>
internal sealed class ClusterTables(TimeProvider time)
{
    private readonly Dictionary<string, (long Committed, long At)> _last = [];

    public Table Stacks(ClusterStatus status)
    {
        var newest = status.Newest;
        var table = new Table().RoundedBorder().AddColumns("V-stack", "state", "view", "slots", "warm", "committed", "per s", "aborted", "re-runs", "refused", "cache MB", "full", "to store", "worker");
        if (newest is not null)
        {
            table.Title(Markup.Escape(
                $"view {newest.View}{(newest.ActiveView < newest.View ? $" (opening; {newest.ActiveView} is active)" : "")}{(newest.HasKeeper ? "" : ", NO KEEPER: nobody changes the view; is a write-behind process running?")}"));
        }

        foreach (var server in status.Servers)
        {
            Add(table, server, status, newest);
        }

        table.Caption(Markup.Escape(string.Join('\n', Lines(status))));
        return table;
    }

    /// <summary>What concerns the whole: memory against store, requests and their price, processes that did not answer.</summary>
    public static IEnumerable<string> Lines(ClusterStatus status)
    {
        var caches = status.Answered.Select(each => each.Cluster!.Cache).ToList();
        if (caches.Count > 0)
        {
            var (used, limit) = (caches.Sum(cache => cache.Bytes), caches.Sum(cache => cache.Limit));

            // Servers look when a view is opened, auditors all the time.
            var stored = status.Answered.Select(each => each.Cluster!.Store.Bytes).Concat(status.Workers.Select(each => each.Figures?.Audit?.StoreBytes ?? 0)).Max();
            yield return $"capacity: shards hold {Megabytes(used)} of {Megabytes(limit)} ({Percent(used, limit)}), the store {(stored > 0 ? $"{Megabytes(stored)} compressed; shard memory is {limit / (double)stored:F1} times that" : "nothing yet")}";
        }

        var stores = status.Answered.Select(each => each.Cluster!.Store).Concat(status.Workers.Where(each => each.Figures is not null).Select(each => each.Figures!.Store)).ToList();
        if (stores.Count > 0)
        {
            yield return string.Create(CultureInfo.InvariantCulture,
                $"store requests: {stores.Sum(each => each.Puts):N0} PUT, {stores.Sum(each => each.Gets):N0} GET, {stores.Sum(each => each.Lists):N0} LIST, {stores.Sum(each => each.Failures):N0} failed; about ${stores.Sum(each => each.DollarsPerDay):F2} a day at this rate");
        }

        foreach (var unique in status.Newest?.Unique ?? [])
        {
            yield return $"unique index {unique.Index} of {unique.Table}: {(unique.Phase == "announced" ? "announced, made when every server declares it" : unique.Phase)}";
            foreach (var duplicate in unique.Told)
            {
                yield return $"NOT UNIQUE: {duplicate}";
            }

            if (unique.Duplicates > unique.Told.Count)
            {
                yield return $"NOT UNIQUE: {unique.Duplicates - unique.Told.Count} more";
            }
        }

        foreach (var indexer in status.Newest?.Indexers ?? [])
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"indexes of {indexer.Table} at {indexer.Name}: {(indexer.State == "building" ? $"building, {indexer.Percent} %" : $"{indexer.State}, {indexer.Rows:N0} rows, {indexer.LagMilliseconds:N0} ms behind")}");
        }

        foreach (var line in AuditLines(status))
        {
            yield return line;
        }

        foreach (var worker in status.Workers.Where(each => each.Figures is { RowsToWarm: > 0 }))
        {
            yield return $"warming by {worker.Name}: {Percent(worker.Figures!.WarmedRows, worker.Figures.RowsToWarm)} of {worker.Figures.RowsToWarm:N0} rows";
        }

        foreach (var (name, url, problem) in status.Servers.Where(each => each.Problem is not null).Select(each => (each.Name, each.Url, each.Problem)))
        {
            yield return $"{name} at {url}: {problem}";
        }

        foreach (var (name, url, problem) in status.Workers.Where(each => each.Problem is not null).Select(each => (each.Name, each.Url, each.Problem)))
        {
            yield return $"write-behind {name} at {url}: {problem}";
        }
    }

    /// <summary>What the auditors did, and every broken rule that any process found.</summary>
    private static IEnumerable<string> AuditLines(ClusterStatus status)
    {
        if (status.Newest is { Workers.Count: > 0 } newest)
        {
            yield return string.Create(CultureInfo.InvariantCulture,
                $"audit: {newest.Workers.Sum(each => each.Audited):N0} rows compared in {newest.Workers.Sum(each => each.Rounds):N0} rounds, {newest.Workers.Sum(each => each.Differences):N0} differences");
            foreach (var worker in newest.Workers.Where(each => each.Violations > 0))
            {
                yield return string.Create(CultureInfo.InvariantCulture, $"BROKEN RULES found by write-behind {worker.Name}: {worker.Violations:N0}; its log says which");
            }
        }

        var told = status.Answered.Select(each => (Name: $"app {each.Cluster!.Server}", each.Violations))
            .Concat(status.Workers.Where(each => each.Figures is not null).Select(each => (Name: $"write-behind {each.Name}", each.Figures!.Violations)));
        foreach (var (name, violations) in told)
        {
            if (violations.Where(static each => !each.HealsByItself).ToArray() is { Length: > 0 } broken)
            {
                yield return $"BROKEN RULES found by {name}: {string.Join(", ", broken.Select(each => $"{each.Kind} {each.Count}"))}; its log says which";
            }

            foreach (var healed in violations.Where(static each => each.HealsByItself))
            {
                yield return string.Create(CultureInfo.InvariantCulture, $"{name} found a memcached without its memory (restarted, flushed or full), {healed.Count:N0} in all: the next view fills it again");
            }
        }

        foreach (var audit in status.Workers.Select(each => each.Figures?.Audit).OfType<AuditStatus>().Where(each => each.LastDifference.Length > 0))
        {
            yield return $"last difference: {audit.LastDifference}";
        }
    }

    private void Add(Table table, Told<StatusFigures> server, ClusterStatus status, ClusterFigures? newest)
    {
        var shard = newest?.Shards.FirstOrDefault(each => each.Name == server.Name);
        var (slots, warm) = shard is null ? ("–", "–") : ($"{shard.Slots}", shard.Warm ? "yes" : "no");
        var worker = Worker(server.Name, status, newest);
        if (server.Figures?.Cluster is not { } cluster)
        {
            table.AddRow(Markup.Escape(server.Name), "[red]no answer[/]", "", slots, warm, "", "", "", "", "", "", "", "", Markup.Escape(worker));
            return;
        }

        var total = server.Figures.Total;
        var self = newest!.Servers.FirstOrDefault(each => each.Name == server.Name);
        table.AddRow(
            Markup.Escape(server.Name),
            self is { Leaving: true } ? "[yellow]leaving[/]" : self is { Ready: true } ? "[green]ready[/]" : "[yellow]not ready[/]",
            $"{cluster.View}",
            slots,
            warm,
            $"{total.Committed:N0}",
            PerSecond(server.Name, total.Committed) is { } rate ? $"{rate:N0}" : "–",
            $"{total.Aborted:N0}",
            $"{total.Conflicts:N0}",
            $"{total.Refused:N0}",
            $"{cluster.Cache.Bytes / 1048576.0:F1}",
            Percent(cluster.Cache.Bytes, cluster.Cache.Limit),
            $"{total.Backlog:N0}",
            Markup.Escape(worker));
    }

    private static string Worker(string name, ClusterStatus status, ClusterFigures? newest)
    {
        var told = status.Workers.FirstOrDefault(each => each.Name == name)?.Figures;
        var heard = newest?.Workers.FirstOrDefault(each => each.Name == name);
        return told is not null ? $"{Logs(told.Logs.Count)}{(told.IsKeeper ? ", keeper" : "")}"
            : heard is not null ? Logs(heard.Logs.Count)
            : "not heard";

        static string Logs(int count) => count == 1 ? "1 log" : $"{count} logs";
    }

    /// <summary>Null at the first look, and at the first after its process began anew.</summary>
    private double? PerSecond(string name, long committed)
    {
        var now = time.GetTimestamp();
        double? rate = _last.TryGetValue(name, out var last) && committed >= last.Committed ? (committed - last.Committed) / Math.Max(0.001, time.GetElapsedTime(last.At, now).TotalSeconds) : null;
        _last[name] = (committed, now);
        return rate;
    }

    private static string Percent(long part, long whole) => whole == 0 ? "–" : string.Create(CultureInfo.InvariantCulture, $"{100.0 * part / whole:F0} %");

    private static string Megabytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:F1} MB");
}
