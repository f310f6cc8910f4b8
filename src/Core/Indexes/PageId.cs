namespace Mjolnir.Core.Indexes;

/// <summary>The name of an index page within its table: never used twice, so whatever is found under it is right.</summary>
/// <param name="Term">the term of the writer that made it, from 1; 0 for no page</param>
/// <param name="Number">counted in its term, from 1</param>
public readonly record struct PageId(long Term, long Number)
{
    /// <summary>No page: the root of an empty tree.</summary>
    public static PageId None => default;

    /// <inheritdoc/>
    public override string ToString() => $"{Term}.{Number}";
}

/// <summary>A tree as its table's head names it.</summary>
/// <param name="Root">the page on top; <see cref="PageId.None"/> for a tree without entries</param>
public readonly record struct TreeRoot(PageId Root)
{
    /// <summary>A tree without entries.</summary>
    public static TreeRoot Empty => default;

    /// <summary>True without entries.</summary>
    public bool IsEmpty => Root == PageId.None;
}
