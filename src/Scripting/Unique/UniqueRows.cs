using System.Text;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Indexes;
using Mjolnir.Core.Keys;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Engine;

namespace Mjolnir.Scripting.Unique;

/// <summary>A row that a transaction changes.</summary>
/// <param name="PrimaryKey">its primary key</param>
/// <param name="Before">as it was; null if there was none</param>
/// <param name="After">as it shall be; null if it is removed</param>
public readonly record struct ChangedRow(string PrimaryKey, Document? Before, Document? After);

/// <summary>Whether a transaction may write its rows.</summary>
public enum UniqueOutcome
{
    /// <summary>It may; the holders' rows are among its writes.</summary>
    Held,

    /// <summary>A row is not known yet: the run ends, and is made again.</summary>
    Missing,

    /// <summary>Another row has one of the values.</summary>
    Violated,

    /// <summary>The holders of the rows that were there before are not all written: nobody can tell.</summary>
    NotReady,
}

/// <summary>
/// Keeps unique indexes, in the transaction that writes the rows: each value that a row takes on gets a row that tells who holds it, each that it gives up is free from then on. Which indexes are kept says
/// the row of <see cref="UniqueState"/>, whatever the application declares. Pure.
/// <code>
/// an index that is      a value is taken                                       a value is given up
/// declared, no more     refused, until it is ready                             —
/// announced             refused; where it is not declared, without a holder    —
/// building, ending      refused                                                its holder goes
/// ready                 its holder is written, unless another row has it       its holder goes
/// </code>
/// Whoever takes a value without a holder writes the state's row too, as it is: so it is over, and durable, before the index is built.
/// </summary>
public static class UniqueRows
{
    /// <summary>Adds to a transaction's writes what the unique indexes of its rows need.</summary>
    /// <param name="source">the snapshot</param>
    /// <param name="app">the application</param>
    /// <param name="table">the table</param>
    /// <param name="rows">all its rows that the transaction changes, each once</param>
    /// <param name="writes">what it writes</param>
    /// <param name="missing">the first row that is not known</param>
    /// <param name="told">what is wrong, for people; empty if nothing is</param>
    /// <param name="isSeed">its rows belong to what is there before the index is built: they are written while it is not being built yet</param>
    public static UniqueOutcome Hold(
        IRowSource source, string app, TableSchema table, IReadOnlyCollection<ChangedRow> rows, List<RowWrite> writes, out RowKey missing, out string told, bool isSeed = false)
    {
        (missing, told) = (default, "");
        if (source.KeptColumns(app, table.Name) is { } kept && !IsTouched(table, rows, kept))
        {
            return UniqueOutcome.Held;
        }

        var key = UniqueState.KeyOf(app, table.Name);
        if (!source.TryRead(key, out var row))
        {
            missing = key;
            return UniqueOutcome.Missing;
        }

        var state = UniqueState.Of(row);
        var declared = table.Indexes.Indexes.Where(static index => index.IsUnique).ToDictionary(UniqueIndexState.IdentityOf, StringComparer.Ordinal);
        var isOutside = false;
        foreach (var index in state.Indexes)
        {
            var outcome = HoldOne(source, app, table, index, rows, writes, declared.Remove(index.Identity) && !isSeed, ref isOutside, ref missing, ref told);
            if (outcome != UniqueOutcome.Held)
            {
                return outcome;
            }
        }

        foreach (var index in declared.Values.Where(index => Takes(index, rows)))
        {
            isOutside = true;
            if (!isSeed)
            {
                told = NotReady(table, index.Name, null);
                return UniqueOutcome.NotReady;
            }
        }

        if (isOutside)
        {
            writes.Add(new RowWrite(key, row ?? UniqueState.None.ToDocument()));
        }

        return UniqueOutcome.Held;
    }

    /// <summary>The epoch of an index whose values can be taken; false, with what to say, if they cannot.</summary>
    public static bool IsReady(Document? state, TableSchema table, IndexDeclaration index, out int epoch, out string told)
    {
        var known = UniqueState.Of(state).Find(UniqueIndexState.IdentityOf(index));
        var isReady = known?.Phase == UniquePhase.Ready;
        (epoch, told) = isReady ? (known!.Epoch, "") : (0, NotReady(table, index.Name, known?.Phase));
        return isReady;
    }

    /// <summary>What is said of a value that another row has.</summary>
    public static string Taken(TableSchema table, IndexDeclaration index, IndexValue[] values) =>
        $"table '{table.Name}' already has a row with {UniqueValue.Shown(index, values)} (unique index '{index.Name}')";

    private static string NotReady(TableSchema table, string index, UniquePhase? phase) => phase == UniquePhase.Announced
        ? $"the unique index '{index}' of table '{table.Name}' is made when every server knows of it: try again soon"
        : $"the unique index '{index}' of table '{table.Name}' is being made from the rows that are there: try again soon";

    /// <summary>True if a value changes that an index may be about.</summary>
    private static bool IsTouched(TableSchema table, IReadOnlyCollection<ChangedRow> rows, IReadOnlySet<string> kept)
    {
        if (table.HasUnique && table.Indexes.Indexes.Any(index => index.IsUnique && rows.Any(row => !IsSame(UniqueValue.Of(index, row.Before), UniqueValue.Of(index, row.After)))))
        {
            return true;
        }

        if (kept.Count == 0)
        {
            return false;
        }

        var names = kept.Select(Encoding.UTF8.GetBytes).ToList();
        return rows.Any(row => row.Before is null || row.After is null || !RowValues.Read(row.Before, names).AsSpan().SequenceEqual(RowValues.Read(row.After, names)));
    }

    private static bool IsSame(IndexValue[]? one, IndexValue[]? other) => one is null || other is null ? one == other : one.AsSpan().SequenceEqual(other);

    private static bool Takes(IndexDeclaration index, IReadOnlyCollection<ChangedRow> rows) =>
        rows.Any(row => UniqueValue.Of(index, row.After) is { } after && !IsSame(UniqueValue.Of(index, row.Before), after));

    private static UniqueOutcome HoldOne(
        IRowSource source, string app, TableSchema table, UniqueIndexState state, IReadOnlyCollection<ChangedRow> rows, List<RowWrite> writes, bool isWanted, ref bool isOutside, ref RowKey missing, ref string told)
    {
        var changed = rows.Select(row => (row.PrimaryKey, Before: UniqueValue.Of(state.Index, row.Before), After: UniqueValue.Of(state.Index, row.After)))
            .Where(static row => !IsSame(row.Before, row.After))
            .ToList();
        var takes = changed.Exists(static row => row.After is not null);
        switch (state.Phase)
        {
            case UniquePhase.Announced when !takes || !isWanted:
                isOutside |= takes;
                return UniqueOutcome.Held;
            case UniquePhase.Ready:
                break;
            default:
                if (takes)
                {
                    told = NotReady(table, state.Index.Name, state.Phase);
                    return UniqueOutcome.NotReady;
                }

                break;
        }

        return changed.Count == 0 ? UniqueOutcome.Held : Change(source, app, table, state, changed, writes, ref missing, ref told);
    }

    private static UniqueOutcome Change(
        IRowSource source, string app, TableSchema table, UniqueIndexState state, List<(string PrimaryKey, IndexValue[]? Before, IndexValue[]? After)> rows, List<RowWrite> writes, ref RowKey missing, ref string told)
    {
        var freed = new HashSet<(RowKey, string)>();
        var taken = new Dictionary<RowKey, (string PrimaryKey, IndexValue[] Values)>();
        foreach (var row in rows)
        {
            if (row.Before is { } before)
            {
                freed.Add((UniqueValue.HolderOf(app, table.Name, state.Index.Name, state.Epoch, before), row.PrimaryKey));
            }

            if (row.After is { } after && !taken.TryAdd(UniqueValue.HolderOf(app, table.Name, state.Index.Name, state.Epoch, after), (row.PrimaryKey, after)))
            {
                told = Taken(table, state.Index, after);
                return UniqueOutcome.Violated;
            }
        }

        if (Write(source, freed, taken, writes, ref missing) is { } violated)
        {
            told = Taken(table, state.Index, violated);
            return UniqueOutcome.Violated;
        }

        return missing == default ? UniqueOutcome.Held : UniqueOutcome.Missing;
    }

    /// <summary>The values that another row has, if there are such.</summary>
    private static IndexValue[]? Write(IRowSource source, HashSet<(RowKey Holder, string PrimaryKey)> freed, Dictionary<RowKey, (string PrimaryKey, IndexValue[] Values)> taken, List<RowWrite> writes, ref RowKey missing)
    {
        // All are asked for first, so that what is missing is loaded in one go.
        foreach (var key in freed.Select(static each => each.Holder).Concat(taken.Keys))
        {
            if (!source.TryRead(key, out _) && missing == default)
            {
                missing = key;
            }
        }

        if (missing != default)
        {
            return null;
        }

        foreach (var (key, row) in taken)
        {
            source.TryRead(key, out var there);
            var holder = UniqueValue.Holder(there);
            if (holder is not null && holder != row.PrimaryKey && !freed.Contains((key, holder)))
            {
                return row.Values;
            }

            if (holder != row.PrimaryKey)
            {
                writes.Add(new RowWrite(key, UniqueValue.HeldBy(row.PrimaryKey)));
            }
        }

        foreach (var (key, primaryKey) in freed)
        {
            // A value that two rows had before the index was declared is held by the other one: it stays.
            source.TryRead(key, out var there);
            if (!taken.ContainsKey(key) && UniqueValue.Holder(there) == primaryKey)
            {
                writes.Add(new RowWrite(key, null));
            }
        }

        return null;
    }
}
