using System.Diagnostics.CodeAnalysis;

namespace Mjolnir.Core.Indexes;

/// <summary>How rows are counted per value: by which tree.</summary>
/// <param name="Name">the group's or index's</param>
/// <param name="Tree">its place in a head</param>
/// <param name="Shape">the tree's; its columns are those with one value, then those that make groups, then others</param>
/// <param name="Sums">what is summed</param>
/// <param name="IsGroup">entries of the tree are groups, not rows</param>
public sealed record GroupPlan(string Name, int Tree, TreeShape Shape, IReadOnlyList<string> Sums, bool IsGroup)
{
    /// <summary>Finds what answers: a group, or an index, whose first columns are those with one value and whose next ones are those that make groups. False if nothing like that is declared.</summary>
    /// <param name="declared">what is declared for the table</param>
    /// <param name="equal">columns that are to have one value, each once</param>
    /// <param name="by">columns that make groups, each once; at least one</param>
    /// <param name="plan">the answer's; of several the one with the most sums, of these a group, and the shortest</param>
    public static bool TryFind(TableIndexes declared, IReadOnlyCollection<string> equal, IReadOnlyCollection<string> by, [NotNullWhen(true)] out GroupPlan? plan)
    {
        var lists = declared.Indexes.Select((index, i) => new GroupPlan(index.Name, i, TreeShape.Of(index), index.Sums, false));
        var groups = declared.Groups.Select((group, i) => new GroupPlan(group.Name, declared.Indexes.Count + i, TreeShape.Of(group), group.Sums, true));
        plan = lists.Concat(groups)
            .Where(each => each.Begins(equal, by))
            .OrderByDescending(each => each.Sums.Count).ThenByDescending(each => each.IsGroup).ThenBy(each => each.Shape.Columns.Count)
            .FirstOrDefault();
        return plan is not null;
    }

    /// <summary>What is wrong where nothing declared answers, with the declaration that is missing.</summary>
    public static string Missing(string table, IReadOnlyCollection<string> equal, IReadOnlyCollection<string> by)
    {
        var columns = equal.Concat(by).ToList();
        var name = "per" + string.Concat(columns.Select(column => char.ToUpperInvariant(column[0]) + column[1..]));
        return $"no group or index of table '{table}' counts rows like this: declare \"groups\": {{\"{name}\": [{string.Join(", ", columns.Select(column => $"\"{column}\""))}]}}";
    }

    private bool Begins(IReadOnlyCollection<string> equal, IReadOnlyCollection<string> by) =>
        Shape.Columns.Count >= equal.Count + by.Count
        && Shape.Columns.Take(equal.Count).All(column => equal.Contains(column.Name))
        && Shape.Columns.Skip(equal.Count).Take(by.Count).All(column => by.Contains(column.Name));
}
