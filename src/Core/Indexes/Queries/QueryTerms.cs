namespace Mjolnir.Core.Indexes.Queries;

/// <summary>A column that is to have one value.</summary>
/// <param name="Column">its name</param>
/// <param name="Value">the value, of the column's kind; null asks for rows in which the column is null</param>
public readonly record struct ColumnValue(string Column, IndexValue Value);

/// <summary>A column that is to lie between two bounds, or on one side of one. Rows in which it is null do not.</summary>
/// <param name="Column">its name</param>
/// <param name="From">the least value; null for none</param>
/// <param name="To">the largest value; null for none; one of the two is given</param>
public sealed record ColumnRange(string Column, ValueBound? From, ValueBound? To);

/// <summary>What a query asks for.</summary>
/// <param name="Equal">columns with one value, each column once</param>
/// <param name="Range">the column with bounds; null without</param>
/// <param name="Order">the column by which answers are wanted; null if the index's own order will do</param>
/// <param name="Descending">the largest first</param>
public sealed record QueryTerms(IReadOnlyList<ColumnValue> Equal, ColumnRange? Range, string? Order, bool Descending)
{
    /// <summary>Enough to know which index answers it.</summary>
    public QueryShape Shape => new([.. Equal.Select(equal => equal.Column)], Range?.Column, Order, Descending) { Sum = Sum };

    /// <summary>Every row, in any order.</summary>
    public static QueryTerms All { get; } = new([], null, null, false);

    /// <summary>The column whose sum is wanted; null without.</summary>
    public string? Sum { get; init; }

    /// <summary>True if a row is what was asked for, whatever an index says.</summary>
    /// <param name="row">the row's value of a column; null also for one of another kind than the column's</param>
    public bool Match(Func<string, IndexValue> row)
    {
        foreach (var equal in Equal)
        {
            if (row(equal.Column) != equal.Value)
            {
                return false;
            }
        }

        return Range is null || IsWithin(Range, row(Range.Column));
    }

    private static bool IsWithin(ColumnRange range, IndexValue value) =>
        value.Kind is not null && IsOnSide(range.From, value, 1) && IsOnSide(range.To, value, -1);

    private static bool IsOnSide(ValueBound? bound, IndexValue value, int side) =>
        bound is not { } end || value.CompareTo(end.Value) * side is var order && (order > 0 || (order == 0 && end.IsIncluded));
}
