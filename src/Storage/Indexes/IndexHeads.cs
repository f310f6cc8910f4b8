using System.Collections.Concurrent;
using Mjolnir.Core.Indexes;

namespace Mjolnir.Storage.Indexes;

/// <summary>The newest heads that this process has heard of. Thread-safe.</summary>
public sealed class IndexHeads
{
    private readonly ConcurrentDictionary<string, IndexHead> _heads = new(StringComparer.Ordinal);
    private TaskCompletionSource _next = New();

    /// <summary>The newest head of a table; null before the first.</summary>
    public IndexHead? Newest(string table) => _heads.GetValueOrDefault(table);

    /// <summary>All tables' newest heads.</summary>
    public IEnumerable<IndexHead> All => _heads.Values;

    /// <summary>Takes a head, unless one is known that comes after it; returns the one that is known from now on.</summary>
    public IndexHead Raise(IndexHead head)
    {
        var known = _heads.AddOrUpdate(head.Table, head, (_, there) => head.IsAfter(there) ? head : there);
        if (ReferenceEquals(known, head))
        {
            Interlocked.Exchange(ref _next, New()).SetResult();
        }

        return known;
    }

    /// <summary>Forgets a table that has no indexes any more.</summary>
    public void Forget(string table) => _heads.TryRemove(table, out _);

    /// <summary>Waits until something is true of the heads; false if it is not in time.</summary>
    /// <param name="isSo">asked after each new head</param>
    /// <param name="longest">the wait at most</param>
    /// <param name="time">the clock</param>
    /// <param name="cancellationToken">ends the wait</param>
    public async ValueTask<bool> WaitAsync(Func<bool> isSo, TimeSpan longest, TimeProvider time, CancellationToken cancellationToken)
    {
        if (isSo())
        {
            return true;
        }

        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var over = Task.Delay(longest, time, waiting.Token);
        while (true)
        {
            // Taken before the look: a head that comes in between ends the wait.
            var next = Volatile.Read(ref _next).Task;
            if (isSo())
            {
                await waiting.CancelAsync();
                return true;
            }

            if (await Task.WhenAny(next, over) == over)
            {
                cancellationToken.ThrowIfCancellationRequested();
                return isSo();
            }
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
