using System.Runtime.CompilerServices;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Protocol;
using Mjolnir.Core.Segments;

namespace Mjolnir.Storage.Rows;

/// <summary>
/// Merges segments in key order: of every key the newest valid line, once. A heap of cursors, so memory depends on the number of segments and not on the rows.
/// </summary>
internal static class RowMerge
{
    /// <param name="files">the segments</param>
    /// <param name="isValid">false: the line is void and is not looked at, before the highest version is chosen</param>
    /// <param name="wanted">keys wanted; null: all</param>
    /// <param name="after">only keys behind this one</param>
    /// <param name="cancellationToken">ends the merge</param>
    public static async IAsyncEnumerable<SegmentRow> MergeAsync(
        IReadOnlyList<SegmentFile> files,
        Func<SegmentRow, bool> isValid,
        Func<RowKey, bool>? wanted,
        RowKey? after,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var cursors = await StartAsync(files, after, cancellationToken);
        SegmentRow? newest = null;
        while (cursors.TryPeek(out var cursor, out _))
        {
            var row = cursor.Current;
            if (newest is { } complete && complete.Key != row.Key)
            {
                yield return complete;
                newest = null;
            }

            if (isValid(row) && (newest is not null || wanted is null || wanted(row.Key)))
            {
                newest = newest is { } known ? NewestVersion.Of(known, row) : row;
            }

            await AdvanceAsync(cursors, cursor, cancellationToken);
        }

        if (newest is { } last)
        {
            yield return last;
        }
    }

    private static async ValueTask<PriorityQueue<SegmentCursor, string>> StartAsync(IReadOnlyList<SegmentFile> files, RowKey? after, CancellationToken cancellationToken)
    {
        var cursors = new PriorityQueue<SegmentCursor, string>(files.Count, StringComparer.Ordinal);
        foreach (var file in files)
        {
            var cursor = new SegmentCursor(file, await file.IndexAsync(cancellationToken));
            if (await cursor.StartAsync(after, cancellationToken))
            {
                cursors.Enqueue(cursor, cursor.Current.Key.Text);
            }
        }

        return cursors;
    }

    private static ValueTask AdvanceAsync(PriorityQueue<SegmentCursor, string> cursors, SegmentCursor cursor, CancellationToken cancellationToken)
    {
        var move = cursor.MoveAsync(cancellationToken);
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
