using System.Collections.Immutable;
using System.Globalization;
using Mjolnir.Core.Indexes;

namespace Mjolnir.Scripting.Unique;

/// <summary>How far a unique index is.</summary>
public enum UniquePhase
{
    /// <summary>Some servers declare it, and others may not know of it yet: no value has a holder.</summary>
    Announced,

    /// <summary>Every server keeps it; the rows that were there before are getting their holders. Nobody can tell whether a value is free: none can be taken.</summary>
    Building,

    /// <summary>Every row has its holder, but for duplicates: values can be taken.</summary>
    Ready,

    /// <summary>It is looked whether a server still declares it. Values cannot be taken; the holders are whole.</summary>
    Ending,
}

/// <summary>A unique index that is kept, or is going to be.</summary>
/// <param name="Index">its name and columns; neither order nor sums</param>
/// <param name="Epoch">stands in the keys of its holders, so that those of an earlier declaration are none of it</param>
/// <param name="Phase">how far it is</param>
/// <param name="Duplicates">rows that have no holder, since another row had their values before the index was declared</param>
/// <param name="Told">the first of them, for people</param>
public sealed record UniqueIndexState(IndexDeclaration Index, int Epoch, UniquePhase Phase, int Duplicates, ImmutableArray<string> Told)
{
    /// <summary>What makes it another index: <see cref="IdentityOf"/>.</summary>
    public string Identity { get; } = IdentityOf(Index);

    /// <summary>Name, columns and their kinds: an index that differs in one of them is another one, with values of its own.</summary>
    public static string IdentityOf(IndexDeclaration index) =>
        $"{index.Name}({string.Join(',', index.Columns.Select(static column => string.Create(CultureInfo.InvariantCulture, $"{Uri.EscapeDataString(column.Name)}:{Letter(column.Kind)}")))})";

    /// <summary>The index of an identity; null if the text is none.</summary>
    public static IndexDeclaration? OfIdentity(string identity)
    {
        var open = identity.IndexOf('(', StringComparison.Ordinal);
        if (open <= 0 || !identity.EndsWith(')'))
        {
            return null;
        }

        var columns = new List<IndexColumn>();
        foreach (var column in identity[(open + 1)..^1].Split(','))
        {
            var colon = column.LastIndexOf(':');
            if (colon <= 0 || KindOf(column[(colon + 1)..]) is not { } kind)
            {
                return null;
            }

            columns.Add(new IndexColumn(Uri.UnescapeDataString(column[..colon]), kind));
        }

        return new IndexDeclaration(identity[..open], columns, null, [], true);
    }

    private static string Letter(IndexedKind kind) => kind switch { IndexedKind.Number => "n", IndexedKind.Text => "t", _ => "b" };

    private static IndexedKind? KindOf(string letter) => letter switch { "n" => IndexedKind.Number, "t" => IndexedKind.Text, "b" => IndexedKind.Boolean, _ => null };
}

/// <summary>Holders of an index that is kept no more: they mean nothing, and are deleted.</summary>
/// <param name="Index">its name</param>
/// <param name="Epoch">its epoch</param>
public sealed record UniqueRemains(string Index, int Epoch);
