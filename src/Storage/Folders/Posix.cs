using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Mjolnir.Storage.Folders;

/// <summary>The three calls of libc that .NET has no equal for: making a directory's entries durable, and naming a file only if the name is free.</summary>
internal static partial class Posix
{
    private const int ReadOnlyDirectoryCloseOnExec = 0x90000;
    private const int NameExists = 17;

    /// <summary>
    /// Makes the entries of a directory durable: a file that was created, renamed or deleted in it is only then certain to be so after a power
    /// failure. Windows has no such step: its file systems log names themselves.
    /// </summary>
    public static void SyncDirectory(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var descriptor = OperatingSystem.IsLinux() ? Open(path, ReadOnlyDirectoryCloseOnExec) : Open(path, 0);
        Check(descriptor, path);
        var synced = Sync(descriptor);
        var error = Marshal.GetLastPInvokeError();
        _ = Close(descriptor);
        if (synced < 0)
        {
            throw Fault(error, path);
        }
    }

    /// <summary>Gives an existing file a second name, atomically; false if that name is taken.</summary>
    public static bool TryLink(string existing, string name)
    {
        if (Link(existing, name) == 0)
        {
            return true;
        }

        var error = Marshal.GetLastPInvokeError();
        return error == NameExists ? false : throw Fault(error, name);
    }

    private static void Check(int result, string path)
    {
        if (result < 0)
        {
            throw Fault(Marshal.GetLastPInvokeError(), path);
        }
    }

    private static IOException Fault(int error, string path) =>
        new($"{path}: {new Win32Exception(error).Message} (errno {error})");

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string existing, string name);
}
