using Mjolnir.Core.Documents;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;
using Mjolnir.Indexer.Verifying;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Unique;
using Mjolnir.Storage.Objects;
using Mjolnir.Storage.Rows;

namespace Mjolnir.Cli.Verify;

/// <summary>
/// Compares holders of unique values with the rows that have them, while both are written:
/// <code>
/// 1 a snapshot of the store: all holders, and the rows of all tables with unique indexes. It has each transaction as a whole, but of one log more than of another, so what differs is only suspected
/// 2 holder and rows of each suspicion are read again from newer and newer snapshots: what is right in one of them is forgotten
/// 3 what was wrong in all of them, for ten seconds, is a difference: by then every log has stored what was under way at the first
/// </code>
/// Some suspicions at a time, up to those among which there is a difference: where thousands of values are wrong, how many need not be known.
/// </summary>
/// <param name="application">declares the tables</param>
/// <param name="store">the cluster's</param>
/// <param name="time">the clock</param>
/// <param name="atOnce">suspicions that are looked at together</param>
internal sealed class RunningUniqueVerifier(Application application, IObjectStore store, TimeProvider time, int atOnce = CliLimits.UniqueSuspicions)
{
    /// <summary>Verifies all tables with unique indexes.</summary>
    /// <param name="progress">told of a table how many of its rows were read, now and then</param>
    /// <param name="cancellationToken">ends it</param>
    public async Task<IReadOnlyList<VerifiedTable>> RunAsync(Action<string, long> progress, CancellationToken cancellationToken)
    {
        var tables = application.Tables.Values.Where(static table => table.HasUnique).OrderBy(static table => table.Name, StringComparer.Ordinal).ToList();
        if (tables.Count == 0)
        {
            return [];
        }

        var stored = await StoredRows.OpenAsync(store, cancellationToken);
        var holders = await HoldersAsync(stored, cancellationToken);
        var verified = new List<VerifiedTable>();
        foreach (var table in tables)
        {
            var (rows, verifier) = (0L, new UniqueVerifier(application.Name, table, holders));
            var prefix = $"{application.Name}/{table.Name}/";
            await foreach (var row in stored.StreamAsync(key => key.Text.StartsWith(prefix, StringComparison.Ordinal), cancellationToken))
            {
                if (row.Version is { State: RowState.Present, Value: { } value })
                {
                    verifier.Add(row.Key.PrimaryKey, value);
                    progress(table.Name, ++rows);
                }
            }

            var wrong = await FirstConfirmedAsync(table, stored, verifier.Differences(), cancellationToken);
            verified.Add(new VerifiedTable($"unique values of {table.Name}", rows, verifier.Held, 0, wrong.Count, [.. wrong.Take(TableVerifier.Shown).Select(static each => each.Text)]));
        }

        return verified;
    }

    private async Task<Dictionary<RowKey, Document>> HoldersAsync(StoredRows stored, CancellationToken cancellationToken)
    {
        var holders = new Dictionary<RowKey, Document>();
        var prefix = $"{application.Name}/{UniqueState.Table}/";
        await foreach (var row in stored.StreamAsync(key => key.Text.StartsWith(prefix, StringComparison.Ordinal), cancellationToken))
        {
            if (row.Version is { State: RowState.Present, Value: { } value })
            {
                holders[row.Key] = new Document(value.Utf8.ToArray());
            }
        }

        return holders;
    }

    private async Task<List<UniqueDifference>> FirstConfirmedAsync(TableSchema table, StoredRows stored, IEnumerable<UniqueDifference> suspected, CancellationToken cancellationToken)
    {
        foreach (var some in suspected.Chunk(atOnce))
        {
            if (await ConfirmedAsync(table, stored, [.. some], cancellationToken) is { Count: > 0 } wrong)
            {
                return wrong;
            }
        }

        return [];
    }

    private async Task<List<UniqueDifference>> ConfirmedAsync(TableSchema table, StoredRows stored, List<UniqueDifference> suspected, CancellationToken cancellationToken)
    {
        for (var began = time.GetTimestamp(); suspected.Count > 0 && time.GetElapsedTime(began) < CliLimits.UniqueDoubt;)
        {
            await Task.Delay(CliLimits.UniqueLookAgain, time, cancellationToken);
            await stored.RefreshAsync(cancellationToken);
            var left = new List<UniqueDifference>();
            foreach (var each in suspected)
            {
                if (await IsWrongAsync(table, stored, each, cancellationToken))
                {
                    left.Add(each);
                }
            }

            suspected = left;
        }

        return suspected;
    }

    /// <summary>Looks at a value again: at the rows that were suspected, and at the one that holds it now.</summary>
    private async Task<bool> IsWrongAsync(TableSchema table, StoredRows stored, UniqueDifference suspected, CancellationToken cancellationToken)
    {
        var state = UniqueState.Of(await ReadAsync(stored, UniqueState.KeyOf(application.Name, table.Name), cancellationToken));
        if (state.Find(suspected.Index.Identity) is not { Phase: UniquePhase.Ready } index || index.Epoch != suspected.Index.Epoch)
        {
            return false; // it has ended since, and its holders go
        }

        var held = UniqueValue.Holder(await ReadAsync(stored, suspected.Holder, cancellationToken));
        var (count, isHeld) = (0, false);
        foreach (var primaryKey in suspected.Rows.Concat(held is null ? [] : [held]).Distinct(StringComparer.Ordinal))
        {
            var row = RowKey.TryCreate(application.Name, table.Name, primaryKey, out var key) ? await ReadAsync(stored, key, cancellationToken) : null;
            if (UniqueValue.Of(index.Index, row) is { } values && UniqueValue.HolderOf(application.Name, table.Name, index.Index.Name, index.Epoch, values) == suspected.Holder)
            {
                count++;
                isHeld |= primaryKey == held;
            }
        }

        return count > 1 || (count == 1 ? !isHeld : held is not null);
    }

    private static async ValueTask<Document?> ReadAsync(StoredRows stored, RowKey key, CancellationToken cancellationToken) =>
        await stored.FindAsync(key, cancellationToken) is { State: RowState.Present, Value: { } value } ? value : null;
}
