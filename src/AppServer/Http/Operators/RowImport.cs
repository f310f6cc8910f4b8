using Mjolnir.Core.Documents;
using Mjolnir.Core.Keys;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Engine;
using Mjolnir.Scripting.Unique;

namespace Mjolnir.AppServer.Http.Operators;

/// <summary>What becomes of rows that exist already.</summary>
internal enum ExistingRows
{
    /// <summary>A row that exists with other content is reported, and nothing of its transaction is written.</summary>
    Fail,

    /// <summary>They stay as they are.</summary>
    Keep,

    /// <summary>They are replaced.</summary>
    Replace,
}

/// <summary>What an import did.</summary>
/// <param name="Inserted">rows that did not exist</param>
/// <param name="Replaced">rows that had other content</param>
/// <param name="Kept">rows that stay as they were, also because they are the same already: a request asked again finds its own rows so</param>
internal readonly record struct ImportCounts(int Inserted, int Replaced, int Kept)
{
    public static ImportCounts operator +(ImportCounts one, ImportCounts other) =>
        new(one.Inserted + other.Inserted, one.Replaced + other.Replaced, one.Kept + other.Kept);
}

/// <summary>Some rows as one transaction.</summary>
/// <param name="app">the application</param>
/// <param name="table">the table, whose unique indexes are kept</param>
/// <param name="rows">the rows</param>
/// <param name="existing">what becomes of those that exist</param>
internal sealed class RowImport(string app, TableSchema table, IReadOnlyList<RowWrite> rows, ExistingRows existing)
{
    /// <summary>What it did, once committed.</summary>
    public ImportCounts Counts { get; private set; }

    /// <summary>A row that was in the way: then nothing was written.</summary>
    public RowKey? Conflict { get; private set; }

    /// <summary>Why nothing was written, where a unique index is not ready; null otherwise. The same rows may be brought again.</summary>
    public string? NotReady { get; private set; }

    /// <summary>Why nothing was written, where it is a unique index that stood in the way of <see cref="Conflict"/>; null otherwise.</summary>
    public string? Taken { get; private set; }

    /// <summary>The transaction's step; may run several times, the last run counts.</summary>
    public bool Run(IRowSource source, List<RowWrite> writes)
    {
        // All are asked for first, so that what is missing is loaded in one go.
        var present = new Document?[rows.Count];
        var complete = true;
        for (var i = 0; i < rows.Count; i++)
        {
            complete &= source.TryRead(rows[i].Key, out present[i]);
        }

        return complete && Decide(present, writes) && Hold(source, present, writes);
    }

    private bool Hold(IRowSource source, Document?[] present, List<RowWrite> writes)
    {
        NotReady = null;
        if (writes.Count == 0 || (!table.HasUnique && source.KeptColumns(app, table.Name) is { Count: 0 }))
        {
            return true;
        }

        var written = writes.Select(write => write.Key).ToHashSet();
        var changed = rows.Select((row, i) => (row, i)).Where(each => written.Contains(each.row.Key)).Select(each => new ChangedRow(each.row.Key.PrimaryKey, present[each.i], each.row.Value)).ToList();
        switch (UniqueRows.Hold(source, app, table, changed, writes, out _, out var told))
        {
            case UniqueOutcome.Missing:
                return false;
            case UniqueOutcome.Held:
                return true;
            case UniqueOutcome.NotReady:
                (Counts, NotReady) = (default, told);
                writes.Clear();
                return true;
            default:
                (Counts, Conflict, Taken) = (default, rows[0].Key, told);
                writes.Clear();
                return true;
        }
    }

    private bool Decide(Document?[] present, List<RowWrite> writes)
    {
        (Counts, Conflict, Taken) = (default, null, null);
        for (var i = 0; i < rows.Count; i++)
        {
            var row = rows[i];
            if (present[i] is not { } there)
            {
                Counts += new ImportCounts(1, 0, 0);
                writes.Add(row);
            }
            else if (existing == ExistingRows.Keep || there.Equals(row.Value))
            {
                Counts += new ImportCounts(0, 0, 1);
            }
            else if (existing == ExistingRows.Replace)
            {
                Counts += new ImportCounts(0, 1, 0);
                writes.Add(row);
            }
            else
            {
                (Counts, Conflict) = (default, row.Key);
                writes.Clear();
                return true;
            }
        }

        return true;
    }
}
