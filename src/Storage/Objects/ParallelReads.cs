namespace Mjolnir.Storage.Objects;

/// <summary>Many reads, a bounded number at a time, results in order. The first that fails ends the others, and its exception is the caller's.</summary>
public static class ParallelReads
{
    /// <param name="atOnce">reads at the same time; 1: one after another, where the caller is (<see cref="IObjectStore.ReadsAtOnce"/>)</param>
    /// <param name="items">what to read</param>
    /// <param name="read">reads one; in the thread pool, unless they come one after another</param>
    /// <param name="cancellationToken">ends them</param>
    public static async ValueTask<TResult[]> AllAsync<TItem, TResult>(
        int atOnce, IReadOnlyList<TItem> items, Func<TItem, CancellationToken, ValueTask<TResult>> read, CancellationToken cancellationToken)
    {
        var results = new TResult[items.Count];
        if (atOnce == 1)
        {
            for (var i = 0; i < results.Length; i++)
            {
                results[i] = await read(items[i], cancellationToken);
            }

            return results;
        }

        var options = new ParallelOptions { MaxDegreeOfParallelism = atOnce, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, items.Count, options, async (i, stop) => results[i] = await read(items[i], stop));
        return results;
    }
}
