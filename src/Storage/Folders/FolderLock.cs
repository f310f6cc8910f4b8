using System.Globalization;

namespace Mjolnir.Storage.Folders;

/// <summary>
/// One process at a time works in a folder. The lock is the operating system's, on an open file: it ends with the process however that
/// ends, so a lock that could be taken proves that the process before is dead (protocol: sealing a log).
/// </summary>
public sealed class FolderLock : IDisposable
{
    /// <summary>The file that is locked, unless another is asked for.</summary>
    public const string DefaultFile = "lock";

    // How the systems say that somebody else holds the file; any other fault (full disk, no permission) is one.
    private const int LinuxWouldBlock = 11;
    private const int MacWouldBlock = 35;
    private const int WindowsSharingViolation = unchecked((int)0x80070020);

    private readonly FileStream _held;

    private FolderLock(FileStream held) => _held = held;

    /// <summary>Takes the lock, making the folder if there is none.</summary>
    /// <param name="folder">the folder</param>
    /// <param name="file">the name of the file in it that is locked; another name is another lock</param>
    /// <exception cref="FolderInUseException">another process (or another part of this one) holds it; the message names that process</exception>
    public static FolderLock Acquire(string folder, string file = DefaultFile)
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, file);
        return TryOpen(path) is { } held ? Own(held, path) : throw new FolderInUseException(folder, HolderOf(path));
    }

    /// <summary>Releases the lock. The files stay: deleting them would let two processes hold locks on different files of one name.</summary>
    public void Dispose() => _held.Dispose();

    private static FileStream? TryOpen(string path)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1);
        }
        catch (IOException fault) when (fault.HResult is LinuxWouldBlock or MacWouldBlock or WindowsSharingViolation)
        {
            return null;
        }
    }

    private static FolderLock Own(FileStream held, string path)
    {
        // The holder's number stands in a second file: the locked one cannot be opened by the process that wants to read it.
        File.WriteAllText(HolderFile(path), Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        return new FolderLock(held);
    }

    private static int? HolderOf(string path) =>
        File.Exists(HolderFile(path)) && int.TryParse(File.ReadAllText(HolderFile(path)), CultureInfo.InvariantCulture, out var pid) ? pid : null;

    private static string HolderFile(string path) => path + ".pid";
}

/// <summary>The folder is being used by another process.</summary>
/// <param name="folder">the folder</param>
/// <param name="processId">the process that holds it, if it could be learned</param>
public sealed class FolderInUseException(string folder, int? processId) : IOException(
    $"The folder {folder} is in use by {(processId is { } pid ? $"process {pid}" : "another process")}. Stop that process, or choose another folder.")
{
    /// <summary>The process that holds the folder; null if it could not be learned.</summary>
    public int? ProcessId { get; } = processId;
}
