using System.Text;

namespace Mjolnir.Scripting.Applications;

/// <summary>A text file, and where its lines begin.</summary>
internal sealed class SourceText
{
    private readonly List<int> _lineStarts = [0];

    public SourceText(string file, string text)
    {
        File = file;
        Text = text;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\n' || (text[i] == '\r' && (i + 1 == text.Length || text[i + 1] != '\n')))
            {
                _lineStarts.Add(i + 1);
            }
        }
    }

    /// <summary>Path relative to the application's folder.</summary>
    public string File { get; }

    public string Text { get; }

    /// <summary>The place of a character; an offset past the end is the end.</summary>
    public SourcePosition PositionAt(int offset)
    {
        var within = Math.Clamp(offset, 0, Text.Length);
        var found = _lineStarts.BinarySearch(within);
        var line = found >= 0 ? found : ~found - 1;
        return new SourcePosition(File, line + 1, within - _lineStarts[line] + 1);
    }

    /// <summary>
    /// Decodes UTF-8 without its byte order mark; null, with a diagnostic, if the bytes are no UTF-8.
    /// </summary>
    public static SourceText? Decode(SourceFile file, DiagnosticList diagnostics)
    {
        var bytes = WithoutMark(file.Bytes.Span);
        var status = System.Text.Unicode.Utf8.ToUtf16(bytes, new char[bytes.Length], out var read, out _, replaceInvalidSequences: false);
        if (status == System.Buffers.OperationStatus.Done)
        {
            return new SourceText(file.Path, Encoding.UTF8.GetString(bytes));
        }

        var before = new SourceText(file.Path, Encoding.UTF8.GetString(bytes[..read]));
        diagnostics.Add(before.PositionAt(before.Text.Length), "this is not UTF-8", "Save the file as UTF-8.");
        return null;
    }

    /// <summary>The bytes behind the byte order mark, if there is one.</summary>
    public static ReadOnlySpan<byte> WithoutMark(ReadOnlySpan<byte> bytes) => bytes.StartsWith("\uFEFF"u8) ? bytes[3..] : bytes;

    /// <summary>
    /// With LF for CR LF and CR, as every browser does to a page before it parses it (HTML standard, "preprocessing the input stream"):
    /// what a script of the page sees as its own text is the same.
    /// </summary>
    public SourceText WithLineFeeds() =>
        Text.Contains('\r') ? new SourceText(File, Text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n')) : this;
}
