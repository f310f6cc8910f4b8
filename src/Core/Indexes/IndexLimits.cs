namespace Mjolnir.Core.Indexes;

/// <summary>What an index may be. Formats and declarations rest on these.</summary>
public static class IndexLimits
{
    /// <summary>Bytes of a string that an entry's key holds, in UTF-8: titles and names are shorter, and whoever reads the row settles the rest.</summary>
    public const int TextBytes = 128;

    /// <summary>Columns of one index: with <see cref="TextBytes"/> a key stays well below a page.</summary>
    public const int Columns = 8;

    /// <summary>Lists, and groups, of one table: each is written with every row.</summary>
    public const int PerTable = 16;

    /// <summary>Summed columns of one index: each takes up to 20 bytes per subtree.</summary>
    public const int Sums = 4;

    /// <summary>Entries of a subtree that its summary lists in the declared order: a page of 20 results, and some that were changed meanwhile.</summary>
    public const int TopEntries = 24;

    /// <summary>
    /// Bytes of a leaf. A random change copies half a leaf, a query reads one or two: 4 KB hold about 100 entries, and a shard's memory class takes them without waste.
    /// </summary>
    public const int LeafBytes = 4000;

    /// <summary>Bytes of a page above the leaves in a tree with a declared order: with lists of the best entries a child takes some 500 bytes, so that a million rows are four pages high.</summary>
    public const int InnerBytes = 16_000;

    /// <summary>A page below this part of its limit is put together with a neighbour, if both fit into one: at a third a page that was just cut is far from it.</summary>
    public const int UnderfullPart = 3;

    /// <summary>Bytes of any page: offsets have 16 bits. The largest entries allow three of them.</summary>
    public const int PageBytes = 65_000;
}
