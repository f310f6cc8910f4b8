using Microsoft.Win32.SafeHandles;
using Mjolnir.Storage.Logs;

namespace Mjolnir.Storage.Tests.Logs;

/// <summary>The disk, with a hook before each step: it may throw as a failing disk does, wait, or look at the files as they are now.</summary>
internal sealed class ScriptedDisk : ILogDisk
{
    public Action<SafeFileHandle, byte[], long> BeforeWrite { get; set; } = (_, _, _) => { };

    public Action BeforeFlush { get; set; } = () => { };

    public Action BeforeSetLength { get; set; } = () => { };

    public void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset)
    {
        BeforeWrite(file, bytes.ToArray(), offset);
        LogDisk.Instance.Write(file, bytes, offset);
    }

    public void Flush(SafeFileHandle file)
    {
        BeforeFlush();
        LogDisk.Instance.Flush(file);
    }

    public void SetLength(SafeFileHandle file, long length)
    {
        BeforeSetLength();
        LogDisk.Instance.SetLength(file, length);
    }
}
