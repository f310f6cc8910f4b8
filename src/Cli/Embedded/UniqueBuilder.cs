using Mjolnir.AppServer.Queries;
using Mjolnir.AppServer.Transactions;
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
internal sealed record UniqueDuplicate(string Table, string Index, string Values, string Key, string Holder)
{
    /// <summary>For people.</summary>
    public string Text => $"table '{Table}' has two rows with {Values}: '{Holder}' and '{Key}' (unique index '{Index}')";
}

/// <summary>
/// Gives the rows that were there before a unique index was declared their holders:
/// <code>
/// 1 the index is announced: transactions that take its values are refused
/// 2 every server knows of it: it is being built
/// 3 all rows, as the index lists them, get their holders, some rows a transaction. One whose value another row holds gets none, and is reported
/// 4 it is ready
/// </code>
/// Step 2 is nothing where there is one process; <see cref="Roles.ClusterUnique"/> takes it in a cluster. Cut short in step 3, it begins that again: a holder that is there stays. Two builders at once do no harm, as each transaction
/// reads the phase and writes what any other one would.
/// </summary>
/// <param name="router">runs the transactions</param>
/// <param name="queries">lists rows; null where no table has indexes, so nothing is built</param>
/// <param name="time">clock and timers</param>
internal sealed class UniqueBuilder(ITransactionRouter router, IndexQueries? queries, TimeProvider time)
{
    /// <summary>Rows looked at so far.</summary>
    public readonly record struct Step(string Table, long Done, long Total);

    /// <summary>From now on these are the unique indexes; those that are new are announced.</summary>
    public async Task DeclareAsync(Application application, CancellationToken cancellationToken)
    {
        foreach (var table in application.Tables.Values)
        {
            await ChangeAsync(application.Name, table.Name, state => state.Declare(table.Indexes), cancellationToken);
        }
    }

    /// <summary>Makes ready what is not. Gives the rows that have no holder.</summary>
    /// <param name="application">the application</param>
    /// <param name="again">look again at those that had duplicates: they may be gone</param>
    /// <param name="progress">told how far it is</param>
    /// <param name="cancellationToken">ends it</param>
    public async Task<IReadOnlyList<UniqueDuplicate>> BuildAsync(Application application, bool again, IProgress<Step> progress, CancellationToken cancellationToken)
    {
        var duplicates = new List<UniqueDuplicate>();
        foreach (var table in application.Tables.Values.Where(table => table.HasUnique))
        {
            await ChangeAsync(application.Name, table.Name, static state => state.Indexes.Where(static index => index.Phase == UniquePhase.Announced).Aggregate(state, static (state, index) => state.Enter(index, UniquePhase.Building)), cancellationToken);
            foreach (var index in (await StateAsync(application.Name, table.Name, cancellationToken)).Indexes.Where(index => IsToBuild(index, again)))
            {
                duplicates.AddRange(await BuildAsync(application.Name, table, index, progress, cancellationToken) ?? []);
            }
        }

        return duplicates;
    }

    /// <summary>True for an index whose rows are to be looked at.</summary>
    /// <param name="index">the index</param>
    /// <param name="again">also if it had duplicates</param>
    public static bool IsToBuild(UniqueIndexState index, bool again) => index.Phase == UniquePhase.Building || (index is { Phase: UniquePhase.Ready, Duplicates: > 0 } && again);

    /// <summary>Looks at all rows of one index, and makes it ready. Null: it is not to be built any more.</summary>
    public async Task<IReadOnlyList<UniqueDuplicate>?> BuildAsync(string app, TableSchema table, UniqueIndexState index, IProgress<Step> progress, CancellationToken cancellationToken)
    {
        var duplicates = new List<UniqueDuplicate>();
        var all = new QueryTerms([], null, index.Index.Columns[0].Name, false);
        if (!TableQuery.TryBind(app, table.Name, table.Indexes, all, out var query))
        {
            throw new Core.InvariantException($"A unique index of table {table.Name} does not list its rows.");
        }

        var total = (await AnswerAsync(query.Total(isFresh: true), cancellationToken)).Count;
        byte[] after = [];
        for (var done = 0L; ;)
        {
            var answer = await AnswerAsync(query.Rows(after, CliLimits.UniqueRowsPerQuestion, isFresh: true), cancellationToken);
            foreach (var chunk in answer.Found.Chunk(CliLimits.SeedRowsPerTransaction))
            {
                if (await HoldAsync(app, table.Name, index, [.. chunk.Select(found => found.PrimaryKey)], cancellationToken) is not { } found)
                {
                    return null;
                }

                duplicates.AddRange(found);
                progress.Report(new Step(table.Name, done += chunk.Length, total));
            }

            if (answer.IsWhole)
            {
                break;
            }

            after = answer.Found[^1].Place;
        }

        await ChangeAsync(
            app,
            table.Name,
            state => Current(state, index) is { } now ? state.Ready(now, duplicates.Count, duplicates.Take(CliLimits.DuplicatesShown).Select(static each => each.Text)) : state,
            cancellationToken);
        return duplicates;
    }

    /// <summary>What is known of a table's unique indexes now.</summary>
    public async Task<UniqueState> StateAsync(string app, string table, CancellationToken cancellationToken)
    {
        var key = UniqueState.KeyOf(app, table);
        for (var began = time.GetTimestamp(); ; await Task.Delay(CliLimits.SeedPause, time, cancellationToken))
        {
            try
            {
                return UniqueState.Of(await router.Beside(key).ReadAsync(key, cancellationToken));
            }
            catch (TimeoutException fault) when (time.GetElapsedTime(began) > CliLimits.SeedPatience)
            {
                throw new FailureException($"the unique indexes of table '{table}' cannot be read: {fault.Message}", null, fault);
            }
            catch (TimeoutException)
            {
                // A part is healing: nothing tells when that is over.
            }
        }
    }

    /// <summary>Changes what is known of a table's unique indexes, as one transaction.</summary>
    public Task ChangeAsync(string app, string table, Func<UniqueState, UniqueState> change, CancellationToken cancellationToken)
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

                var state = UniqueState.Of(row);
                if (change(state) is var next && !ReferenceEquals(next, state))
                {
                    writes.Add(new RowWrite(key, next.ToDocument()));
                }

                return true;
            },
            cancellationToken);
    }

    /// <summary>Runs a step until it is committed.</summary>
    /// <exception cref="FailureException">the server takes no transactions</exception>
    public async Task CommitAsync(ITransactions server, BuiltInStep step, CancellationToken cancellationToken)
    {
        for (var began = time.GetTimestamp(); await server.RunBuiltInAsync(step, cancellationToken) != TransactionStatus.Committed; await Task.Delay(CliLimits.SeedPause, time, cancellationToken))
        {
            if (time.GetElapsedTime(began) > CliLimits.SeedPatience)
            {
                throw new FailureException("the unique indexes could not be made: the server does not take transactions");
            }
        }
    }

    /// <summary>The index as it is now; null if it is not to be built any more, or is another one since a lost queue took back what was known of it.</summary>
    private static UniqueIndexState? Current(UniqueState state, UniqueIndexState index) =>
        state.Find(index.Identity) is { } now && now.Epoch == index.Epoch && now.Phase is UniquePhase.Building or UniquePhase.Ready ? now : null;

    private async Task<IReadOnlyList<UniqueDuplicate>?> HoldAsync(string app, string table, UniqueIndexState index, IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        var duplicates = new List<UniqueDuplicate>();
        var isCurrent = true;
        await CommitAsync(
            router.Beside(KeyOf(app, table, keys[0])),
            (source, writes) =>
            {
                duplicates.Clear();
                if (!source.TryRead(UniqueState.KeyOf(app, table), out var state))
                {
                    return false;
                }

                isCurrent = Current(UniqueState.Of(state), index) is not null;
                return !isCurrent || TryHold(source, app, table, index, keys, writes, duplicates);
            },
            cancellationToken);
        return isCurrent ? duplicates : null;
    }

    private static bool TryHold(IRowSource source, string app, string table, UniqueIndexState index, IReadOnlyList<string> keys, List<RowWrite> writes, List<UniqueDuplicate> duplicates)
    {
        var isComplete = true;
        var held = new Dictionary<RowKey, string>();
        foreach (var key in keys)
        {
            if (!source.TryRead(KeyOf(app, table, key), out var row))
            {
                isComplete = false;
                continue;
            }

            if (UniqueValue.Of(index.Index, row) is not { } values)
            {
                continue;
            }

            var holder = UniqueValue.HolderOf(app, table, index.Index.Name, index.Epoch, values);
            if (!source.TryRead(holder, out var there))
            {
                isComplete = false;
            }
            else if ((held.GetValueOrDefault(holder) ?? UniqueValue.Holder(there)) is { } other)
            {
                if (other != key)
                {
                    duplicates.Add(new UniqueDuplicate(table, index.Index.Name, UniqueValue.Shown(index.Index, values), key, other));
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

    /// <summary>The index is asked until it is built.</summary>
    private async Task<IndexAnswer> AnswerAsync(IndexQuestion question, CancellationToken cancellationToken)
    {
        for (var began = time.GetTimestamp(); ; await Task.Delay(CliLimits.SeedPause, time, cancellationToken))
        {
            var answer = await queries!.AnswerAsync(question, null, cancellationToken);
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
}
