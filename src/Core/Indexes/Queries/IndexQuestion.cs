using System.Globalization;
using System.Text;
using Mjolnir.Core.Text;

namespace Mjolnir.Core.Indexes.Queries;

/// <summary>
/// A question to one tree of a table, as bytes: all that whoever has the pages must know. Equal questions have one answer in a transaction, however often its handler runs.
/// </summary>
public sealed class IndexQuestion : IEquatable<IndexQuestion>
{
    private string? _identity;

    internal IndexQuestion(string app, string table, ulong declared, int tree, TreeShape shape, QueryWalk walk, KeyRange range, bool isFresh) =>
        (App, Table, Declared, Tree, Shape, Walk, Range, IsFresh) = (app, table, declared, tree, shape, walk, range, isFresh);

    /// <summary>The application.</summary>
    public string App { get; }

    /// <summary>The table.</summary>
    public string Table { get; }

    /// <summary>Which declarations the tree must be made by (<see cref="TableIndexes.Declared"/>).</summary>
    public ulong Declared { get; }

    /// <summary>Which tree of the head.</summary>
    public int Tree { get; }

    /// <summary>The tree's.</summary>
    public TreeShape Shape { get; }

    /// <summary>In which way it is walked.</summary>
    public QueryWalk Walk { get; }

    /// <summary>Which entries.</summary>
    public KeyRange Range { get; }

    /// <summary>The place behind which entries are wanted; empty for the first.</summary>
    public byte[] After { get; init; } = [];

    /// <summary>Entries wanted at most; 0: how many there are, and what they add up to.</summary>
    public int Limit { get; init; }

    /// <summary>Entries passed over, where a page is asked for by its number: then the answer counts the entries of the range too. -1 otherwise.</summary>
    public long Skip { get; init; } = -1;

    /// <summary>Where groups are asked for: how many of the first columns make one.</summary>
    public int Depth { get; init; }

    /// <summary>Where groups are asked for: summed columns of each entry, which is a group itself; -1 if entries are rows.</summary>
    public int GroupSums { get; init; } = -1;

    /// <summary>The answer shall hold everything that was durable when it was asked.</summary>
    public bool IsFresh { get; }

    /// <summary>Where text is searched: its words, all of which are wanted; else none.</summary>
    public IReadOnlyList<SearchWord> Words { get; init; } = [];

    /// <summary>Where text is searched: which of its words are to stand next to each other.</summary>
    public IReadOnlyList<SearchPhrase> Phrases { get; init; } = [];

    /// <summary>Where text is searched: what else rows are to have.</summary>
    public IReadOnlyList<SearchFilter> Filters { get; init; } = [];

    /// <summary>Where text is searched: the columns whose values are kept beside it, in the order declared; none if nobody asks for one.</summary>
    public IReadOnlyList<IndexColumn> Kept { get; init; } = [];

    /// <summary>Where text is searched: which values rows are to have.</summary>
    public IReadOnlyList<SearchBound> Within { get; init; } = [];

    /// <summary>Where text is searched: the kept columns that what is found is counted by; none where rows are wanted.</summary>
    public IReadOnlyList<int> By { get; init; } = [];

    /// <inheritdoc/>
    public bool Equals(IndexQuestion? other) => other is not null && Identity == other.Identity;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as IndexQuestion);

    /// <inheritdoc/>
    public override int GetHashCode() => Identity.GetHashCode(StringComparison.Ordinal);

    private string Identity => _identity ??= MakeIdentity();

    private string MakeIdentity()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{App} {Table} {Declared} {Tree} {Walk} {Limit} {Skip} {Depth} {IsFresh} ");
        foreach (var bytes in (ReadOnlySpan<ReadOnlyMemory<byte>?>)[Range.Low, Range.High, After])
        {
            text.Append(bytes is { } some ? Convert.ToBase64String(some.Span) : "-").Append(' ');
        }

        foreach (var word in Words)
        {
            text.Append(CultureInfo.InvariantCulture, $"{word.Term} {word.Prefix} {word.Mistakes}\n");
        }

        foreach (var phrase in Phrases)
        {
            text.Append(CultureInfo.InvariantCulture, $"\"{string.Join(' ', phrase.Words)}\"\n");
        }

        foreach (var filter in Filters)
        {
            text.Append(CultureInfo.InvariantCulture, $"{filter.Tree} {Convert.ToBase64String(filter.Values)}\n");
        }

        foreach (var bound in Within)
        {
            text.Append(CultureInfo.InvariantCulture, $"{bound.Column} {Convert.ToBase64String(bound.Range.Low.Span)} {(bound.Range.High is { } high ? Convert.ToBase64String(high.Span) : "-")}\n");
        }

        return text.Append(CultureInfo.InvariantCulture, $"by {string.Join(' ', By)}").ToString();
    }
}

/// <summary>A list whose columns all have one value: a row is in it under these values, or is not meant.</summary>
/// <param name="Tree">which tree of the head</param>
/// <param name="Shape">the tree's</param>
/// <param name="Values">what the key begins with; the primary key is the rest</param>
public sealed record SearchFilter(int Tree, TreeShape Shape, byte[] Values);

/// <summary>A column that is kept beside the text and is to have a value, or to lie between two.</summary>
/// <param name="Column">which of the kept ones</param>
/// <param name="Range">its value, as keys have it</param>
public sealed record SearchBound(int Column, KeyRange Range);

/// <summary>A row that an index names.</summary>
/// <param name="Place">where it stands in the walk: a next page begins behind it</param>
/// <param name="PrimaryKey">the row's primary key</param>
public readonly record struct FoundPlace(byte[] Place, string PrimaryKey);

/// <summary>A group of rows that an index tells of.</summary>
/// <param name="Key">the values that make the group, as they stand in keys</param>
/// <param name="Total">its rows, and what they add up to</param>
public readonly record struct FoundGroup(byte[] Key, GroupRecord Total);

/// <summary>What an index says. Rows named are looked at before they count: the index may be a moment behind.</summary>
public sealed class IndexAnswer
{
    /// <summary>The rows named, in the order of the walk.</summary>
    public IReadOnlyList<FoundPlace> Found { get; init; } = [];

    /// <summary>True if there are no more behind these.</summary>
    public bool IsWhole { get; init; }

    /// <summary>Entries in the range, where that was asked.</summary>
    public long Count { get; init; }

    /// <summary>What the summed columns of the range add up to, where that was asked.</summary>
    public IReadOnlyList<ColumnSum> Sums { get; init; } = [];

    /// <summary>The groups of the range in the order of their keys, where these were asked.</summary>
    public IReadOnlyList<FoundGroup> Groups { get; init; } = [];

    /// <summary>What rows are ranked by, where text was searched.</summary>
    public SearchFigures? Figures { get; init; }

    /// <summary>True if text was searched and the rarest word has more rows than were looked at (<see cref="TextLimits.Ranked"/>).</summary>
    public bool IsPartial { get; init; }

    /// <summary>True if what the same session wrote before may be missing.</summary>
    public bool IsBehind { get; private init; }

    /// <summary>Why there is no answer; null if there is one.</summary>
    public string? Refusal { get; init; }

    /// <summary>The same, of which something of the same session may be missing.</summary>
    public IndexAnswer Behind() => new() { Found = Found, IsWhole = IsWhole, Count = Count, Sums = Sums, Groups = Groups, Figures = Figures, IsPartial = IsPartial, IsBehind = true };

    /// <summary>No answer.</summary>
    public static IndexAnswer Refused(string reason) => new() { Refusal = reason };
}
