using Mjolnir.Core.Documents;
using Mjolnir.Core.Indexes;
using Mjolnir.Core.Keys;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Unique;

namespace Mjolnir.Cli.Verify;

/// <summary>A value whose holder and rows do not say the same.</summary>
/// <param name="Index">the unique index</param>
/// <param name="Holder">the holder's key</param>
/// <param name="Rows">rows that have the value, or the one that is said to</param>
/// <param name="Text">for people</param>
internal sealed record UniqueDifference(UniqueIndexState Index, RowKey Holder, IReadOnlyList<string> Rows, string Text);

/// <summary>Compares the rows that tell who holds a value of a unique index with the rows that have it.</summary>
/// <param name="app">the application</param>
/// <param name="table">the table</param>
/// <param name="holders">all rows of the system's table of holders</param>
internal sealed class UniqueVerifier(string app, TableSchema table, IReadOnlyDictionary<RowKey, Document> holders)
{
    private readonly UniqueState _state = UniqueState.Of(holders.GetValueOrDefault(UniqueState.KeyOf(app, table.Name)));
    private readonly Dictionary<RowKey, (UniqueIndexState Index, string Text, List<string> Rows)> _taken = [];

    /// <summary>Values that rows have.</summary>
    public int Held => _taken.Count;

    /// <summary>Takes in a row, each once.</summary>
    public void Add(string primaryKey, Document row)
    {
        foreach (var index in table.Indexes.Indexes.Where(index => index.IsUnique && IsReady(index)))
        {
            if (UniqueValue.Of(index, row) is { } values)
            {
                var holder = UniqueValue.HolderOf(app, table.Name, index.Name, EpochOf(index), values);
                if (!_taken.TryGetValue(holder, out var taken))
                {
                    _taken[holder] = taken = (Known(index)!, $"unique index {index.Name}: {UniqueValue.Shown(index, values)}", []);
                }

                taken.Rows.Add(primaryKey);
            }
        }
    }

    /// <summary>What is not as it should be: a value that several rows have, or that none holds though a row has it, or that a row holds which has it not.</summary>
    public IEnumerable<UniqueDifference> Differences()
    {
        foreach (var (holder, (index, text, rows)) in _taken)
        {
            if (rows.Count > 1)
            {
                yield return new UniqueDifference(index, holder, rows, $"{text} have {rows.Count} rows: '{string.Join("', '", rows.Take(3))}'{(rows.Count > 3 ? "…" : "")}");
            }

            if (UniqueValue.Holder(holders.GetValueOrDefault(holder)) is not { } held || !rows.Contains(held))
            {
                yield return new UniqueDifference(index, holder, rows, $"{text} of row '{rows[0]}' is not held by it");
            }
        }

        foreach (var index in table.Indexes.Indexes.Where(index => index.IsUnique && IsReady(index)))
        {
            var prefix = UniqueValue.HolderOf(app, table.Name, index.Name, EpochOf(index), []).PrimaryKey;
            foreach (var (key, row) in holders.Where(row => row.Key.PrimaryKey.StartsWith(prefix, StringComparison.Ordinal) && !_taken.ContainsKey(row.Key)))
            {
                yield return new UniqueDifference(Known(index)!, key, UniqueValue.Holder(row) is { } held ? [held] : [], $"unique index {index.Name}: row '{UniqueValue.Holder(row)}' holds a value that it has not ({key.PrimaryKey[prefix.Length..]})");
            }
        }
    }

    private bool IsReady(IndexDeclaration index) => Known(index)?.Phase == UniquePhase.Ready;

    private int EpochOf(IndexDeclaration index) => Known(index)!.Epoch;

    private UniqueIndexState? Known(IndexDeclaration index) => _state.Find(UniqueIndexState.IdentityOf(index));
}
