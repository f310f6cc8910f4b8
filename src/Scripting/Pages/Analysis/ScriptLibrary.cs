using Mjolnir.Scripting.Applications;

namespace Mjolnir.Scripting.Pages.Analysis;

/// <summary>The application's script files, each read and parsed once however many pages use it.</summary>
internal sealed class ScriptLibrary(IReadOnlyDictionary<string, SourceFile> files, DiagnosticList diagnostics)
{
    private readonly Dictionary<string, PageCode?> _parsed = new(StringComparer.Ordinal);

    public IEnumerable<string> ScriptPaths => files.Keys.Where(path => path.EndsWith(".js", StringComparison.OrdinalIgnoreCase));

    public bool Exists(string path) => files.ContainsKey(path);

    /// <summary>The script; null if there is no such file, or, with a diagnostic where that matters, it cannot be looked at.</summary>
    public PageCode? Find(string path)
    {
        if (!_parsed.TryGetValue(path, out var code))
        {
            _parsed[path] = code = files.TryGetValue(path, out var file) ? Parse(file) : null;
        }

        return code;
    }

    private PageCode? Parse(SourceFile file)
    {
        if (SourceText.Decode(file, diagnostics) is not { } source)
        {
            return null;
        }

        if (source.Text.Length <= ApplicationLimits.MaxScriptChars)
        {
            return new PageCode(source.Text, source.PositionAt);
        }

        if (source.Text.Contains("mjolnir.", StringComparison.Ordinal))
        {
            diagnostics.Add(
                new SourcePosition(file.Path, 1, 1),
                $"a script that uses mjolnir may have {ApplicationLimits.MaxScriptChars / 1024 / 1024} million characters at most",
                "Put the handlers into a script of their own.");
        }

        return null;
    }
}
