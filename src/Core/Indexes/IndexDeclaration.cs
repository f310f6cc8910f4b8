using System.Globalization;
using System.Text;
using Mjolnir.Core.Keys;

namespace Mjolnir.Core.Indexes;

/// <summary>How the values of an indexed column compare.</summary>
public enum IndexedKind : byte
{
    /// <summary>Integers, numbers and times: by value, as IEEE doubles (integers to 2^53 are exact).</summary>
    Number = 1,

    /// <summary>Strings: by code points.</summary>
    Text = 2,

    /// <summary>false before true.</summary>
    Boolean = 3,
}

/// <summary>A column in an index.</summary>
/// <param name="Name">the table's column</param>
/// <param name="Kind">how its values compare</param>
/// <param name="Descending">largest first, null last; else smallest first, null first</param>
public sealed record IndexColumn(string Name, IndexedKind Kind, bool Descending = false);

/// <summary>A declared list of a table's rows: sorted by its columns, then by primary key.</summary>
/// <param name="Name">unique in its table</param>
/// <param name="Columns">what it is sorted by; equalities of a query are the first of them, a range the next</param>
/// <param name="Order">another order that answers may come in, whatever range of the last column is asked for; null without one</param>
/// <param name="Sums">integer columns whose sums are kept for every range</param>
/// <param name="IsUnique">no two rows have equal values (none of them null); kept by the writing transaction</param>
public sealed record IndexDeclaration(string Name, IReadOnlyList<IndexColumn> Columns, IndexColumn? Order, IReadOnlyList<string> Sums, bool IsUnique);

/// <summary>Declared groups: for each combination of values that occurs, how many rows have it and what their integer columns sum up to.</summary>
/// <param name="Name">unique in its table</param>
/// <param name="Columns">the columns that make a group</param>
/// <param name="Sums">integer columns that are summed</param>
public sealed record GroupDeclaration(string Name, IReadOnlyList<IndexColumn> Columns, IReadOnlyList<string> Sums);

/// <summary>A column that text search looks at.</summary>
/// <param name="Column">a string column</param>
/// <param name="Weight">how much a word found here counts, against 1; above 0</param>
public sealed record SearchField(string Column, double Weight);

/// <summary>Declared text search over a table.</summary>
/// <param name="Fields">the columns searched, each once</param>
/// <param name="Language">ISO 639-1 code of the language whose endings are taken off words; null: words as they are</param>
/// <param name="IsFuzzy">the words are kept by their n-grams too, so that mistyped ones can be found</param>
public sealed record SearchDeclaration(IReadOnlyList<SearchField> Fields, string? Language, bool IsFuzzy)
{
    /// <summary>Columns whose values are kept beside the text, each once, ascending: what is found can be counted by them, and they may have bounds.</summary>
    public IReadOnlyList<IndexColumn> Facets { get; init; } = [];

    /// <summary>The column of numbers that makes rows count more the larger it is (<see cref="Text.Popularity"/>); null without one.</summary>
    public string? Popularity { get; init; }

    /// <summary>Which field is a row's title: the one that counts more than each of the others; -1 if none does.</summary>
    public int Title { get; } = TitleOf(Fields);

    private static int TitleOf(IReadOnlyList<SearchField> fields)
    {
        if (fields.Count < 2)
        {
            return -1;
        }

        var heaviest = Enumerable.Range(0, fields.Count).MaxBy(i => fields[i].Weight);
        return fields.Where((_, i) => i != heaviest).All(field => field.Weight < fields[heaviest].Weight) ? heaviest : -1;
    }
}

/// <summary>Everything that is kept beside a table's rows.</summary>
/// <param name="Indexes">its lists</param>
/// <param name="Groups">its groups</param>
/// <param name="Search">its text search; null without one</param>
public sealed record TableIndexes(IReadOnlyList<IndexDeclaration> Indexes, IReadOnlyList<GroupDeclaration> Groups, SearchDeclaration? Search)
{
    /// <summary>A table without anything declared.</summary>
    public static TableIndexes None { get; } = new([], [], null);

    /// <summary>True with nothing to be kept in trees.</summary>
    public bool IsEmpty => Indexes.Count + Groups.Count == 0 && Search is null;

    /// <summary>True with an index whose values no two rows may share.</summary>
    public bool HasUnique { get; } = Indexes.Any(index => index.IsUnique);

    /// <summary>A hash of what the trees are made by: it changes when a declaration does, so that nobody reads the trees of another one.</summary>
    public ulong Declared { get; } = HashOf(Indexes, Groups, Search);

    private static ulong HashOf(IReadOnlyList<IndexDeclaration> indexes, IReadOnlyList<GroupDeclaration> groups, SearchDeclaration? search)
    {
        var text = new StringBuilder();
        foreach (var index in indexes)
        {
            AppendTree(text, index.Name, index.Columns, index.Order, index.Sums);
        }

        foreach (var group in groups)
        {
            AppendTree(text, group.Name, group.Columns, null, group.Sums);
        }

        if (search is not null)
        {
            text.Append(CultureInfo.InvariantCulture, $"search {search.Language}{(search.IsFuzzy ? " fuzzy" : "")}\n");
            foreach (var field in search.Fields)
            {
                text.Append(CultureInfo.InvariantCulture, $"{field.Column}\n{field.Weight:R}\n");
            }

            foreach (var facet in search.Facets)
            {
                text.Append(CultureInfo.InvariantCulture, $"facet {facet.Name} {facet.Kind}\n");
            }

            text.Append(search.Popularity is null ? "" : $"popularity {search.Popularity}\n");
        }

        return XxHash64.Hash(Encoding.UTF8.GetBytes(text.ToString()));
    }

    private static void AppendTree(StringBuilder text, string name, IReadOnlyList<IndexColumn> columns, IndexColumn? order, IReadOnlyList<string> sums)
    {
        foreach (var column in columns.Append(order))
        {
            text.Append(CultureInfo.InvariantCulture, $"{column?.Name}\n{column?.Kind}\n{column?.Descending}\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"{name}\n{string.Join('\n', sums)}\n\n");
    }
}
