using System.Collections.Concurrent;
using Mjolnir.AppServer.Committing;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;
using Mjolnir.Storage.Rows;

namespace Mjolnir.Cli.Embedded;

/// <summary>The store's rows for the servers of this process: a snapshot taken after the view was opened, and which shards hold all of it by now.</summary>
internal sealed class EmbeddedRows(StoredRows rows) : IStoredRows
{
    private readonly ConcurrentDictionary<string, bool> _warm = new(StringComparer.Ordinal);

    /// <summary>Reads of segments and runs so far: stands still once everything is warm.</summary>
    public long Reads => rows.Reads;

    public ValueTask RefreshAsync(CancellationToken cancellationToken) => rows.RefreshAsync(cancellationToken);

    public ValueTask<RowVersion?> FindAsync(RowKey key, CancellationToken cancellationToken) => rows.FindAsync(key, cancellationToken);

    public async ValueTask<RowVersion?> FindFreshAsync(RowKey key, CancellationToken cancellationToken)
    {
        await rows.RefreshAsync(cancellationToken);
        return await rows.FindAsync(key, cancellationToken);
    }

    public bool IsWarm(string label, long since) => _warm.ContainsKey(label);

    public void MarkWarm(string label) => _warm[label] = true;
}
