using Mjolnir.Cli.Embedded;
using Mjolnir.Cli.Transfer;
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
/// Recomputes the indexes of an application from the rows of a data folder:
/// <code>
/// 1 a stack over the folder recovers it, and its indexer builds the indexes; nobody calls it
/// 2 the store has all rows then: they are read once more, and what follows from them is compared with every page of the indexes
/// 3 so are the rows that hold values of unique indexes
/// </code>
/// </summary>
/// <param name="application">declares the indexes</param>
/// <param name="stack">the stack over the folder</param>
/// <param name="store">its store</param>
/// <param name="time">the clock</param>
/// <param name="progress">told of rows read</param>
internal sealed class Verification(Application application, EmbeddedStack stack, IObjectStore store, TimeProvider time, TransferProgress progress)
{
    /// <summary>Looks at all tables.</summary>
    /// <exception cref="FailureException">the indexes cannot be built</exception>
    public async Task<IReadOnlyList<VerifiedTable>> RunAsync(CancellationToken cancellationToken)
    {
        await BuildAsync(cancellationToken);
        var rows = await StoredRows.OpenAsync(store, cancellationToken);
        var holders = new Dictionary<RowKey, Document>();
        await foreach (var (key, _, value) in RowsAsync(rows, UniqueState.Table, cancellationToken))
        {
            holders[key] = value;
        }

        var verified = new List<VerifiedTable>();
        foreach (var table in application.Tables.Values.Where(table => !table.Indexes.IsEmpty).OrderBy(table => table.Name, StringComparer.Ordinal))
        {
            progress.Begin($"rows of {table.Name}", stack.Indexer.Progress.First(each => each.Table == table.Name).Rows);
            var unique = new UniqueVerifier(application.Name, table, holders);
            var verifier = new TableVerifier(stack.IndexPages, table.Name, table.Indexes);
            await foreach (var (key, version, value) in RowsAsync(rows, table.Name, cancellationToken))
            {
                unique.Add(key.PrimaryKey, value);
                verifier.Add(key.PrimaryKey, version, value);
                progress.Add(1);
            }

            var found = await verifier.VerifyAsync(stack.IndexPages.Heads.Newest(table.Name)!, cancellationToken);
            var differences = unique.Differences().Select(static difference => difference.Text).ToList();
            verified.Add(found with { Differences = found.Differences + differences.Count, First = [.. found.First.Concat(differences).Take(TableVerifier.Shown)] });
        }

        return verified;
    }

    private async Task BuildAsync(CancellationToken cancellationToken)
    {
        progress.Begin("indexes, in percent", 100);
        await stack.KeepIndexesAsync(application);
        for (var began = time.GetTimestamp(); !IsBuilt(); await Task.Delay(CliLimits.Redraw, time, cancellationToken))
        {
            if (time.GetElapsedTime(began) > CliLimits.UniquePatience)
            {
                throw new FailureException($"the indexes could not be built: {string.Join("; ", stack.Indexer.Progress.Select(table => $"{table.Table} {table.Text}"))}");
            }
        }
    }

    private bool IsBuilt() => application.Tables.Values.Where(table => !table.Indexes.IsEmpty).All(table => stack.IndexPages.Heads.Newest(table.Name) is { } head && head.Declared == table.Indexes.Declared);

    private async IAsyncEnumerable<(RowKey Key, long Version, Document Value)> RowsAsync(StoredRows rows, string table, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var prefix = $"{application.Name}/{table}/";
        await foreach (var row in rows.StreamAsync(key => key.Text.StartsWith(prefix, StringComparison.Ordinal), cancellationToken))
        {
            if (row.Version is { State: RowState.Present, Value: { } value })
            {
                yield return (row.Key, row.Version.Version, new Document(value.Utf8.ToArray()));
            }
        }
    }
}
