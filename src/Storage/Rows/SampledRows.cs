using System.Collections.Concurrent;
using Mjolnir.Core;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Segments;
using Mjolnir.Storage.Objects;

namespace Mjolnir.Storage.Rows;

/// <summary>
/// The store as an auditor reads it: few, random looks, each as cheap as can be. Lines are taken out of blocks, not searched for: one read gives many. Indexes are kept for a while, within a bound.
/// Reads may run side by side, but not beside <see cref="RefreshAsync"/>.
/// </summary>
public sealed class SampledRows
{
    private readonly IObjectStore _store;
    private readonly ReadCounter _reads = new();
    private readonly ConcurrentDictionary<string, SegmentFile> _files = new(StringComparer.Ordinal);

    private SampledRows(IObjectStore store, StoreSnapshot snapshot) => (_store, Snapshot) = (store, snapshot);

    /// <summary>The manifests, as read last.</summary>
    public StoreSnapshot Snapshot { get; private set; }

    /// <summary>Takes a snapshot of the store.</summary>
    /// <exception cref="CorruptDataException">a manifest is damaged</exception>
    public static async ValueTask<SampledRows> OpenAsync(IObjectStore store, CancellationToken cancellationToken) =>
        new(store, await StoreSnapshot.ReadAsync(store, cancellationToken));

    /// <summary>Takes a newer snapshot.</summary>
    public async ValueTask RefreshAsync(CancellationToken cancellationToken)
    {
        Snapshot = await StoreSnapshot.ReadAsync(_store, cancellationToken);
        if (_files.Count > StorageLimits.SampledIndexes)
        {
            _files.Clear();
        }
    }

    /// <summary>
    /// Some lines that count, behind each other in a random block of a random object: every line of the store is as likely as any other, about. Keys that follow each other lie in unrelated slots.
    /// </summary>
    /// <param name="random">draws object, block and place</param>
    /// <param name="most">most lines</param>
    /// <param name="cancellationToken">ends the reads</param>
    /// <returns>the lines with values of their own; none from an empty store</returns>
    /// <exception cref="CollectedObjectException">the object was merged and collected: the next snapshot does not name it</exception>
    /// <exception cref="CorruptDataException">the object is damaged</exception>
    public async ValueTask<IReadOnlyList<SegmentRow>> DrawAsync(Random random, int most, CancellationToken cancellationToken)
    {
        if (Pick(random) is not { } stored)
        {
            return [];
        }

        var (block, place) = (random.NextDouble(), random.NextDouble());
        try
        {
            return await ReadAsync(FileOf(stored), block, place, most, cancellationToken);
        }
        catch (CorruptDataException)
        {
            // What was damaged on its way is whole when it is read again; what is damaged in the store is not.
            return await ReadAsync(FileOf(stored), block, place, most, cancellationToken);
        }
    }

    /// <summary>
    /// What the store holds of a row that a batch wrote: the line of the object that covers this batch. The row was written again within the same object if that line has a later stamp.
    /// </summary>
    /// <param name="key">the row</param>
    /// <param name="stamp">a batch that wrote it, and that the manifest lists as stored</param>
    /// <param name="cancellationToken">ends the reads</param>
    /// <returns>null: no such line</returns>
    /// <exception cref="CollectedObjectException">the object was merged and collected: the next snapshot does not name it</exception>
    /// <exception cref="CorruptDataException">the object is damaged</exception>
    public async ValueTask<SegmentRow?> FindAsync(RowKey key, Stamp stamp, CancellationToken cancellationToken)
    {
        var log = Snapshot.Find(stamp.Log);
        if (log?.Entries.FirstOrDefault(entry => entry.FirstBatch <= stamp.Batch && stamp.Batch <= entry.LastBatch) is { } covering)
        {
            return covering.HasRows ? await FindAsync(FileOf(StoredObject.Of(covering)), key, cancellationToken) : null;
        }

        // A merge takes all runs of a level, so what a lower level holds is later, and on one level what was made later: the first that has the row has the newest.
        var slot = Slots.Of(key);
        foreach (var run in Snapshot.Head.Runs.Where(run => run.FirstSlot <= slot && slot <= run.LastSlot).OrderBy(run => run.Level).ThenByDescending(run => run.Made))
        {
            if (await FindAsync(FileOf(StoredObject.Of(run)), key, cancellationToken) is { } line)
            {
                return line;
            }
        }

        return null;
    }

    private static async ValueTask<SegmentRow?> FindAsync(SegmentFile file, RowKey key, CancellationToken cancellationToken)
    {
        var index = await file.IndexAsync(cancellationToken);
        return index.Find(key, SegmentIndex.HashOf(key)) is { } block && await file.FindAsync(block, key, cancellationToken) is { } line ? Owned(line) : null;
    }

    private async ValueTask<IReadOnlyList<SegmentRow>> ReadAsync(SegmentFile file, double blockAt, double place, int most, CancellationToken cancellationToken)
    {
        var index = await file.IndexAsync(cancellationToken);
        var block = index.Blocks[(int)(blockAt * index.Blocks.Count)];
        var lines = Lines(file.Name, block, await file.RangeAsync(block.Offset, block.Length, cancellationToken));
        var first = (int)(place * Math.Max(1, lines.Count - most + 1));
        return [.. lines.Skip(first).Take(most).Where(Snapshot.Counts).Select(Owned)];
    }

    private static List<SegmentRow> Lines(string name, SegmentBlock block, ReadOnlyMemory<byte> member)
    {
        var reader = new SegmentBlockReader(name, block, member);
        var lines = new List<SegmentRow>();
        while (reader.TryRead())
        {
            lines.Add(reader.Current);
        }

        return lines;
    }

    /// <summary>A value of its own: one that aliased the block would keep all of it in memory.</summary>
    private static SegmentRow Owned(SegmentRow line) =>
        line.Version.Value is { } value ? line with { Version = line.Version with { Value = new Document(value.Utf8.ToArray()) } } : line;

    private StoredObject? Pick(Random random)
    {
        var objects = Snapshot.Objects().ToList();
        var at = (long)(random.NextDouble() * objects.Sum(each => each.Rows));
        foreach (var stored in objects)
        {
            at -= stored.Rows;
            if (at < 0)
            {
                return stored;
            }
        }

        return null;
    }

    private SegmentFile FileOf(StoredObject stored) => _files.GetOrAdd(stored.Name, _ => new SegmentFile(_store, stored, _reads));
}
