using Microsoft.Win32.SafeHandles;

namespace Mjolnir.Storage.Logs;

/// <summary>What a log asks of the disk when it writes. Implementations: the disk; one that fails when told to (tests).</summary>
internal interface ILogDisk
{
    void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset);

    /// <summary>Makes all that was written durable.</summary>
    void Flush(SafeFileHandle file);

    void SetLength(SafeFileHandle file, long length);
}

internal sealed class LogDisk : ILogDisk
{
    public static readonly LogDisk Instance = new();

    public void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset) => RandomAccess.Write(file, bytes, offset);

    public void Flush(SafeFileHandle file) => RandomAccess.FlushToDisk(file);

    public void SetLength(SafeFileHandle file, long length) => RandomAccess.SetLength(file, length);
}
