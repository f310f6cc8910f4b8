using System.Globalization;
using Mjolnir.Core.Manifests;
using Mjolnir.Storage.Manifests;
using Mjolnir.Storage.Objects;

namespace Mjolnir.WriteBehind.Compaction;

/// <summary>
/// Deletes what the newest chain entry has replaced, late: only what this process has seen unnamed for the whole delay, so a restart begins to wait
/// anew. Kept for ever are the newest chain entry, each log's last covered manifest entry (a fence for workers of former times) and all seals.
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

    /// <summary>The log's segments and manifest entries that the runs hold. Names are in order, so the list ends with the first that must stay.</summary>
    private async IAsyncEnumerable<string> CoveredAsync(LogCoverage covered, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Of a log that is done nothing above the watermark counts either.
        var last = covered.Watermark is null ? covered.Batch : long.MaxValue;
        await foreach (var name in store.ListAsync(ObjectNames.Segments(covered.Log), null, cancellationToken))
        {
            if (FirstBatchOf(name) > last)
            {
                break;
            }

            // Also one that no entry ever named, left by a worker that lost its race: its batches are covered by what won.
            if (LastBatchOf(name) <= last)
            {
                yield return name;
            }
        }

        await foreach (var name in store.ListAsync(ObjectNames.Manifest(covered.Log), null, cancellationToken))
        {
            if (ObjectNames.NumberOf(name) >= covered.Entry)
            {
                break;
            }

            yield return name;
        }
    }

    private static long FirstBatchOf(string segment) => Number(segment, 0);

    private static long LastBatchOf(string segment) => Number(segment, 1);

    private static long Number(string segment, int place) =>
        long.Parse(segment[(segment.LastIndexOf('/') + 1)..].Split('-')[place], NumberStyles.None, CultureInfo.InvariantCulture);
}
