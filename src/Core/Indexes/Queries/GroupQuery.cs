using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Mjolnir.Core.Indexes.Queries;

/// <summary>A question how many rows there are per value, with the group or index that answers it. A row's group is told by the same encoding as the tree's.</summary>
public sealed class GroupQuery
{
    private readonly string _app;
    private readonly string _table;
    private readonly ulong _declared;
    private readonly GroupPlan _plan;
    private readonly KeyRange _range;
    private readonly IReadOnlyList<IndexColumn> _key;
    private readonly int _equal;

    private GroupQuery(string app, string table, TableIndexes declared, GroupPlan plan, QueryTerms terms, int by)
    {
        (_app, _table, _declared, _plan, Terms, _equal) = (app, table, declared.Declared, plan, terms, terms.Equal.Count);
        _key = [.. plan.Shape.Columns.Take(_equal + by)];
        var equal = _key.Take(_equal).Select(column => terms.Equal.First(each => each.Column == column.Name).Value).ToList();
        _range = KeyRanges.Of(plan.Shape.Columns, equal, null, null);
        IsExact = equal.TrueForAll(KeyRanges.IsExact);
    }

    /// <summary>Which rows are counted.</summary>
    public QueryTerms Terms { get; }

    /// <summary>Columns whose sums are told too.</summary>
    public IReadOnlyList<string> Sums => _plan.Sums;

    /// <summary>False if a text in the query is so long that an index alone cannot tell which rows are meant.</summary>
    public bool IsExact { get; }

    /// <summary>Finds the group or index for a question; false if none is declared (<see cref="GroupPlan.Missing"/> tells what is missing).</summary>
    /// <param name="app">the application</param>
    /// <param name="table">the table</param>
    /// <param name="declared">what is declared for it</param>
    /// <param name="terms">which rows: columns with one value only</param>
    /// <param name="by">columns that make groups, each once</param>
    /// <param name="query">the question</param>
    public static bool TryBind(string app, string table, TableIndexes declared, QueryTerms terms, IReadOnlyCollection<string> by, [NotNullWhen(true)] out GroupQuery? query)
    {
        query = terms.Range is null && GroupPlan.TryFind(declared, [.. terms.Equal.Select(equal => equal.Column)], by, out var plan)
            ? new GroupQuery(app, table, declared, plan, terms, by.Count)
            : null;
        return query is not null;
    }

    /// <summary>The question.</summary>
    /// <param name="most">groups wanted at most; where there are more, the answer is not whole</param>
    /// <param name="isFresh">everything that is durable by now shall be in the answer</param>
    public IndexQuestion Question(int most, bool isFresh) =>
        new(_app, _table, _declared, _plan.Tree, _plan.Shape, QueryWalk.Groups, _range, isFresh)
        {
            Limit = most,
            Depth = _key.Count,
            GroupSums = _plan.IsGroup ? _plan.Sums.Count : -1,
        };

    /// <summary>The group of a row, as <see cref="FoundGroup.Key"/> has it.</summary>
    /// <param name="row">the row's value of a column; null also for one of another kind than the column's</param>
    public byte[] KeyOf(Func<string, IndexValue> row)
    {
        var key = new ArrayBufferWriter<byte>(64);
        foreach (var column in _key)
        {
            KeyRanges.Append(key, column, row(column.Name));
        }

        return key.WrittenSpan.ToArray();
    }

    /// <summary>The values that make a group, by column; texts as far as keys hold them.</summary>
    public IEnumerable<ColumnValue> ValuesOf(byte[] key)
    {
        var at = 0;
        for (var i = 0; i < _key.Count; i++)
        {
            var value = OrderedKey.Read(key.AsSpan(at), _key[i], out var length);
            at += length;
            if (i >= _equal)
            {
                yield return new ColumnValue(_key[i].Name, value);
            }
        }
    }
}
