using System.Text;
using System.Text.Json;

namespace Mjolnir.Scripting.Applications;

/// <summary>Places in a UTF-8 file by byte offset, behind its byte order mark.</summary>
internal sealed class Utf8Lines
{
    private readonly string _file;
    private readonly ReadOnlyMemory<byte> _bytes;
    private List<int>? _lineStarts;

    public Utf8Lines(SourceFile file)
    {
        _file = file.Path;
        _bytes = file.Bytes[^SourceText.WithoutMark(file.Bytes.Span).Length..];
    }

    public ReadOnlySpan<byte> Bytes => _bytes.Span;

    public SourcePosition PositionAt(int offset)
    {
        _lineStarts ??= LineStarts();
        var within = Math.Clamp(offset, 0, _bytes.Length);
        var found = _lineStarts.BinarySearch(within);
        var line = found >= 0 ? found : ~found - 1;
        var start = _lineStarts[line];
        return new SourcePosition(_file, line + 1, Encoding.UTF8.GetCharCount(_bytes.Span[start..within]) + 1);
    }

    /// <summary>Where the JSON reader stopped.</summary>
    public SourcePosition PositionAt(Exception mistake) => PositionAt(OffsetOf(mistake));

    public int OffsetOf(Exception mistake)
    {
        _lineStarts ??= LineStarts();
        return mistake is JsonException { LineNumber: { } line, BytePositionInLine: { } column }
            ? (int)(_lineStarts[(int)Math.Clamp(line, 0, _lineStarts.Count - 1)] + column)
            : 0;
    }

    private List<int> LineStarts()
    {
        var starts = new List<int> { 0 };
        var bytes = _bytes.Span;
        for (var at = 0; bytes[at..].IndexOf((byte)'\n') is var next and >= 0;)
        {
            starts.Add(at += next + 1);
        }

        return starts;
    }
}
