using Mjolnir.AppServer.Queries;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Core.Indexes;
using Mjolnir.Core.Indexes.Queries;
using Mjolnir.Core.Keys;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Engine;
using Mjolnir.Scripting.Unique;

namespace Mjolnir.Cli.Embedded;

/// <summary>Two rows that had one value before their unique index was declared.</summary>
/// <param name="Table">the table</param>
/// <param name="Index">the index</param>
/// <param name="Values">the value, for people</param>
/// <param name="Key">the row without a holder</param>
/// <param name="Holder">the row that holds the value</param>
internal sealed record UniqueDuplicate(string Table, string Index, string Values, string Key, string Holder);

/// <summary>
/// Gives the rows that were there before a unique index was declared their holders:
/// <code>
/// 1 the index is noted as not ready: transactions that change its values are refused
/// 2 all rows, as the index lists them, get their holders, some rows a transaction. One whose value another row holds gets none, and is reported
/// 3 it is noted as ready
/// </code>
/// Cut short, it begins again with the next start.
/// </summary>
internal sealed class UniqueBuilder(ITransactionRouter router, IndexQueries queries, TimeProvider time)
{
    /// <summary>Rows looked at so far.</summary>
    public readonly record struct Step(string Table, long Done, long Total);

    /// <summary>From now on these are the unique indexes; those that are new are not ready.</summary>
    /// <param name="application">the application</param>
    /// <param name="isStart">begin those again that had duplicates: they may be gone</param>
    /// <param name="cancellationToken">ends it</param>
    public async Task DeclareAsync(Application application, bool isStart, CancellationToken cancellationToken)
    {
        foreach (var table in application.Tables.Values)
        {
            await ChangeAsync(application.Name, table.Name, state => state.Declare(table.Indexes, isStart), cancellationToken);
        }
    }

    /// <summary>Makes ready what is not. Gives the rows that have no holder.</summary>
    public async Task<IReadOnlyList<UniqueDuplicate>> BuildAsync(Application application, IProgress<Step> progress, CancellationToken cancellationToken)
    {
        var duplicates = new List<UniqueDuplicate>();
        foreach (var table in application.Tables.Values.Where(table => table.HasUnique))
        {
            var state = await StateAsync(application.Name, table.Name, cancellationToken);
            foreach (var index in table.Indexes.Indexes.Where(index => index.IsUnique && !state.Indexes[index.Name].IsReady))
            {
                var found = await BuildAsync(application.Name, table, index, state.Indexes[index.Name].Epoch, progress, cancellationToken);
                await ChangeAsync(application.Name, table.Name, now => now.Ready(index.Name, found.Count), cancellationToken);
                duplicates.AddRange(found);
            }
        }

        return duplicates;
    }

    private async Task<List<UniqueDuplicate>> BuildAsync(string app, TableSchema table, IndexDeclaration index, int epoch, IProgress<Step> progress, CancellationToken cancellationToken)
    {
        var duplicates = new List<UniqueDuplicate>();
        var all = new QueryTerms([], null, index.Columns[0].Name, index.Columns[0].Descending);
        Core.Invariant.Require(TableQuery.TryBind(app, table.Name, table.Indexes, all, out var query), "A unique index does not list its rows.");
        var total = (await AnswerAsync(query.Total(isFresh: true), cancellationToken)).Count;
        byte[] after = [];
        for (var done = 0L; ;)
        {
            var answer = await AnswerAsync(query.Rows(after, CliLimits.UniqueRowsPerQuestion, isFresh: true), cancellationToken);
            foreach (var chunk in answer.Found.Chunk(CliLimits.SeedRowsPerTransaction))
            {
                duplicates.AddRange(await HoldAsync(app, table, index, epoch, [.. chunk.Select(found => found.PrimaryKey)], cancellationToken));
                progress.Report(new Step(table.Name, done += chunk.Length, total));
            }

            if (answer.IsWhole)
            {
                return duplicates;
            }

            after = answer.Found[^1].Place;
        }
    }

    private async Task<IReadOnlyList<UniqueDuplicate>> HoldAsync(string app, TableSchema table, IndexDeclaration index, int epoch, IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        var duplicates = new List<UniqueDuplicate>();
        await CommitAsync(
            router.Beside(KeyOf(app, table.Name, keys[0])),
            (source, writes) =>
            {
                duplicates.Clear();
                return TryHold(source, app, table, index, epoch, keys, writes, duplicates);
            },
            cancellationToken);
        return duplicates;
    }

    private static bool TryHold(IRowSource source, string app, TableSchema table, IndexDeclaration index, int epoch, IReadOnlyList<string> keys, List<RowWrite> writes, List<UniqueDuplicate> duplicates)
    {
        var isComplete = true;
        var held = new Dictionary<RowKey, string>();
        foreach (var key in keys)
        {
            if (!source.TryRead(KeyOf(app, table.Name, key), out var row))
            {
                isComplete = false;
                continue;
            }

            if (UniqueValue.Of(index, row) is not { } values)
            {
                continue;
            }

            var holder = UniqueValue.HolderOf(app, table.Name, index.Name, epoch, values);
            if (!source.TryRead(holder, out var there))
            {
                isComplete = false;
            }
            else if ((held.GetValueOrDefault(holder) ?? UniqueValue.Holder(there)) is { } other)
            {
                if (other != key)
                {
                    duplicates.Add(new UniqueDuplicate(table.Name, index.Name, UniqueValue.Shown(index, values), key, other));
                }
            }
            else
            {
                held[holder] = key;
                writes.Add(new RowWrite(holder, UniqueValue.HeldBy(key)));
            }
        }

        return isComplete;
    }

    private static RowKey KeyOf(string app, string table, string primaryKey) =>
        RowKey.TryCreate(app, table, primaryKey, out var key) ? key : throw new Core.InvariantException($"An index of table {table} names a row that cannot be.");

    private async Task<UniqueState> StateAsync(string app, string table, CancellationToken cancellationToken)
    {
        var key = UniqueState.KeyOf(app, table);
        return UniqueState.Of(await router.Beside(key).ReadAsync(key, cancellationToken));
    }

    private Task ChangeAsync(string app, string table, Func<UniqueState, UniqueState> change, CancellationToken cancellationToken)
    {
        var key = UniqueState.KeyOf(app, table);
        return CommitAsync(
            router.Beside(key),
            (source, writes) =>
            {
                if (!source.TryRead(key, out var row))
                {
                    return false;
                }

                var next = change(UniqueState.Of(row)).ToDocument();
                if (row is null ? UniqueState.Of(next).Indexes.Count > 0 : !row.Equals(next))
                {
                    writes.Add(new RowWrite(key, next));
                }

                return true;
            },
            cancellationToken);
    }

    /// <summary>The index is asked until it is built.</summary>
    private async Task<IndexAnswer> AnswerAsync(IndexQuestion question, CancellationToken cancellationToken)
    {
        for (var began = time.GetTimestamp(); ; await Task.Delay(CliLimits.SeedPause, time, cancellationToken))
        {
            var answer = await queries.AnswerAsync(question, null, cancellationToken);
            if (answer.Refusal is null)
            {
                return answer;
            }

            if (time.GetElapsedTime(began) > CliLimits.UniquePatience)
            {
                throw new FailureException($"the unique indexes of table '{question.Table}' could not be made: {answer.Refusal}");
            }
        }
    }

    private async Task CommitAsync(ITransactions server, BuiltInStep step, CancellationToken cancellationToken)
    {
        for (var began = time.GetTimestamp(); await server.RunBuiltInAsync(step, cancellationToken) != TransactionStatus.Committed; await Task.Delay(CliLimits.SeedPause, time, cancellationToken))
        {
            if (time.GetElapsedTime(began) > CliLimits.SeedPatience)
            {
                throw new FailureException("the unique indexes could not be made: the server does not take transactions");
            }
        }
    }
}
