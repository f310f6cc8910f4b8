namespace Mjolnir.Storage.Objects;

/// <summary>Many reads, a bounded number at a time, results in order. The first that fails ends the others, and its exception is the caller's.</summary>
internal static class ParallelReads
{
    public static async ValueTask<TResult[]> AllAsync<TItem, TResult>(
        IReadOnlyList<TItem> items, Func<TItem, CancellationToken, ValueTask<TResult>> read, CancellationToken cancellationToken)
    {
        var results = new TResult[items.Count];
        var options = new ParallelOptions { MaxDegreeOfParallelism = StorageLimits.ParallelReads, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, items.Count, options, async (i, stop) => results[i] = await read(items[i], stop));
        return results;
    }
}
