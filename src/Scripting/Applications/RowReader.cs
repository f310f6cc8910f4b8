namespace Mjolnir.Scripting.Applications;

/// <summary>Reads rows that somebody brings from outside, by the rules of seed files: each is checked against its table's columns.</summary>
public static class RowReader
{
    /// <summary>The rows of a text, one JSON object per line (or an array of them), and every mistake with its place. Rows with mistakes are not among the rows.</summary>
    /// <param name="application">the application's name</param>
    /// <param name="table">the table</param>
    /// <param name="file">the text's name, for messages</param>
    /// <param name="text">UTF-8</param>
    public static (IReadOnlyList<SeedRow> Rows, IReadOnlyList<Diagnostic> Mistakes) Read(string application, TableSchema table, string file, ReadOnlyMemory<byte> text)
    {
        var mistakes = new DiagnosticList();
        var rows = SeedReader.Read(application, table, new SourceFile(file, text), mistakes);
        return (rows, mistakes.Sorted());
    }
}
