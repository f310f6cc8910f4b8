using System.Collections.Frozen;
using Mjolnir.Scripting.Pages;

namespace Mjolnir.Scripting.Applications;

/// <summary>One loaded version of an application: an immutable snapshot. A reload makes a new one.</summary>
public sealed class Application
{
    /// <summary>Lower-case letters, digits and <c>-</c>; the first part of every row key.</summary>
    public required string Name { get; init; }

    /// <summary>Hash of all files: another version is another text.</summary>
    public required string Version { get; init; }

    /// <summary>Declared tables by name.</summary>
    public required FrozenDictionary<string, TableSchema> Tables { get; init; }

    /// <summary>What can be called from outside, by name.</summary>
    public required FrozenDictionary<string, Handler> Handlers { get; init; }

    /// <summary>HTML pages by path (<c>/index.html</c>). A path that ends with <c>/</c> means the <c>index.html</c> there: whoever serves them maps it.</summary>
    public required FrozenDictionary<string, Page> Pages { get; init; }

    /// <summary>All other files that are served, by path (<c>/bank.js</c>). <c>mjolnir.json</c>, seed files and dot files are not among them.</summary>
    public required FrozenDictionary<string, Asset> Assets { get; init; }

    /// <summary>Role → users who have it.</summary>
    public required FrozenDictionary<string, FrozenSet<string>> Roles { get; init; }

    /// <summary>Seed rows per table.</summary>
    public required FrozenDictionary<string, IReadOnlyList<SeedRow>> Seeds { get; init; }
}
