using Mjolnir.AppServer.Transactions;
using Mjolnir.Core;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Keys;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Engine;
using Mjolnir.Scripting.Unique;

namespace Mjolnir.Cli.Embedded;

/// <summary>
/// Inserts an application's seed rows when it meets its data for the first time, table by table. A table's mark is written last: a start that was cut short begins
/// again, and rows that are there already are left as they are. A table that has its mark is never seeded again, whatever its file says: each transaction reads it, so that one who seeds and was taken for dead
/// brings nothing back that was removed since.
/// </summary>
internal sealed class Seeder(ITransactionRouter router, TimeProvider time)
{
    private const string MarkTable = "_seed";

    /// <summary>Rows to insert and inserted so far.</summary>
    public readonly record struct Step(string Table, int Done, int Total);

    /// <summary>True if every table that has seeds was seeded.</summary>
    public async Task<bool> IsDoneAsync(Application application, CancellationToken cancellationToken)
    {
        foreach (var (table, _) in application.Seeds)
        {
            var mark = MarkOf(application, table);
            if (await router.Beside(mark).ReadAsync(mark, cancellationToken) is null)
            {
                return false;
            }
        }

        return true;
    }

    public async Task RunAsync(Application application, IProgress<Step> progress, CancellationToken cancellationToken)
    {
        foreach (var (table, rows) in application.Seeds)
        {
            var mark = MarkOf(application, table);
            if (await router.Beside(mark).ReadAsync(mark, cancellationToken) is null)
            {
                await SeedAsync(application.Name, application.Tables[table], mark, rows, progress, cancellationToken);
                var document = Document.FromText($$"""{"rows":{{rows.Count}}}""");
                await CommitAsync(router.Beside(mark), null, mark, [new RowWrite(mark, document)], cancellationToken);
            }
        }
    }

    private static RowKey MarkOf(Application application, string table) =>
        RowKey.TryCreate(application.Name, MarkTable, table, out var mark) ? mark : throw new FailureException($"the name of the table '{table}' is too long to be seeded");

    private async Task SeedAsync(string app, TableSchema table, RowKey mark, IReadOnlyList<SeedRow> rows, IProgress<Step> progress, CancellationToken cancellationToken)
    {
        using var places = new SemaphoreSlim(CliLimits.SeedTransactionsInFlight);
        var done = 0;
        var running = new List<Task>();
        try
        {
            foreach (var (server, chunk) in Chunks(app, table.Name, rows))
            {
                await places.WaitAsync(cancellationToken);
                running.RemoveAll(task => task.IsCompletedSuccessfully);
                running.Add(CommitChunkAsync(server, chunk));
            }
        }
        finally
        {
            await Task.WhenAll(running).ToItsEnd();
        }

        await Task.WhenAll(running);

        async Task CommitChunkAsync(ITransactions server, IReadOnlyList<RowWrite> chunk)
        {
            try
            {
                await CommitAsync(server, table, mark, chunk, cancellationToken);
                progress.Report(new Step(table.Name, Interlocked.Add(ref done, chunk.Count), rows.Count));
            }
            finally
            {
                places.Release();
            }
        }
    }

    /// <summary>Rows that lie beside the same server go together, so that a transaction stays on one shard.</summary>
    private IEnumerable<(ITransactions Server, IReadOnlyList<RowWrite> Rows)> Chunks(string app, string table, IReadOnlyList<SeedRow> rows)
    {
        var open = new Dictionary<ITransactions, List<RowWrite>>();
        foreach (var row in rows)
        {
            if (!RowKey.TryCreate(app, table, row.Key, out var key))
            {
                throw new FailureException($"the key '{row.Key}' of table '{table}' is too long");
            }

            var server = router.Beside(key);
            if (!open.TryGetValue(server, out var chunk))
            {
                open[server] = chunk = new List<RowWrite>(CliLimits.SeedRowsPerTransaction);
            }

            chunk.Add(new RowWrite(key, new Document(row.Json)));
            if (chunk.Count == CliLimits.SeedRowsPerTransaction)
            {
                yield return (server, chunk);
                open.Remove(server);
            }
        }

        foreach (var (server, chunk) in open)
        {
            yield return (server, chunk);
        }
    }

    private async Task CommitAsync(ITransactions server, TableSchema? table, RowKey mark, IReadOnlyList<RowWrite> rows, CancellationToken cancellationToken)
    {
        var (outcome, told) = (UniqueOutcome.Held, "");
        var began = time.GetTimestamp();
        while (await server.RunBuiltInAsync((source, writes) => InsertAbsent(source, table, mark, rows, writes, out outcome, out told), cancellationToken) != TransactionStatus.Committed || outcome == UniqueOutcome.NotReady)
        {
            // A unique index that is being built has its own patience, and tells how far it is.
            if (time.GetElapsedTime(began) > (outcome == UniqueOutcome.NotReady ? CliLimits.UniquePatience : CliLimits.SeedPatience))
            {
                throw new FailureException($"the seed rows could not be written: {(outcome == UniqueOutcome.NotReady ? told : "the server does not take transactions")}");
            }

            // Refused for load or for a log being renewed: nothing tells when that is over.
            await Task.Delay(CliLimits.SeedPause, time, cancellationToken);
        }

        if (outcome == UniqueOutcome.Violated)
        {
            throw new FailureException($"the seed rows could not be written: {told}", "Repair the seed file, or the rows.");
        }
    }

    private static bool InsertAbsent(IRowSource source, TableSchema? table, RowKey mark, IReadOnlyList<RowWrite> rows, List<RowWrite> writes, out UniqueOutcome outcome, out string told)
    {
        (outcome, told) = (UniqueOutcome.Held, "");
        if (!source.TryRead(mark, out var done))
        {
            return false;
        }

        if (done is not null)
        {
            return true;
        }

        foreach (var row in rows)
        {
            if (!source.TryRead(row.Key, out var present))
            {
                return false;
            }

            if (present is null)
            {
                writes.Add(row);
            }
        }

        if (table is null || writes.Count == 0)
        {
            return true;
        }

        outcome = UniqueRows.Hold(source, rows[0].Key.App, table, [.. writes.Select(write => new ChangedRow(write.Key.PrimaryKey, null, write.Value))], writes, out _, out told, isSeed: true);
        if (outcome is UniqueOutcome.Violated or UniqueOutcome.NotReady)
        {
            writes.Clear();
        }

        return outcome != UniqueOutcome.Missing;
    }
}
