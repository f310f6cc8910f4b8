using Mjolnir.Storage.Folders;

namespace Mjolnir.Cli.Roles;

/// <summary>
/// The logs that the runs of this server opened while they held the lock of its data folder. Whoever holds the lock now knows that all of them but its own are logs of dead
/// processes: sealing them need not wait for confirms that nobody can believe any more (protocol: sealing a log).
/// </summary>
internal sealed class FormerLogs : IDisposable
{
    private const string LockFile = "server.lock";
    private const string ListFile = "server.logs";

    private readonly FolderLock _lock;
    private readonly string _path;
    private readonly Lock _gate = new();
    private readonly List<string> _own = [];
    private List<string> _dead;

    private FormerLogs(FolderLock held, string path)
    {
        _lock = held;
        _path = path;
        _dead = File.Exists(path) ? [.. File.ReadAllLines(path).Where(line => line.Length > 0)] : [];
    }

    /// <summary>Logs of former runs that are not known to be sealed.</summary>
    public IReadOnlyList<string> Dead
    {
        get
        {
            lock (_gate)
            {
                return _dead;
            }
        }
    }

    /// <summary>Takes the folder's lock.</summary>
    /// <exception cref="FolderInUseException">another run of this server lives</exception>
    public static FormerLogs Take(string folder) => new(FolderLock.Acquire(folder, LockFile), Path.Combine(folder, ListFile));

    /// <summary>Notes a log of this run, durably, before anything is published in it.</summary>
    public void Add(string log)
    {
        lock (_gate)
        {
            _own.Add(log);
            Write();
        }
    }

    /// <summary>A log is sealed: nobody need be told any more.</summary>
    public void Forget(string log)
    {
        lock (_gate)
        {
            if (_dead.Contains(log) || _own.Contains(log))
            {
                _dead = [.. _dead.Where(each => each != log)];
                _own.Remove(log);
                Write();
            }
        }
    }

    public void Dispose() => _lock.Dispose();

    private void Write()
    {
        using var file = new FileStream(_path + ".new", FileMode.Create, FileAccess.Write);
        using (var writer = new StreamWriter(file, leaveOpen: true))
        {
            foreach (var log in _dead.Concat(_own))
            {
                writer.WriteLine(log);
            }
        }

        file.Flush(flushToDisk: true);
        File.Move(_path + ".new", _path, overwrite: true);
    }
}
