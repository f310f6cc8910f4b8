using System.Globalization;
using System.Text;

namespace Mjolnir.Core.Indexes.Queries;

/// <summary>
/// A question to one tree of a table, as bytes: all that whoever has the pages must know. Equal questions have one answer in a transaction, however often its handler runs.
/// </summary>
public sealed class IndexQuestion : IEquatable<IndexQuestion>
{
    private readonly string _identity;

    internal IndexQuestion(string app, string table, ulong declared, int tree, TreeShape shape, QueryWalk walk, KeyRange range, byte[] after, int limit, bool isFresh)
    {
        (App, Table, Declared, Tree, Shape, Walk, Range, After, Limit, IsFresh) = (app, table, declared, tree, shape, walk, range, after, limit, isFresh);
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{app} {table} {declared} {tree} {walk} {limit} {isFresh} ");
        foreach (var bytes in (ReadOnlySpan<ReadOnlyMemory<byte>?>)[range.Low, range.High, after])
        {
            text.Append(bytes is { } some ? Convert.ToBase64String(some.Span) : "-").Append(' ');
        }

        _identity = text.ToString();
    }

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
    public byte[] After { get; }

    /// <summary>Entries wanted at most; 0: how many there are, and what they add up to.</summary>
    public int Limit { get; }

    /// <summary>The answer shall hold everything that was durable when it was asked.</summary>
    public bool IsFresh { get; }

    /// <inheritdoc/>
    public bool Equals(IndexQuestion? other) => other is not null && _identity == other._identity;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as IndexQuestion);

    /// <inheritdoc/>
    public override int GetHashCode() => _identity.GetHashCode(StringComparison.Ordinal);
}

/// <summary>A row that an index names.</summary>
/// <param name="Place">where it stands in the walk: a next page begins behind it</param>
/// <param name="PrimaryKey">the row's primary key</param>
public readonly record struct FoundPlace(byte[] Place, string PrimaryKey);

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

    /// <summary>True if what the same session wrote before may be missing.</summary>
    public bool IsBehind { get; init; }

    /// <summary>Why there is no answer; null if there is one.</summary>
    public string? Refusal { get; init; }

    /// <summary>No answer.</summary>
    public static IndexAnswer Refused(string reason) => new() { Refusal = reason };
}
