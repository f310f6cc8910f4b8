namespace Mjolnir.Scripting.Applications;

/// <summary>Collects the mistakes of one load, at most <see cref="ApplicationLimits.MaxDiagnosticsPerFile"/> of a file.</summary>
internal sealed class DiagnosticList
{
    private readonly List<Diagnostic> _all = [];
    private readonly HashSet<(SourcePosition, string)> _seen = [];
    private readonly Dictionary<string, int> _perFile = new(StringComparer.Ordinal);

    public int Count => _all.Count;

    /// <summary>A shared script is met once per page: the same mistake at the same place is told once.</summary>
    public void Add(SourcePosition position, string message, string? hint = null)
    {
        if (!_seen.Add((position, message)))
        {
            return;
        }

        var count = _perFile[position.File] = _perFile.GetValueOrDefault(position.File) + 1;
        if (count <= ApplicationLimits.MaxDiagnosticsPerFile)
        {
            _all.Add(new Diagnostic(position, message, hint));
        }
        else if (count == ApplicationLimits.MaxDiagnosticsPerFile + 1)
        {
            _all.Add(new Diagnostic(position, "more mistakes in this file are not shown", "Repair the first ones: they are often one mistake many times."));
        }
    }

    public bool IsFull(string file) => _perFile.GetValueOrDefault(file) > ApplicationLimits.MaxDiagnosticsPerFile;

    /// <summary>In file order: mjolnir.json first, then by name, line and column.</summary>
    public IReadOnlyList<Diagnostic> Sorted() =>
        [.. _all.OrderBy(d => d.Position.File != ApplicationFolder.ManifestName).ThenBy(d => d.Position.File, StringComparer.Ordinal)
            .ThenBy(d => d.Position.Line).ThenBy(d => d.Position.Column)];
}
