namespace Mjolnir.Scripting.Applications;

/// <summary>What <c>mjolnir.json</c> declares.</summary>
internal sealed class Manifest
{
    public string Name { get; set; } = "";

    public Dictionary<string, TableSchema> Tables { get; } = new(StringComparer.Ordinal);

    /// <summary>Where each table names its seed file.</summary>
    public Dictionary<string, SourcePosition> SeedPositions { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, DeclaredHandler> Handlers { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, HashSet<string>> Roles { get; } = new(StringComparer.Ordinal);
}

/// <summary>An entry of <c>handlers</c>.</summary>
internal sealed record DeclaredHandler(string Name, SourcePosition Position, Allow Allow);
