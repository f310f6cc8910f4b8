using Mjolnir.Core.Keys;
using Mjolnir.Core.Protocol;
using Mjolnir.Core.Segments;
using Mjolnir.Storage.Objects;

namespace Mjolnir.Storage.Rows;

/// <summary>
/// The rows up to the stable cut: no row depends on one that is not there, so this is a state that the application was in, whatever the cluster does meanwhile. A bounded time old: what is
/// in the logs but not yet in the store is not in it.
/// </summary>
public sealed class StableRows
{
    private readonly IReadOnlyList<SegmentFile> _files;
    private readonly StoreSnapshot _snapshot;

    private StableRows(IObjectStore store, StoreSnapshot snapshot)
    {
        _snapshot = snapshot;
        var prefixes = snapshot.Logs.Select(log => log.Prefix).ToArray();
        Cut = StableCut.Compute(prefixes);

        // The runs hold only what is below every cut (W5); of the segments each is inside as a whole or not at all.
        var inside = prefixes.SelectMany(prefix => prefix.Entries.Where(entry => entry.HasRows && entry.LastBatch <= Cut[prefix.Log]));
        StoredObject[] objects = [.. snapshot.Head.Runs.Select(StoredObject.Of), .. inside.Select(StoredObject.Of)];
        var reads = new ReadCounter();
        _files = [.. objects.Select(stored => new SegmentFile(store, stored, reads))];
        Lines = objects.Sum(stored => stored.Rows);
    }

    /// <summary>Per log the last batch inside.</summary>
    public IReadOnlyDictionary<string, long> Cut { get; }

    /// <summary>Lines to be read: at least as many as there are rows, for showing progress.</summary>
    public long Lines { get; }

    /// <summary>Takes a snapshot of the store and computes its stable cut.</summary>
    public static async ValueTask<StableRows> OpenAsync(IObjectStore store, CancellationToken cancellationToken) =>
        new(store, await StoreSnapshot.ReadAsync(store, cancellationToken));

    /// <summary>The newest version of every key, tombstones and expired transaction ids included, each once, in key order. Values alias the text of a block: who keeps one copies it.</summary>
    /// <param name="wanted">which keys; null: all</param>
    /// <param name="cancellationToken">ends the stream</param>
    /// <exception cref="CollectedObjectException">an object was merged and collected, minutes after this snapshot: only a whole new one tells one state</exception>
    public IAsyncEnumerable<SegmentRow> StreamAsync(Func<RowKey, bool>? wanted, CancellationToken cancellationToken) =>
        RowMerge.MergeAsync(_files, _snapshot.Counts, wanted, null, null, cancellationToken);
}
