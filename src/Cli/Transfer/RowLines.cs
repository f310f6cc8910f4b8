namespace Mjolnir.Cli.Transfer;

/// <summary>Consecutive lines of a file.</summary>
/// <param name="File">the file</param>
/// <param name="FirstLine">number of its first line in the file, from 1</param>
/// <param name="Text">the lines</param>
internal sealed record RowLines(string File, int FirstLine, ReadOnlyMemory<byte> Text);

/// <summary>Reads files of rows in chunks of whole lines, never a whole file.</summary>
internal static class RowLinesReader
{
    /// <summary>The chunks of a file, in order.</summary>
    /// <exception cref="FailureException">a line is longer than a row may be</exception>
    public static IEnumerable<RowLines> Read(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        var buffer = new byte[TransferLimits.ChunkBytes];
        var (held, line) = (SkipMark(stream, buffer), 1);
        while (true)
        {
            var read = stream.Read(buffer, held, buffer.Length - held);
            held += read;
            var whole = read == 0 ? held : buffer.AsSpan(0, held).LastIndexOf((byte)'\n') + 1;
            if (whole > 0)
            {
                var text = buffer.AsSpan(0, whole).ToArray();
                yield return new RowLines(file, line, text);
                line += text.AsSpan().Count((byte)'\n');
                buffer.AsSpan(whole, held - whole).CopyTo(buffer);
                held -= whole;
            }

            if (read == 0)
            {
                yield break;
            }

            if (held == buffer.Length)
            {
                buffer = Larger(buffer, file, line);
            }
        }
    }

    /// <summary>Some programs begin UTF-8 with a byte order mark.</summary>
    private static int SkipMark(FileStream stream, byte[] buffer)
    {
        var first = stream.ReadAtLeast(buffer.AsSpan(0, 3), 3, throwOnEndOfStream: false);
        return buffer.AsSpan(0, first).SequenceEqual("\uFEFF"u8) ? 0 : first;
    }

    private static byte[] Larger(byte[] buffer, string file, int line)
    {
        if (buffer.Length >= TransferLimits.LineBytes)
        {
            throw new FailureException($"{file}:{line}: the line is longer than {TransferLimits.LineBytes} bytes", "One row per line: newline-delimited JSON.");
        }

        Array.Resize(ref buffer, Math.Min(TransferLimits.LineBytes, 2 * buffer.Length));
        return buffer;
    }
}
