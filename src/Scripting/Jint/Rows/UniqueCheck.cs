using Mjolnir.Core.Documents;
using Mjolnir.Core.Indexes;
using Mjolnir.Core.Keys;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Values;
using Mjolnir.Scripting.Unique;

namespace Mjolnir.Scripting.Jint.Rows;

/// <summary>
/// Tells at once, at <c>insert</c> and <c>update</c>, that another row has a value of a unique index: an error that the handler may catch. What a handler assigns to a row's columns is
/// looked at when the run ends (<see cref="UniqueRows"/>), which finds everything.
/// </summary>
/// <param name="realm">the run's</param>
/// <param name="app">the application</param>
/// <param name="read">reads a row</param>
/// <param name="known">a row of a table as the run has it by now; false if it has not looked at it</param>
internal sealed class UniqueCheck(Realm realm, string app, Func<RowKey, Document?> read, UniqueCheck.KnownRow known)
{
    private readonly Dictionary<RowKey, string> _taken = [];

    /// <summary>A row as the run has it.</summary>
    public delegate bool KnownRow(TableSchema table, string primaryKey, out RowObject? row);

    /// <summary>Throws, for the script, if another row has what this one shall have.</summary>
    /// <param name="table">the table</param>
    /// <param name="primaryKey">the row's key</param>
    /// <param name="row">the row as it shall be</param>
    /// <param name="before">its columns before this change; null if it is inserted. Values that stay are not looked at</param>
    public void Require(TableSchema table, string primaryKey, RowObject row, Slot[]? before)
    {
        foreach (var index in table.Indexes.Indexes)
        {
            if (!index.IsUnique || ValuesOf(table, index, row.Columns.ToArray()) is not { } values || (before is not null && ValuesOf(table, index, before) is { } old && old.AsSpan().SequenceEqual(values)))
            {
                continue;
            }

            if (!UniqueRows.IsReady(read(UniqueState.KeyOf(app, table.Name)), table, index, out var epoch, out var told))
            {
                throw realm.Abort(told, Engine.AbortKind.NotReady);
            }

            var holder = UniqueValue.HolderOf(app, table.Name, index.Name, epoch, values);
            if (Has(table, index, UniqueValue.Holder(read(holder)), primaryKey, values) || Has(table, index, _taken.GetValueOrDefault(holder), primaryKey, values))
            {
                throw realm.UserError(UniqueRows.Taken(table, index, values));
            }

            _taken[holder] = primaryKey;
        }
    }

    /// <summary>True if another row has the values, unless this run has changed it.</summary>
    private bool Has(TableSchema table, IndexDeclaration index, string? other, string primaryKey, IndexValue[] values) =>
        other is not null && other != primaryKey
        && (!known(table, other, out var row) || (row is not null && ValuesOf(table, index, row.Columns.ToArray()) is { } now && now.AsSpan().SequenceEqual(values)));

    private static IndexValue[]? ValuesOf(TableSchema table, IndexDeclaration index, Slot[] columns)
    {
        var values = QueryValues.Of(table, columns);
        return UniqueValue.Of(index, [.. index.Columns.Select(column => values(column.Name))]);
    }
}
