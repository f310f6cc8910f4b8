using System.Diagnostics;
using System.Globalization;
using Mjolnir.Cli.Status;

namespace Mjolnir.Benchmarks.Cluster;

/// <summary>What a phase cost the cluster's parts, by their own counters: cache operations and log bytes per transaction, writes to the store, what it leaves unstored.</summary>
internal sealed class ClusterCosts(string data, int stacks) : IDisposable
{
    private static readonly TimeSpan StoredPatience = TimeSpan.FromMinutes(1);

    private readonly ClusterStatusSource _source = new(StatusPlaces.Cluster(null, data, null) ?? throw new InvalidOperationException("no cluster"));

    /// <summary>Until nearly all that is committed is stored: what came before a phase is not charged to it.</summary>
    public async Task WaitUntilStoredAsync()
    {
        var began = Stopwatch.GetTimestamp();
        while ((await LookAsync()).Backlog > 100 && Stopwatch.GetElapsedTime(began) < StoredPatience)
        {
            await Task.Delay(200);
        }
    }

    public async Task AroundAsync(Func<Task> phase)
    {
        var (before, began) = (await LookAsync(), Stopwatch.GetTimestamp());
        await phase();
        var (after, seconds) = (await LookAsync(), Stopwatch.GetElapsedTime(began).TotalSeconds);
        var committed = Math.Max(1.0, after.Committed - before.Committed);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{string.Empty,-44} per transaction: cache operations {(after.CacheOperations - before.CacheOperations) / committed:F2}, log bytes {(after.LogBytes - before.LogBytes) / committed:F0}; {committed / Math.Max(1, after.Batches - before.Batches):F1} transactions a batch; {(after.Puts - before.Puts) / seconds / stacks:F2} PUTs a second and V-stack; reads of the store {after.Reads - before.Reads}; unstored at the end: {after.Backlog} batches"));
    }

    public void Dispose() => _source.Dispose();

    private async Task<Figures> LookAsync()
    {
        var status = await _source.LookAsync(CancellationToken.None);
        var totals = status.Answered.Select(each => each.Total).ToList();
        var workers = status.Workers.Select(each => each.Figures).OfType<WorkerStatus>().ToList();
        return new Figures(
            totals.Sum(each => each.Committed + each.Aborted),
            totals.Sum(each => each.CacheOperations),
            totals.Sum(each => each.LogBytes),
            totals.Sum(each => each.Batches),
            totals.Sum(each => each.Backlog),
            totals.Sum(each => each.StoreReads),
            workers.Sum(each => each.Store.Puts));
    }

    private sealed record Figures(long Committed, long CacheOperations, long LogBytes, long Batches, long Backlog, long Reads, long Puts);
}
