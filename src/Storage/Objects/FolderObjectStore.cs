using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using Mjolnir.Storage.Folders;

namespace Mjolnir.Storage.Objects;

/// <summary>
/// The store of the embedded stack: an object is a file, its name the path below the folder. An object is written aside, made durable, and
/// only then named, in one step that fails if the name is taken: nobody ever sees half an object, and of any number of racers one wins.
/// </summary>
/// <remarks>A file system cannot hold an object <c>a</c> beside an object <c>a/b</c>; names are chosen so that this does not happen.</remarks>
public sealed class FolderObjectStore : IObjectStore
{
    // No object's name starts with a dot, so the store's own files are out of every name's reach.
    private const string AsideFolder = ".aside";

    private readonly string _folder;
    private readonly string _aside;

    // Folders whose names are known to be durable: there are a few per log, and they are never deleted.
    private readonly ConcurrentDictionary<string, bool> _durable = new(StringComparer.Ordinal);
    private long _asides;

    /// <summary>Opens the folder, making it if there is none, and removes what writers that died left aside. One process at a time: see <see cref="FolderLock"/>.</summary>
    public FolderObjectStore(string folder)
    {
        _folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        _aside = Path.Combine(_folder, AsideFolder);
        Directory.CreateDirectory(_aside);
        foreach (var left in Directory.EnumerateFiles(_aside))
        {
            File.Delete(left);
        }

        SettleNames();
    }

    private FolderObjectStore(string folder, string aside) => (_folder, _aside) = (folder, aside);

    /// <summary>Opens a folder that another process may be using, to read only: nothing in it is touched.</summary>
    public static FolderObjectStore OpenToRead(string folder)
    {
        var path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        return new FolderObjectStore(path, Path.Combine(path, AsideFolder));
    }

    /// <inheritdoc/>
    public ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        ObjectName.Check(name);
        cancellationToken.ThrowIfCancellationRequested();
        // Off the caller's thread, which may be serving requests: making it durable takes as long as the disk wants. Not cancelled once begun.
        return new ValueTask<CreateOutcome>(Task.Run(() => Create(name, content), CancellationToken.None));
    }

    /// <inheritdoc/>
    public ValueTask<ReadOnlyMemory<byte>?> GetAsync(string name, CancellationToken cancellationToken) =>
        Read(name, 0, int.MaxValue, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ReadOnlyMemory<byte>?> GetRangeAsync(string name, long offset, int length, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        return Read(name, offset, length, cancellationToken);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<string> ListAsync(string prefix, string? startAfter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await ValueTask.CompletedTask;
        using var names = FolderListing.Names(_folder, prefix, startAfter).GetEnumerator();
        while (Next(names, prefix))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return names.Current;
        }
    }

    /// <inheritdoc/>
    public ValueTask DeleteAsync(string name, CancellationToken cancellationToken)
    {
        ObjectName.Check(name);
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            // Not made durable: an object that comes back after a power failure is collected again.
            File.Delete(PathOf(name));
        }
        catch (DirectoryNotFoundException)
        {
            // Its folder never was: neither was the object.
        }
        catch (Exception fault) when (IsStoreFault(fault))
        {
            throw Unavailable(name, fault);
        }

        return ValueTask.CompletedTask;
    }

    private CreateOutcome Create(string name, ReadOnlyMemory<byte> content)
    {
        try
        {
            var path = PathOf(name);
            return File.Exists(path) ? Settle(path, CreateOutcome.Taken) : WriteAsideAndName(path, content);
        }
        catch (Exception fault) when (IsStoreFault(fault))
        {
            throw Unavailable(name, fault);
        }
    }

    private CreateOutcome WriteAsideAndName(string path, ReadOnlyMemory<byte> content)
    {
        var aside = Path.Combine(_aside, Interlocked.Increment(ref _asides).ToString(CultureInfo.InvariantCulture));
        try
        {
            MakeFolder(Path.GetDirectoryName(path)!);
            WriteDurably(aside, content.Span);
            var named = TryName(aside, path);
            return Settle(path, named ? CreateOutcome.Created : CreateOutcome.Taken);
        }
        finally
        {
            File.Delete(aside);
        }
    }

    /// <summary>
    /// Makes the name durable before anybody acts on it. Also a name that another has made: the caller may go on from it, and it may be that
    /// the other has not come this far.
    /// </summary>
    private static CreateOutcome Settle(string path, CreateOutcome outcome)
    {
        try
        {
            Posix.SyncDirectory(Path.GetDirectoryName(path)!);
            return outcome;
        }
        catch (IOException)
        {
            return CreateOutcome.Unknown;
        }
    }

    private static void WriteDurably(string path, ReadOnlySpan<byte> content)
    {
        using var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write);
        RandomAccess.Write(file, content, 0);
        RandomAccess.FlushToDisk(file);
    }

    private static bool TryName(string aside, string path)
    {
        if (!OperatingSystem.IsWindows())
        {
            return Posix.TryLink(aside, path);
        }

        try
        {
            File.Move(aside, path, overwrite: false);
            return true;
        }
        catch (IOException) when (File.Exists(path))
        {
            return false;
        }
    }

    /// <summary>Makes a folder and its name durable. That another made it does not mean that its name is durable already.</summary>
    private void MakeFolder(string path)
    {
        if (_durable.ContainsKey(path))
        {
            return;
        }

        var parent = Path.GetDirectoryName(path)!;
        MakeFolder(parent);
        Directory.CreateDirectory(path);
        Posix.SyncDirectory(parent);
        _durable.TryAdd(path, true);
    }

    /// <summary>
    /// A process that was killed may have named an object and not made the name durable; whoever reads it now may act on it. So every name is
    /// made durable once at the start.
    /// </summary>
    private void SettleNames()
    {
        foreach (var folder in Directory.EnumerateDirectories(_folder, "*", SearchOption.AllDirectories).Prepend(_folder))
        {
            Posix.SyncDirectory(folder);
            _durable.TryAdd(folder, true);
        }
    }

    private ValueTask<ReadOnlyMemory<byte>?> Read(string name, long offset, int length, CancellationToken cancellationToken)
    {
        ObjectName.Check(name);
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            using var file = File.OpenHandle(PathOf(name), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
            return new(ReadRange(file, offset, length));
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            return new((ReadOnlyMemory<byte>?)null);
        }
        catch (Exception fault) when (IsStoreFault(fault))
        {
            throw Unavailable(name, fault);
        }
    }

    private static ReadOnlyMemory<byte> ReadRange(Microsoft.Win32.SafeHandles.SafeFileHandle file, long offset, int length)
    {
        var size = RandomAccess.GetLength(file);
        var start = offset < 0 ? Math.Max(0, size + offset) : Math.Min(offset, size);
        var bytes = new byte[Math.Min(length, size - start)];
        var read = 0;
        while (read < bytes.Length && RandomAccess.Read(file, bytes.AsSpan(read), start + read) is > 0 and var got)
        {
            read += got;
        }

        return bytes.AsMemory(0, read);
    }

    private bool Next(IEnumerator<string> names, string prefix)
    {
        try
        {
            return names.MoveNext();
        }
        catch (Exception fault) when (IsStoreFault(fault))
        {
            throw Unavailable(prefix, fault);
        }
    }

    private string PathOf(string name) => Path.Combine(_folder, name.Replace('/', Path.DirectorySeparatorChar));

    private static bool IsStoreFault(Exception fault) => fault is IOException and not StoreUnavailableException or UnauthorizedAccessException;

    private StoreUnavailableException Unavailable(string name, Exception fault) =>
        new($"The folder store {_folder} failed on {name}: {fault.Message}", fault);
}
