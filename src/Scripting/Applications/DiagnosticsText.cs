using System.Text;

namespace Mjolnir.Scripting.Applications;

/// <summary>Mistakes as a terminal shows them: <c>file:line:column: message</c>, the line with a mark under the place, the hint.</summary>
public static class DiagnosticsText
{
    // A longer line (a minified script) is cut to what fits a terminal, around the place.
    private const int LineWidth = 120;

    /// <summary>
    /// Formats all mistakes, one block each, with a line break at the end of every line. Lines are read from <paramref name="folder"/>; where
    /// a file cannot be read (any more) the block has no source line.
    /// </summary>
    /// <param name="diagnostics">the mistakes</param>
    /// <param name="folder">the application's folder</param>
    public static string Format(IEnumerable<Diagnostic> diagnostics, string folder)
    {
        var text = new StringBuilder();
        var files = new Dictionary<string, string[]>(StringComparer.Ordinal);
        foreach (var diagnostic in diagnostics)
        {
            var file = diagnostic.Position.File;
            if (!files.TryGetValue(file, out var lines))
            {
                files[file] = lines = Lines(folder, file);
            }

            Append(text, diagnostic, lines);
        }

        return text.ToString();
    }

    private static void Append(StringBuilder text, Diagnostic diagnostic, string[] lines)
    {
        var position = diagnostic.Position;
        text.Append(position).Append(": ").Append(diagnostic.Message).Append('\n');
        if (position.Line >= 1 && position.Line <= lines.Length && lines[position.Line - 1].Trim().Length > 0)
        {
            AppendLine(text, lines[position.Line - 1], position.Column - 1);
        }

        if (diagnostic.Hint is { } hint)
        {
            text.Append("    ").Append(hint).Append('\n');
        }
    }

    private static void AppendLine(StringBuilder text, string line, int column)
    {
        var place = Math.Clamp(column, 0, line.Length);
        var start = Math.Max(0, Math.Min(place - (LineWidth / 2), line.Length - LineWidth));
        var shown = line.AsSpan(start, Math.Min(LineWidth, line.Length - start));
        text.Append("    ");
        foreach (var c in shown)
        {
            text.Append(char.IsControl(c) ? ' ' : c);
        }

        text.Append("\n    ").Append(' ', place - start).Append("^\n");
    }

    private static string[] Lines(string folder, string file)
    {
        try
        {
            var path = Path.Combine(folder, file);
            return File.Exists(path) ? File.ReadAllText(path).ReplaceLineEndings("\n").Split('\n') : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return []; // the mistake itself is told; only its picture is missing
        }
    }
}
