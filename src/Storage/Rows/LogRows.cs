using Mjolnir.Core.Documents;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Segments;
using Mjolnir.Storage.Manifests;
using Mjolnir.Storage.Objects;

namespace Mjolnir.Storage.Rows;

/// <summary>What the store has of one log behind some batch.</summary>
/// <param name="Through">the last batch that is in it</param>
/// <param name="Rows">of each row written the newest version; older ones than asked for may be among them. Values are copies</param>
public sealed record LogRows(long Through, IReadOnlyList<SegmentRow> Rows)
{
    /// <summary>Reads the entries of a log's manifest behind a batch; null if some of them are in runs by now, which do not tell logs apart: only all rows of the store tell what was in them.</summary>
    /// <param name="store">the store</param>
    /// <param name="log">the log</param>
    /// <param name="after">the last batch that is not wanted</param>
    /// <param name="wanted">which keys</param>
    /// <param name="cancellationToken">ends the reading</param>
    /// <exception cref="Core.CorruptDataException">an entry is damaged, missing or does not follow</exception>
    public static async ValueTask<LogRows?> ReadAsync(IObjectStore store, string log, long after, Func<RowKey, bool> wanted, CancellationToken cancellationToken)
    {
        var (covered, entries) = await new LogManifest(store).ReadWithCoverageAsync(log, cancellationToken);
        if (covered?.Batch > after)
        {
            return null;
        }

        var reads = new ReadCounter();
        var files = entries.Where(entry => entry.HasRows && entry.LastBatch > after).Select(entry => new SegmentFile(store, StoredObject.Of(entry), reads)).ToList();
        var rows = new List<SegmentRow>();
        try
        {
            await foreach (var row in RowMerge.MergeAsync(files, static _ => true, wanted, null, null, cancellationToken))
            {
                rows.Add(row.Version.Value is { } value ? row with { Version = row.Version with { Value = new Document(value.Utf8.ToArray()) } } : row);
            }
        }
        catch (CollectedObjectException)
        {
            return null;
        }

        return new LogRows(entries.Count > 0 ? entries[^1].LastBatch : covered?.Batch ?? 0, rows);
    }
}
