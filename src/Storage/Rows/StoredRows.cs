using System.Runtime.CompilerServices;
using Mjolnir.Core;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Protocol;
using Mjolnir.Core.Segments;
using Mjolnir.Storage.Objects;

namespace Mjolnir.Storage.Rows;

/// <summary>
/// The rows as the store has them: a snapshot of all manifests, with the indexes of the segments read so far. Thread-safe. When an object of the
/// snapshot was collected meanwhile it starts over from a fresh one by itself; <see cref="RefreshAsync"/> asks for one.
/// </summary>
public sealed class StoredRows
{
    private readonly IObjectStore _store;
    private readonly ReadCounter _reads = new();
    private readonly SharedRuns _refreshes;
    private readonly Lock _gate = new();
    private volatile State _state;
    private long _begun;
    private long _newest;

    private StoredRows(IObjectStore store, StoreSnapshot snapshot)
    {
        _store = store;
        _state = Open(snapshot, null);
        _refreshes = new SharedRuns(TakeFreshAsync);
    }

    /// <summary>Per sealed log its watermark, as lowered by cuts.</summary>
    public IReadOnlyDictionary<string, long> SealedLogs => _state.Sealed;

    /// <summary>Reads of segments and runs so far. In steady state it stands still.</summary>
    public long Reads => _reads.Count;

    /// <summary>The manifests this is a snapshot of.</summary>
    public StoreSnapshot Snapshot => _state.Snapshot;

    /// <summary>Takes a snapshot of the store: the logs' manifests first, then the chain of runs (W7).</summary>
    /// <exception cref="CorruptDataException">a manifest is damaged</exception>
    public static async ValueTask<StoredRows> OpenAsync(IObjectStore store, CancellationToken cancellationToken) =>
        new(store, await StoreSnapshot.ReadAsync(store, cancellationToken));

    /// <summary>
    /// Takes a snapshot that began after this call; indexes of segments that are in both are kept. Needed before a reload of a void version (W6): a seal may make hundreds of rows void at once, so calls that come
    /// while a snapshot is being taken share the next one.
    /// </summary>
    public async ValueTask RefreshAsync(CancellationToken cancellationToken) => await _refreshes.JoinAsync(cancellationToken);

    /// <summary>
    /// The newest valid version of a key, tombstones included; null if the store does not know the key (an expired transaction id is not known).
    /// Lines above their log's watermark are left out before the highest version is chosen.
    /// </summary>
    /// <exception cref="CorruptDataException">a segment is damaged, or a version exists twice</exception>
    public async ValueTask<RowVersion?> FindAsync(RowKey key, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                var newest = await FindAsync(_state, key, cancellationToken);
                return newest is { Version.State: not RowState.Absent } row ? Copied(row.Version) : null;
            }
            catch (CollectedObjectException gone)
            {
                await StartOverAsync(gone, tries, cancellationToken);
            }
        }
    }

    /// <summary>
    /// The newest valid version of every key, tombstones included, each once, in key order. Values alias the text of a block of 64 KiB: who keeps one
    /// for long copies it.
    /// </summary>
    /// <param name="wanted">which keys; null: all</param>
    /// <param name="cancellationToken">ends the stream</param>
    /// <exception cref="CorruptDataException">a segment is damaged, or a version exists twice</exception>
    public IAsyncEnumerable<SegmentRow> StreamAsync(Func<RowKey, bool>? wanted, CancellationToken cancellationToken) => StreamAsync(wanted, null, cancellationToken);

    /// <summary>The same, going on behind what is damaged.</summary>
    /// <param name="wanted">which keys; null: all</param>
    /// <param name="damaged">told of each damaged piece, from any thread, before a row behind it is given: keys that it may have held are left out, whatever other objects have of them; null: damage is thrown</param>
    /// <param name="cancellationToken">ends the stream</param>
    /// <exception cref="CorruptDataException">an object is gone, or cut off while it is read; or a version exists twice</exception>
    public async IAsyncEnumerable<SegmentRow> StreamAsync(Func<RowKey, bool>? wanted, Action<DamagedRows>? damaged, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        RowKey? after = null;
        for (var tries = 1; ; tries++)
        {
            var state = _state;
            await using var rows = RowMerge.MergeAsync(state.Files, state.Snapshot.Counts, wanted, after, damaged, cancellationToken).GetAsyncEnumerator(cancellationToken);
            var (moved, gone) = await MoveAsync(rows);
            for (; moved; (moved, gone) = await MoveAsync(rows))
            {
                (after, tries) = (rows.Current.Key, 1);
                if (rows.Current.Version.State != RowState.Absent)
                {
                    yield return rows.Current;
                }
            }

            if (gone is null)
            {
                yield break;
            }

            await StartOverAsync(gone, tries, cancellationToken);
        }
    }

    private static async ValueTask<(bool Moved, CollectedObjectException? Gone)> MoveAsync(IAsyncEnumerator<SegmentRow> rows)
    {
        try
        {
            return (await rows.MoveNextAsync(), null);
        }
        catch (CollectedObjectException gone)
        {
            return (false, gone);
        }
    }

    private static RowVersion Copied(RowVersion version) =>
        version.Value is null ? version : version with { Value = new Document(version.Value.Utf8.ToArray()) };

    private async ValueTask<SegmentRow?> FindAsync(State state, RowKey key, CancellationToken cancellationToken)
    {
        var (slot, hash) = (Slots.Of(key), SegmentIndex.HashOf(key));
        var files = state.Files.Where(file => file.MayHold(slot)).ToList();
        await SegmentFile.OpenAsync(_store.ReadsAtOnce, files, cancellationToken);
        var found = new List<(SegmentFile File, SegmentBlock Block)>();
        foreach (var file in files)
        {
            if ((await file.IndexAsync(cancellationToken)).Find(key, hash) is { } block)
            {
                found.Add((file, block));
            }
        }

        SegmentRow? newest = null;
        foreach (var line in await ParallelReads.AllAsync(_store.ReadsAtOnce, found, (place, stop) => place.File.FindAsync(place.Block, key, stop), cancellationToken))
        {
            if (line is { } row && state.Snapshot.Counts(row))
            {
                newest = newest is { } known ? NewestVersion.Of(known, row) : row;
            }
        }

        return newest;
    }

    private async ValueTask StartOverAsync(CollectedObjectException gone, int tries, CancellationToken cancellationToken)
    {
        if (tries == StorageLimits.SnapshotTries)
        {
            throw new CorruptDataException("An object that the newest manifests name is missing", gone.Name);
        }

        var turn = Interlocked.Increment(ref _begun);
        var fresh = await StoreSnapshot.ReadAsync(_store, cancellationToken);
        Take(turn, fresh, gone);
    }

    private async Task TakeFreshAsync()
    {
        var turn = Interlocked.Increment(ref _begun);
        Take(turn, await StoreSnapshot.ReadAsync(_store, CancellationToken.None), null);
    }

    /// <summary>Never goes back: a snapshot that began before the one in use says nothing that is not known, however late it comes.</summary>
    private void Take(long turn, StoreSnapshot fresh, CollectedObjectException? gone)
    {
        lock (_gate)
        {
            if (turn < _newest)
            {
                return;
            }

            if (gone is not null && !fresh.HoldsAllOf(Snapshot))
            {
                throw new CorruptDataException("An object that a manifest listed is missing, and no run covers it", gone.Name);
            }

            (_newest, _state) = (turn, Open(fresh, _state));
        }
    }

    private State Open(StoreSnapshot snapshot, State? before)
    {
        var known = before?.Files.ToDictionary(file => file.Name) ?? [];
        var files = new List<SegmentFile>();
        foreach (var stored in snapshot.Objects())
        {
            files.Add(known.GetValueOrDefault(stored.Name) ?? new SegmentFile(_store, stored, _reads));
        }

        var isSealed = snapshot.Logs.Where(log => log.Watermark is not null).ToDictionary(log => log.Log, log => log.Watermark!.Value);
        return new State(snapshot, files, isSealed);
    }

    private sealed record State(StoreSnapshot Snapshot, IReadOnlyList<SegmentFile> Files, IReadOnlyDictionary<string, long> Sealed);
}
