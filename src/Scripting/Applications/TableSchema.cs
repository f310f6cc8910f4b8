using System.Collections.Frozen;
using Mjolnir.Core.Indexes;

namespace Mjolnir.Scripting.Applications;

/// <summary>The type of a column. Every column may also be null (except the key).</summary>
public enum ColumnType
{
    /// <summary>A whole number, exact: at most 2^53 either way.</summary>
    Integer,

    /// <summary>A finite IEEE double.</summary>
    Number,

    /// <summary>Text.</summary>
    String,

    /// <summary>true or false.</summary>
    Boolean,

    /// <summary>Any JSON value.</summary>
    Json,

    /// <summary>A moment: stored as whole milliseconds since 1970 UTC; scripts may assign a Date and read a number.</summary>
    Time,
}

/// <summary>A column of a table.</summary>
/// <param name="Name">its name</param>
/// <param name="Type">its type</param>
public sealed record Column(string Name, ColumnType Type);

/// <summary>A table as <c>mjolnir.json</c> declares it.</summary>
/// <param name="Name">its name: letters, digits and <c>_</c>, not starting with <c>_</c></param>
/// <param name="Key">the name of the key column, which is a string or an integer</param>
/// <param name="Columns">by name</param>
/// <param name="ColumnOrder">in the order declared</param>
/// <param name="Seed">path of the seed file; null without one</param>
public sealed record TableSchema(
    string Name,
    string Key,
    FrozenDictionary<string, Column> Columns,
    IReadOnlyList<Column> ColumnOrder,
    string? Seed)
{
    /// <summary>What is kept beside its rows to answer queries.</summary>
    public TableIndexes Indexes { get; init; } = TableIndexes.None;

    /// <summary>True with an index whose values no two rows may share.</summary>
    public bool HasUnique => Indexes.HasUnique;
}

/// <summary>A row that a seed file gives: inserted once, when the application first meets its data.</summary>
/// <param name="Key">the row's primary key</param>
/// <param name="Json">the row as compact JSON, types checked</param>
public sealed record SeedRow(string Key, ReadOnlyMemory<byte> Json);
