using Mjolnir.Core.Documents;
using Mjolnir.Core.Indexes;
using Mjolnir.Core.Keys;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Unique;

namespace Mjolnir.Cli.Verify;

/// <summary>Compares the rows that tell who holds a value of a unique index with the rows that have it.</summary>
/// <param name="app">the application</param>
/// <param name="table">the table</param>
/// <param name="holders">all rows of the system's table of holders</param>
internal sealed class UniqueVerifier(string app, TableSchema table, IReadOnlyDictionary<RowKey, Document> holders)
{
    private readonly UniqueState _state = UniqueState.Of(holders.GetValueOrDefault(UniqueState.KeyOf(app, table.Name)));
    private readonly Dictionary<RowKey, (string Text, List<string> Rows)> _taken = [];

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
                    _taken[holder] = taken = ($"unique index {index.Name}: {UniqueValue.Shown(index, values)}", []);
                }

                taken.Rows.Add(primaryKey);
            }
        }
    }

    /// <summary>What is not as it should be: a value that several rows have, or that none holds though a row has it, or that a row holds which has it not.</summary>
    public IEnumerable<string> Differences()
    {
        foreach (var (holder, (text, rows)) in _taken)
        {
            if (rows.Count > 1)
            {
                yield return $"{text} have {rows.Count} rows: '{string.Join("', '", rows.Take(3))}'{(rows.Count > 3 ? "…" : "")}";
            }

            if (UniqueValue.Holder(holders.GetValueOrDefault(holder)) is not { } held || !rows.Contains(held))
            {
                yield return $"{text} of row '{rows[0]}' is not held by it";
            }
        }

        foreach (var index in table.Indexes.Indexes.Where(index => index.IsUnique && IsReady(index)))
        {
            var prefix = UniqueValue.HolderOf(app, table.Name, index.Name, EpochOf(index), []).PrimaryKey;
            foreach (var (key, row) in holders.Where(row => row.Key.PrimaryKey.StartsWith(prefix, StringComparison.Ordinal) && !_taken.ContainsKey(row.Key)))
            {
                yield return $"unique index {index.Name}: row '{UniqueValue.Holder(row)}' holds a value that it has not ({key.PrimaryKey[prefix.Length..]})";
            }
        }
    }

    private bool IsReady(IndexDeclaration index) => Known(index)?.Phase == UniquePhase.Ready;

    private int EpochOf(IndexDeclaration index) => Known(index)!.Epoch;

    private UniqueIndexState? Known(IndexDeclaration index) => _state.Find(UniqueIndexState.IdentityOf(index));
}
