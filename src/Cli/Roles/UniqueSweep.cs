using Mjolnir.AppServer.Transactions;
using Mjolnir.Cli.Embedded;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;
using Mjolnir.Scripting.Engine;
using Mjolnir.Scripting.Unique;

namespace Mjolnir.Cli.Roles;

/// <summary>
/// Deletes the holders of unique indexes that were removed. Nobody reads them, as no epoch is given twice, so it has no hurry: it begins when everything that was under way at the removal is long in the store, and
/// ends when a whole pass over the store has found none.
/// </summary>
/// <param name="app">the application</param>
/// <param name="rows">the store's rows</param>
/// <param name="builder">changes what is known of a table</param>
/// <param name="router">runs transactions</param>
/// <param name="wait">between a removal and the first pass</param>
/// <param name="time">the clock</param>
internal sealed class UniqueSweep(string app, ClusterRows rows, UniqueBuilder builder, ITransactionRouter router, TimeSpan wait, TimeProvider time)
{
    private readonly Dictionary<(string Table, UniqueRemains Remains), long> _since = [];

    /// <summary>One pass, if it is time for one.</summary>
    /// <returns>holders deleted; null if it is too early</returns>
    public async Task<long?> SweepAsync(string table, UniqueRemains remains, CancellationToken cancellationToken)
    {
        if (_since.TryAdd((table, remains), time.GetTimestamp()) || time.GetElapsedTime(_since[(table, remains)]) < wait)
        {
            return null;
        }

        var deleted = 0L;
        await rows.RefreshAsync(cancellationToken);
        var prefix = UniqueValue.HolderOf(app, table, remains.Index, remains.Epoch, []).Text;
        var chunk = new List<RowKey>();
        await foreach (var row in rows.StreamAsync(key => key.Text.StartsWith(prefix, StringComparison.Ordinal), cancellationToken))
        {
            if (row.Version.State != RowState.Present)
            {
                continue;
            }

            chunk.Add(row.Key);
            if (chunk.Count == CliLimits.SeedRowsPerTransaction)
            {
                deleted += await DeleteAsync(chunk, cancellationToken);
                chunk = [];
            }
        }

        deleted += await DeleteAsync(chunk, cancellationToken);
        if (deleted == 0)
        {
            await builder.ChangeAsync(app, table, state => state.Swept(remains), cancellationToken);
            _since.Remove((table, remains));
        }

        return deleted;
    }

    private async Task<int> DeleteAsync(IReadOnlyList<RowKey> keys, CancellationToken cancellationToken)
    {
        if (keys.Count == 0)
        {
            return 0;
        }

        var deleted = 0;
        await builder.CommitAsync(
            router.Beside(keys[0]),
            (source, writes) =>
            {
                var isComplete = true;
                deleted = 0;
                foreach (var key in keys)
                {
                    if (!source.TryRead(key, out var row))
                    {
                        isComplete = false;
                    }
                    else if (row is not null)
                    {
                        deleted++;
                        writes.Add(new RowWrite(key, null));
                    }
                }

                return isComplete;
            },
            cancellationToken);
        return deleted;
    }
}
