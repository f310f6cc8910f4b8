using Mjolnir.Core;
using Mjolnir.Core.Batches;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Segments;
using Mjolnir.Core.Violations;

namespace Mjolnir.WriteBehind;

/// <summary>The batches that were consumed and are in no manifest yet, in order and without gap.</summary>
/// <param name="rememberedKeys">keys whose listed versions are remembered, about</param>
internal sealed class PendingBatches(int rememberedKeys)
{
    private readonly Queue<Consumed> _batches = new();
    private readonly ListedVersions _listed = new(rememberedKeys / 2);

    private readonly record struct Consumed(Batch Batch, long Bytes, long Delivery);

    public int Count => _batches.Count;

    public long Bytes { get; private set; }

    /// <summary>True if something waits that others may wait for: a row, or a view marker.</summary>
    public bool Matters { get; private set; }

    /// <summary>True if a server crossed to a view here: its opening waits for us (V12).</summary>
    public bool HasView { get; private set; }

    public long FirstBatch => _batches.Peek().Batch.Number;

    public long LastBatch { get; private set; }

    public void Add(Batch batch, int bytes, long delivery)
    {
        _batches.Enqueue(new Consumed(batch, bytes, delivery));
        Bytes += bytes;
        LastBatch = batch.Number;
        HasView |= batch.Kind == BatchKind.View;
        Matters |= batch.Kind == BatchKind.View || batch.Records.Count > 0;
    }

    /// <summary>Forgets what a manifest lists up to this batch; gives the last delivery forgotten, 0 if none.</summary>
    public long DropThrough(long batch)
    {
        var delivery = 0L;
        while (_batches.TryPeek(out var first) && first.Batch.Number <= batch)
        {
            _batches.Dequeue();
            _listed.Note(first.Batch);
            Bytes -= first.Bytes;
            delivery = first.Delivery;
        }

        Matters = _batches.Any(left => left.Batch.Kind == BatchKind.View || left.Batch.Records.Count > 0);
        HasView = Matters && _batches.Any(left => left.Batch.Kind == BatchKind.View);
        return delivery;
    }

    /// <summary>The highest view marker, or what was known before.</summary>
    public long LastView(long before) =>
        _batches.Where(consumed => consumed.Batch.Kind == BatchKind.View).Select(consumed => consumed.Batch.View).Append(before).Max();

    /// <summary>Per other log the highest batch that any of these depends on, in order of the logs' names.</summary>
    public IReadOnlyList<Stamp> Foreign() =>
        [.. _batches.SelectMany(consumed => consumed.Batch.Foreign)
            .GroupBy(stamp => stamp.Log, StringComparer.Ordinal)
            .Select(stamps => stamps.MaxBy(stamp => stamp.Batch))
            .OrderBy(stamp => stamp.Log, StringComparer.Ordinal)];

    /// <summary>The newest line of every row written, in key order.</summary>
    /// <exception cref="InvariantException">versions of a key do not follow each other (invariant 6)</exception>
    public IReadOnlyList<SegmentRow> Rows()
    {
        var newest = new Dictionary<RowKey, SegmentRow>();
        foreach (var consumed in _batches)
        {
            foreach (var record in consumed.Batch.Records)
            {
                RequireFollowing(newest.TryGetValue(record.Key, out var row) ? Following(row.Version) : _listed.Find(record.Key), consumed.Batch, record);
                newest[record.Key] = Line(consumed.Batch, record);
            }
        }

        var rows = newest.Values.ToArray();
        Array.Sort(rows, (one, other) => one.Key.CompareTo(other.Key));
        return rows;
    }

    private static SegmentRow Line(Batch batch, in BatchRecord record) =>
        new(record.Key, new RowVersion(record.Version, new Stamp(batch.Log, batch.Number), record.State, record.Value))
        {
            Time = SegmentRow.IsTransactionId(record.Key) ? batch.UnixMilliseconds : 0,
        };

    /// <summary>What the next version is held against; nothing behind an expired transaction id, which starts anew.</summary>
    private static (long Version, Stamp Stamp)? Following(RowVersion version) => version.State == RowState.Absent ? null : (version.Version, version.Stamp);

    private static void RequireFollowing((long Version, Stamp Stamp)? before, Batch batch, in BatchRecord record)
    {
        // Versions between two of this log are another log's, and whoever replaced one of those has its stamp among the foreign ones.
        if (before is not { } known || record.Version == known.Version + 1 || (record.Version > known.Version && batch.Foreign.Count > 0))
        {
            return;
        }

        var isGap = record.Version > known.Version;
        throw new InvariantException(
            $"Batch {batch.Log}:{batch.Number} makes version {record.Version} of {record.Key} behind version {known.Version} by {known.Stamp}: a version {(isGap ? "is missing" : "was used twice")}.",
            isGap ? ViolationKind.VersionGap : ViolationKind.VersionDuplicate);
    }
}
