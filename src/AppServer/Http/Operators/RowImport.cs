using Mjolnir.Core.Documents;
using Mjolnir.Core.Keys;
using Mjolnir.Scripting.Engine;

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
internal sealed class RowImport(IReadOnlyList<RowWrite> rows, ExistingRows existing)
{
    /// <summary>What it did, once committed.</summary>
    public ImportCounts Counts { get; private set; }

    /// <summary>A row that was in the way: then nothing was written.</summary>
    public RowKey? Conflict { get; private set; }

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

        return complete && Decide(present, writes);
    }

    private bool Decide(Document?[] present, List<RowWrite> writes)
    {
        (Counts, Conflict) = (default, null);
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
