using Mjolnir.Core.Batches;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Segments;

namespace Mjolnir.WriteBehind;

/// <summary>
/// The versions that a log wrote lately and that are listed as stored: what the next batches of that log are held against (invariant 6). Two generations of keys, so that rows that are written again and
/// again stay, and memory is bounded. Transaction ids are left out: one that is used again after its expiry starts at version 1.
/// </summary>
/// <param name="keys">keys of one generation</param>
internal sealed class ListedVersions(int keys)
{
    private Dictionary<RowKey, (long Version, Stamp Stamp)> _young = [];
    private Dictionary<RowKey, (long Version, Stamp Stamp)> _old = [];

    /// <summary>The newest listed version of a row by this log; null if none is remembered.</summary>
    public (long Version, Stamp Stamp)? Find(RowKey key) => _young.TryGetValue(key, out var known) || _old.TryGetValue(key, out known) ? known : null;

    /// <summary>A batch is listed.</summary>
    public void Note(Batch batch)
    {
        foreach (var record in batch.Records)
        {
            if (SegmentRow.IsTransactionId(record.Key))
            {
                continue;
            }

            if (_young.Count >= keys)
            {
                (_old, _young) = (_young, []);
            }

            _young[record.Key] = (record.Version, new Stamp(batch.Log, batch.Number));
        }
    }
}
