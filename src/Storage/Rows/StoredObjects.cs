using Mjolnir.Core.Keys;
using Mjolnir.Core.Segments;
using Mjolnir.Storage.Objects;

namespace Mjolnir.Storage.Rows;

/// <summary>Some segments and runs read as one, for who merges them: of every key the newest line that counts, expired transaction ids included.</summary>
public sealed class StoredObjects
{
    private readonly StoreSnapshot _snapshot;
    private readonly IReadOnlyList<SegmentFile> _files;

    /// <summary>Opens the objects; nothing is read yet.</summary>
    /// <param name="store">where they are</param>
    /// <param name="snapshot">the snapshot that names them: what is void in it does not count</param>
    /// <param name="objects">their names and sizes</param>
    public StoredObjects(IObjectStore store, StoreSnapshot snapshot, IEnumerable<(string Name, long Bytes)> objects)
    {
        var reads = new ReadCounter();
        _snapshot = snapshot;
        _files = [.. objects.Select(named => new SegmentFile(store, StoredObject.Of(named.Name, named.Bytes), reads))];
    }

    /// <summary>The lines, in key order.</summary>
    /// <param name="wanted">which keys</param>
    /// <param name="cancellationToken">ends the stream</param>
    /// <exception cref="CollectedObjectException">an object is gone: somebody else merged it; start over from a fresh snapshot</exception>
    public IAsyncEnumerable<SegmentRow> StreamAsync(Func<RowKey, bool> wanted, CancellationToken cancellationToken) =>
        RowMerge.MergeAsync(_files, _snapshot.Counts, wanted, null, null, cancellationToken);
}
