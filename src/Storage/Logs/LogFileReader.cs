using Microsoft.Win32.SafeHandles;

namespace Mjolnir.Storage.Logs;

/// <summary>
/// Reads frames from one file, a window at a time. A window is never written again, so bodies may point into it for as long as anybody needs them.
/// </summary>
internal sealed class LogFileReader : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly int _windowBytes;
    private ReadOnlyMemory<byte> _window;
    private long _windowStart;

    public LogFileReader(string path, int windowBytes)
    {
        Path = path;
        _file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        _windowBytes = windowBytes;
    }

    public string Path { get; }

    public long Length => RandomAccess.GetLength(_file);

    /// <summary>Forgets what was read: behind the confirmed end a file changes.</summary>
    public void Refresh() => _window = default;

    /// <summary>What stands at this offset.</summary>
    public FrameState Read(long offset, out LogFrame frame)
    {
        frame = default;
        var header = Bytes(offset, LogFrame.HeaderBytes);
        if (header.Length < LogFrame.HeaderBytes)
        {
            return FrameState.Short;
        }

        var length = LogFrame.ClaimedLength(header.Span);
        if (length == 0 || length > Array.MaxLength)
        {
            return FrameState.Bad;
        }

        if (length > Length - offset)
        {
            return FrameState.Short;
        }

        var bytes = Bytes(offset, (int)length);
        return bytes.Length == length && LogFrame.TryRead(bytes, out frame) ? FrameState.Good : FrameState.Bad;
    }

    /// <summary>The bytes at this offset, fewer at the file's end.</summary>
    public ReadOnlyMemory<byte> Bytes(long offset, int count)
    {
        if (offset < _windowStart || offset + count > _windowStart + _window.Length)
        {
            _window = Fill(offset, Math.Max(count, _windowBytes));
            _windowStart = offset;
        }

        var start = (int)(offset - _windowStart);
        return _window.Slice(start, Math.Min(count, _window.Length - start));
    }

    public void Dispose() => _file.Dispose();

    private Memory<byte> Fill(long offset, int count)
    {
        var bytes = new byte[Math.Clamp(Length - offset, 0, count)];
        var read = 0;
        while (read < bytes.Length && RandomAccess.Read(_file, bytes.AsSpan(read), offset + read) is > 0 and var got)
        {
            read += got;
        }

        return bytes.AsMemory(0, read);
    }
}
