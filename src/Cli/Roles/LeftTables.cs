using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Unique;

namespace Mjolnir.Cli.Roles;

/// <summary>Finds tables that have unique indexes, or holders left of some, and are not in the application any more: nobody writes their rows, so nothing but the store tells of them.</summary>
/// <param name="application">the application</param>
/// <param name="rows">the store's rows</param>
internal sealed class LeftTables(Application application, ClusterRows rows)
{
    private readonly string _prefix = $"{application.Name}/{UniqueState.Table}/";

    /// <summary>Their names.</summary>
    public async Task<IReadOnlyList<string>> FindAsync(CancellationToken cancellationToken)
    {
        await rows.RefreshAsync(cancellationToken);
        var found = new List<string>();
        await foreach (var row in rows.StreamAsync(key => IsState(key) || IsBehind(key), cancellationToken))
        {
            // Rows come in the order of their keys: those of other tables need not be read.
            if (IsBehind(row.Key))
            {
                break;
            }

            if (row.Version is { State: RowState.Present, Value: { } value } && !UniqueState.Of(value).IsEmpty)
            {
                found.Add(row.Key.PrimaryKey);
            }
        }

        return found;
    }

    private bool IsState(RowKey key) => key.Text.StartsWith(_prefix, StringComparison.Ordinal) && UniqueState.TableOf(key) is { } table && !application.Tables.ContainsKey(table);

    private bool IsBehind(RowKey key) => string.CompareOrdinal(key.Text, _prefix) > 0 && !key.Text.StartsWith(_prefix, StringComparison.Ordinal);
}
