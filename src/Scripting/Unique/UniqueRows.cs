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

    /// <summary>The holders of the rows that were there before are being written: nobody can tell.</summary>
    NotReady,
}

/// <summary>
/// Keeps unique indexes, in the transaction that writes the rows: each value that a row takes on gets a row that tells who holds it, each that it gives up is free from then on. Pure.
/// </summary>
public static class UniqueRows
{
    /// <summary>Adds to a transaction's writes what its unique indexes need.</summary>
    /// <param name="source">the snapshot</param>
    /// <param name="app">the application</param>
    /// <param name="table">the table</param>
    /// <param name="rows">all its rows that the transaction changes, each once</param>
    /// <param name="writes">what it writes</param>
    /// <param name="missing">the first row that is not known</param>
    /// <param name="told">what is wrong, for people; empty if nothing is</param>
    public static UniqueOutcome Hold(IRowSource source, string app, TableSchema table, IReadOnlyCollection<ChangedRow> rows, List<RowWrite> writes, out RowKey missing, out string told)
    {
        (missing, told) = (default, "");
        foreach (var index in table.Indexes.Indexes.Where(index => index.IsUnique))
        {
            var changed = rows.Select(row => (row.PrimaryKey, Before: UniqueValue.Of(index, row.Before), After: UniqueValue.Of(index, row.After)))
                .Where(static row => !(row.Before ?? []).AsSpan().SequenceEqual(row.After ?? []))
                .ToList();
            if (changed.Count > 0 && Hold(source, app, table, index, changed, writes, ref missing, ref told) is not UniqueOutcome.Held and var outcome)
            {
                return outcome;
            }
        }

        return UniqueOutcome.Held;
    }

    /// <summary>The state of an index that is kept; false, with what to say, if the rows that were there before have no holders yet.</summary>
    public static bool IsReady(Document? state, TableSchema table, IndexDeclaration index, out int epoch, out string told)
    {
        var isKnown = UniqueState.Of(state).Indexes.TryGetValue(index.Name, out var known) && known.IsReady && known.Columns.SequenceEqual(index.Columns.Select(column => column.Name));
        (epoch, told) = isKnown ? (known!.Epoch, "") : (0, $"the unique index '{index.Name}' of table '{table.Name}' is being made from the rows that are there: try again soon");
        return isKnown;
    }

    /// <summary>What is said of a value that another row has.</summary>
    public static string Taken(TableSchema table, IndexDeclaration index, IndexValue[] values) =>
        $"table '{table.Name}' already has a row with {UniqueValue.Shown(index, values)} (unique index '{index.Name}')";

    private static UniqueOutcome Hold(
        IRowSource source, string app, TableSchema table, IndexDeclaration index, List<(string PrimaryKey, IndexValue[]? Before, IndexValue[]? After)> rows, List<RowWrite> writes, ref RowKey missing, ref string told)
    {
        if (!source.TryRead(UniqueState.KeyOf(app, table.Name), out var state))
        {
            missing = UniqueState.KeyOf(app, table.Name);
            return UniqueOutcome.Missing;
        }

        if (!IsReady(state, table, index, out var epoch, out told))
        {
            return UniqueOutcome.NotReady;
        }

        var freed = new HashSet<(RowKey, string)>();
        var taken = new Dictionary<RowKey, (string PrimaryKey, IndexValue[] Values)>();
        foreach (var row in rows)
        {
            if (row.Before is { } before)
            {
                freed.Add((UniqueValue.HolderOf(app, table.Name, index.Name, epoch, before), row.PrimaryKey));
            }

            if (row.After is { } after && !taken.TryAdd(UniqueValue.HolderOf(app, table.Name, index.Name, epoch, after), (row.PrimaryKey, after)))
            {
                told = Taken(table, index, after);
                return UniqueOutcome.Violated;
            }
        }

        return Write(source, freed, taken, writes, ref missing) is { } violated ? Tell(table, index, violated, ref told) : missing == default ? UniqueOutcome.Held : UniqueOutcome.Missing;
    }

    private static UniqueOutcome Tell(TableSchema table, IndexDeclaration index, IndexValue[] values, ref string told)
    {
        told = Taken(table, index, values);
        return UniqueOutcome.Violated;
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
