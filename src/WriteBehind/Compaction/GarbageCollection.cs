using Mjolnir.Core.Manifests;
using Mjolnir.Storage.Manifests;
using Mjolnir.Storage.Objects;

namespace Mjolnir.WriteBehind.Compaction;

/// <summary>
/// Deletes what the newest chain entry has replaced, late: only what this process has seen unnamed for the whole delay, so a restart begins to wait
/// anew. Kept for ever are the newest chain entry, each log's last covered manifest entry (a fence for workers of former times; of a log that is done its last entry).
/// </summary>
internal sealed class GarbageCollection(IObjectStore store, TimeProvider time, WriteBehindLimits limits)
{
    private readonly RunChain _chain = new(store);
    private Dictionary<string, long> _unnamedSince = [];

    /// <summary>One round. Gives the number of objects deleted.</summary>
    public async ValueTask<int> RoundAsync(CancellationToken cancellationToken)
    {
        var head = await _chain.HeadAsync(cancellationToken);
        var unnamed = new Dictionary<string, long>();
        var deleted = 0;
        await foreach (var name in UnnamedAsync(head, cancellationToken))
        {
            var since = _unnamedSince.TryGetValue(name, out var known) ? known : time.GetTimestamp();
            if (time.GetElapsedTime(since) < limits.CollectionDelay)
            {
                unnamed[name] = since;
                continue;
            }

            await store.DeleteAsync(name, cancellationToken);
            deleted++;
        }

        _unnamedSince = unnamed;
        return deleted;
    }

    private async IAsyncEnumerable<string> UnnamedAsync(RunChainEntry head, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var name in store.ListAsync(ObjectNames.RunChain, null, cancellationToken))
        {
            if (ObjectNames.NumberOf(name) < head.Number)
            {
                yield return name;
            }
        }

        var named = head.Runs.Select(run => run.Object).ToHashSet();
        await foreach (var name in store.ListAsync(ObjectNames.RunObjects, null, cancellationToken))
        {
            if (!named.Contains(name))
            {
                yield return name;
            }
        }

        foreach (var covered in head.Covered)
        {
            await foreach (var name in CoveredAsync(covered, cancellationToken))
            {
                yield return name;
            }
        }
    }

    /// <summary>
    /// The entries of a log's manifest, with their segments, that the runs hold; of a log that is done also those above its watermark, which nobody reads. The last one is kept as the fence. Names are in order.
    /// </summary>
    private async IAsyncEnumerable<string> CoveredAsync(LogCoverage covered, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? before = null;
        await foreach (var name in store.ListAsync(ObjectNames.Manifest(covered.Log), null, cancellationToken))
        {
            if (before is not null)
            {
                yield return before;
            }

            if (covered.Watermark is null && ObjectNames.EntryNumberOf(name) >= covered.Entry)
            {
                break;
            }

            before = name;
        }
    }
}
