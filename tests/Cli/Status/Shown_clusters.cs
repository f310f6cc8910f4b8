using Mjolnir.Cli.Status;
using Mjolnir.Storage.Objects;
using Mjolnir.WriteBehind.Auditing;
using Spectre.Console;

namespace Mjolnir.Cli.Tests.Status;

/// <summary>What <c>status</c> shows of a cluster whose processes come and go.</summary>
public sealed class Shown_clusters
{
    /// <summary>Nobody listens on port 1.</summary>
    private const string Nobody = "http://127.0.0.1:1";

    /// <summary><c>status --watch</c> showed a V-stack that <c>scale</c> had taken away as one that does not answer, for ever.</summary>
    [Fact]
    public async Task A_V_stack_that_was_taken_away_is_not_asked_any_more()
    {
        var stacks = 3;
        using var source = new ClusterStatusSource(Place(3) with { Anew = () => Place(stacks) });

        Assert.Equal(["s1", "s2", "s3"], (await source.LookAsync(CancellationToken.None)).Servers.Select(each => each.Name));
        stacks = 2;
        var status = await source.LookAsync(CancellationToken.None);

        Assert.Equal(["s1", "s2"], status.Servers.Select(each => each.Name));
        Assert.Equal(["s1", "s2"], status.Workers.Select(each => each.Name));
    }

    [Fact]
    public void Every_process_that_does_not_answer_is_named()
    {
        var status = new ClusterStatus([new("s1", Nobody, null, "nobody answers")], [new("s1", Nobody, null, "nobody answers")]);

        Assert.Equal([$"s1 at {Nobody}: nobody answers", $"write-behind s1 at {Nobody}: nobody answers"], ClusterTables.Lines(status));
    }

    /// <summary>Servers know the store as of the last view; it was said to hold nothing until the next.</summary>
    [Fact]
    public void What_the_store_holds_is_told_by_auditors_too()
    {
        var audit = AuditStatus.Of(AuditFigures.None with { StoreBytes = 3 << 20 }, new StoreRequests());
        var worker = new WorkerStatus { Mode = "write-behind", Name = "s1", UptimeSeconds = 1, IsKeeper = true, Logs = [], Backlog = 0, Process = Process, Store = NoStore, Audit = audit };

        var lines = ClusterTables.Lines(new ClusterStatus([new("s1", Nobody, Committed(1), null)], [new("s1", Nobody, worker, null)]));

        Assert.Contains("the store 3.0 MB compressed", lines.First(), StringComparison.Ordinal);
    }

    /// <summary>A memcached that had been restarted was told as a broken rule for as long as the server ran.</summary>
    [Fact]
    public void A_memcached_that_was_restarted_is_no_broken_rule()
    {
        var figures = Committed(1) with { Violations = [new("unlabelled_shard", 2), new("version_gap", 1)] };

        var lines = ClusterTables.Lines(new ClusterStatus([new("s1", Nobody, figures, null)], [])).ToArray();

        Assert.Contains("BROKEN RULES found by app s1: version_gap 1; its log says which", lines);
        Assert.Contains("app s1 found a memcached without its memory (restarted, flushed or full), 2 in all: the next view fills it again", lines);
    }

    /// <summary>It was shown as 0 a second, whatever load there was.</summary>
    [Fact]
    public void A_rate_is_told_from_the_second_look_on()
    {
        var tables = new ClusterTables(TimeProvider.System);
        var status = new ClusterStatus([new("s1", Nobody, Committed(5000), null)], []);

        var (first, second) = (Row(tables.Stacks(status)), Row(tables.Stacks(status)));

        Assert.Equal(("5,000", "–"), (first[5], first[6]));
        Assert.Equal(("5,000", "0"), (second[5], second[6]));
    }

    private static ClusterPlace Place(int stacks)
    {
        List<(string Name, string Url)> all = [.. Enumerable.Range(1, stacks).Select(number => ($"s{number}", Nobody))];
        return new ClusterPlace("token", all, all);
    }

    /// <summary>What stands in the cells of the table's first row.</summary>
    private static string[] Row(Table table)
    {
        using var text = new StringWriter();
        Terminal.Create(text, redirected: true).Write(table);
        return [.. text.ToString().Split('\n').Single(line => line.StartsWith("│ s1", StringComparison.Ordinal)).Split('│', StringSplitOptions.TrimEntries)[1..]];
    }

    private static ProcessFigures Process => new() { Id = 1, CpuMilliseconds = 0, AllocatedBytes = 0, ResidentBytes = 0, Collections = 0, GcPauseMilliseconds = 0 };

    private static StoreFigures NoStore => new(0, 0, 0, 0, 0, 0, 0, 0, 0);

    private static StatusFigures Committed(long transactions)
    {
        var total = new StackFigures
        {
            Name = "s1", Log = "s1.1", Committed = transactions, Aborted = 0, Attempts = 0, Conflicts = 0, HandedOver = 0, Refused = 0, Batches = 0, Records = 0, LogBytes = 0,
            CacheOperations = 0, CacheItems = 0, CacheBytes = 0, StoreReads = 0, Backlog = 0,
        };
        var cluster = new ClusterFigures
        {
            Server = "s1", View = 1, ActiveView = 1, HasKeeper = true, Servers = [new("s1", Nobody, true, false, 1)], Shards = [new("s1", 4096, true)], Workers = [],
            Cache = new(0, 1, 0), Store = NoStore,
        };
        return new() { Application = "bank", Version = "1", Mode = "app", UptimeSeconds = 1, Warm = true, Process = Process, Total = total, Stacks = [total], Cluster = cluster };
    }
}
