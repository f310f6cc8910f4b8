using System.Collections.Concurrent;
using Mjolnir.AppServer.Committing;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Segments;
using Mjolnir.Storage.Cluster;
using Mjolnir.Storage.Rows;

namespace Mjolnir.Cli.Roles;

/// <summary>The store's rows for the server of this process: a snapshot that is taken anew when a view is opened, and what the keeper says is warm.</summary>
internal sealed class ClusterRows(StoredRows rows) : IStoredRows
{
    private readonly ConcurrentDictionary<string, long> _warmThrough = new(StringComparer.Ordinal);

    /// <summary>Reads of segments and runs so far: stands still once everything is warm.</summary>
    public long Reads => rows.Reads;

    /// <summary>Bytes of all objects that held rows when the snapshot was taken.</summary>
    public long StoreBytes => rows.Snapshot.Bytes;

    /// <summary>Per log that had ended when the snapshot was taken its watermark.</summary>
    public IReadOnlyDictionary<string, long> SealedLogs => rows.SealedLogs;

    public ValueTask<RowVersion?> FindAsync(RowKey key, CancellationToken cancellationToken) => rows.FindAsync(key, cancellationToken);

    public async ValueTask<RowVersion?> FindFreshAsync(RowKey key, CancellationToken cancellationToken)
    {
        await rows.RefreshAsync(cancellationToken);
        return await rows.FindAsync(key, cancellationToken);
    }

    /// <summary>The newest version of all rows of which the snapshot knows.</summary>
    public IAsyncEnumerable<SegmentRow> StreamAsync(Func<RowKey, bool> wanted, CancellationToken cancellationToken) => rows.StreamAsync(wanted, cancellationToken);

    /// <summary>A view was opened: what is loaded from now on comes from manifests read after that (W7).</summary>
    public ValueTask RefreshAsync(CancellationToken cancellationToken) => rows.RefreshAsync(cancellationToken);

    public bool IsWarm(string label, long since) => _warmThrough.TryGetValue(label, out var through) && since <= through;

    /// <summary>The keeper tells which shards are warm. A label is never given twice, so what was warm under it stays so.</summary>
    public void Hear(IReadOnlyList<WarmShard> warm)
    {
        foreach (var shard in warm)
        {
            _warmThrough.AddOrUpdate(shard.Label, shard.View, (_, known) => Math.Max(known, shard.View));
        }
    }
}
