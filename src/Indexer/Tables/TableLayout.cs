using System.Text;
using Mjolnir.Core.Indexes;
using Mjolnir.Core.Text;

namespace Mjolnir.Indexer.Tables;

/// <summary>Which of a row's values make the key and the payload of its entry in one tree, by position in <see cref="TableLayout.Columns"/>.</summary>
/// <param name="Name">the index's or group's</param>
/// <param name="Shape">the tree's</param>
/// <param name="Columns">the key's columns</param>
/// <param name="Order">the declared order; -1 without one</param>
/// <param name="Sums">summed columns</param>
internal sealed record TreeLayout(string Name, TreeShape Shape, int[] Columns, int Order, int[] Sums);

/// <summary>What is kept of a table: one tree of rows, then a tree for each declared list, then one for each group, then those of text search.</summary>
internal sealed class TableLayout
{
    /// <summary>The tree of rows: primary key → version and values.</summary>
    public static readonly TreeShape Rows = new([], null, 0);

    public TableLayout(string table, TableIndexes declared)
    {
        Table = table;
        Lists = [.. declared.Indexes.Select(index => Layout(index.Name, TreeShape.Of(index), index.Columns, index.Order, index.Sums))];
        Groups = [.. declared.Groups.Select(group => Layout(group.Name, TreeShape.Of(group), group.Columns, null, group.Sums))];
        SearchValues = [.. (declared.Search?.Facets ?? []).Select(Position)];
        Names = [.. Columns.Select(column => Encoding.UTF8.GetBytes(column.Name))];
        Search = declared.Search;
        Words = new TextAnalyzer(Search?.Language);
        SearchNames = [.. (Search?.Fields ?? []).Select(field => field.Column).Concat(Search?.Popularity is { } popularity ? [popularity] : []).Select(static name => Encoding.UTF8.GetBytes(name))];
        Declared = declared.Declared;
    }

    public string Table { get; }

    /// <summary>Every column that some tree needs, once, ascending: what is kept of a row.</summary>
    public List<IndexColumn> Columns { get; } = [];

    /// <summary>Their names in UTF-8.</summary>
    public byte[][] Names { get; }

    public IReadOnlyList<TreeLayout> Lists { get; }

    public IReadOnlyList<TreeLayout> Groups { get; }

    /// <summary>Text search: a tree of words behind the lists and groups, and one of their n-grams; null without.</summary>
    public SearchDeclaration? Search { get; }

    /// <summary>What is kept beside its text, by position in <see cref="Columns"/>.</summary>
    public int[] SearchValues { get; }

    /// <summary>Which tree has its words; those of lists and groups come before.</summary>
    public int WordTree => Lists.Count + Groups.Count;

    /// <summary>Which tree has the n-grams of its words, if mistyped ones are found.</summary>
    public int VocabularyTree => WordTree + 1;

    /// <summary>Takes its fields apart.</summary>
    public TextAnalyzer Words { get; }

    /// <summary>Its fields in UTF-8, and behind them the column that makes rows count more, if one does.</summary>
    public byte[][] SearchNames { get; }

    /// <summary>Changes when a declaration does.</summary>
    public ulong Declared { get; }

    /// <summary>The trees that readers see.</summary>
    public IEnumerable<TreeShape> Shapes => Lists.Concat(Groups).Select(static tree => tree.Shape)
        .Concat(Search is null ? [] : Search.IsFuzzy ? [SearchEntries.Shape, Vocabulary.Shape] : [SearchEntries.Shape]);

    private TreeLayout Layout(string name, TreeShape shape, IReadOnlyList<IndexColumn> columns, IndexColumn? order, IReadOnlyList<string> sums) =>
        new(name, shape, [.. columns.Select(Position)], order is null ? -1 : Position(order), [.. sums.Select(sum => Position(new IndexColumn(sum, IndexedKind.Number)))]);

    private int Position(IndexColumn column)
    {
        var at = Columns.FindIndex(known => known.Name == column.Name);
        if (at < 0)
        {
            at = Columns.Count;
            Columns.Add(column with { Descending = false });
        }

        return at;
    }
}
