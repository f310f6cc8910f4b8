using System.Runtime.CompilerServices;
using Mjolnir.Core;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Protocol;
using Mjolnir.Core.Segments;
using Mjolnir.Storage.Objects;

namespace Mjolnir.Storage.Rows;

/// <summary>
/// Merges segments in key order: of every key the newest valid line, once. A heap of cursors, each reading ahead, so memory depends on the number of segments, within a budget, and not on
/// the rows.
/// </summary>
internal static class RowMerge
{
    /// <param name="files">the segments</param>
    /// <param name="isValid">false: the line is void and is not looked at, before the highest version is chosen</param>
    /// <param name="wanted">keys wanted; null: all</param>
    /// <param name="after">only keys behind this one</param>
    /// <param name="damaged">told what is damaged, and keys that were in it are left out; null: damage is thrown</param>
    /// <param name="cancellationToken">ends the merge</param>
    public static async IAsyncEnumerable<SegmentRow> MergeAsync(
        IReadOnlyList<SegmentFile> files,
        Func<SegmentRow, bool> isValid,
        Func<RowKey, bool>? wanted,
        RowKey? after,
        Action<DamagedRows>? damaged,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        // A cursor meets a damaged block when it leaves the one before: no key of it has been looked at by then, whichever segment has it too.
        var withheld = new List<DamagedRows>();
        var atOnce = files.Count == 0 ? 1 : files[0].ReadsAtOnce;
        var all = await OpenAsync(atOnce, files, damaged is null ? null : Withhold, stop.Token);
        try
        {
            var cursors = await StartAsync(atOnce, all, after, cancellationToken);
            SegmentRow? newest = null;
            while (cursors.TryPeek(out var cursor, out _))
            {
                var row = cursor.Current;
                if (newest is { } complete && complete.Key != row.Key)
                {
                    if (!IsWithheld(complete.Key))
                    {
                        yield return complete;
                    }

                    newest = null;
                }

                if (isValid(row) && (newest is not null || wanted is null || wanted(row.Key)))
                {
                    newest = newest is { } known ? NewestVersion.Of(known, row) : row;
                }

                await AdvanceAsync(cursors, cursor);
            }

            if (newest is { } last && !IsWithheld(last.Key))
            {
                yield return last;
            }
        }
        finally
        {
            stop.Cancel();
            await Task.WhenAll(all.Select(cursor => cursor.EndAsync()));
        }

        void Withhold(DamagedRows rows)
        {
            lock (withheld)
            {
                withheld.Add(rows);
            }

            damaged(rows);
        }

        bool IsWithheld(RowKey key) => withheld.Count > 0 && withheld.Any(rows => rows.MayHold(key));
    }

    private static async ValueTask<SegmentCursor[]> OpenAsync(int atOnce, IReadOnlyList<SegmentFile> files, Action<DamagedRows>? damaged, CancellationToken stop)
    {
        var readBytes = Math.Clamp(StorageLimits.StreamBudget / 2 / Math.Max(1, files.Count), StorageLimits.LeastStreamBytes, StorageLimits.MostStreamBytes);
        var cursors = await ParallelReads.AllAsync(atOnce, files, OpenAsync, stop);
        return [.. cursors.OfType<SegmentCursor>()];

        async ValueTask<SegmentCursor?> OpenAsync(SegmentFile file, CancellationToken token)
        {
            try
            {
                return new SegmentCursor(file, await file.IndexAsync(token), readBytes, stop, damaged);
            }
            catch (CorruptDataException fault) when (damaged is not null)
            {
                damaged(file.Damaged(fault));
                return null;
            }
        }
    }

    private static async ValueTask<PriorityQueue<SegmentCursor, string>> StartAsync(int atOnce, SegmentCursor[] all, RowKey? after, CancellationToken cancellationToken)
    {
        var started = await ParallelReads.AllAsync(atOnce, all, async (cursor, _) => await cursor.StartAsync(after), cancellationToken);
        var cursors = new PriorityQueue<SegmentCursor, string>(all.Length, StringComparer.Ordinal);
        foreach (var cursor in all.Where((_, i) => started[i]))
        {
            cursors.Enqueue(cursor, cursor.Current.Key.Text);
        }

        return cursors;
    }

    private static ValueTask AdvanceAsync(PriorityQueue<SegmentCursor, string> cursors, SegmentCursor cursor)
    {
        var move = cursor.MoveAsync();
        if (!move.IsCompletedSuccessfully)
        {
            return SlowAsync(cursors, cursor, move);
        }

        Settle(cursors, cursor, move.Result);
        return ValueTask.CompletedTask;

        static async ValueTask SlowAsync(PriorityQueue<SegmentCursor, string> cursors, SegmentCursor cursor, ValueTask<bool> move) =>
            Settle(cursors, cursor, await move);

        static void Settle(PriorityQueue<SegmentCursor, string> cursors, SegmentCursor cursor, bool moved)
        {
            if (moved)
            {
                cursors.DequeueEnqueue(cursor, cursor.Current.Key.Text);
            }
            else
            {
                cursors.Dequeue();
            }
        }
    }
}
