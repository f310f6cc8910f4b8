using Mjolnir.Core;
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

    /// <summary>Names the log declared ahead, once it is safe from a broker that is killed.</summary>
    private const string SpareFile = "server.spare";

    private readonly FolderLock? _lock;
    private readonly Action<string, IEnumerable<string>> _write;
    private readonly Lock _gate = new();
    private readonly List<string> _own = [];
    private List<string> _dead;

    /// <summary>Takes up what former runs noted.</summary>
    /// <param name="held">the lock that keeps other runs out; null: somebody else sees to that</param>
    /// <param name="read">reads a list by its name; empty if there is none</param>
    /// <param name="write">writes a list anew, durably</param>
    internal FormerLogs(FolderLock? held, Func<string, List<string>> read, Action<string, IEnumerable<string>> write)
    {
        (_lock, _write) = (held, write);
        _dead = read(ListFile);

        // Nobody may be told that it is dead before it is known that it will not be used.
        Spare = read(SpareFile).Find(_dead.Remove);
        if (Spare is not null)
        {
            _own.Add(Spare);
        }
    }

    /// <summary>The log that the run before had declared ahead, safely, and perhaps never used; null if there is none. It counts as this run's own until it is refused.</summary>
    public string? Spare { get; }

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

    /// <summary>Every log that is noted, of former runs and of this one.</summary>
    public IReadOnlyList<string> All
    {
        get
        {
            lock (_gate)
            {
                return [.. _dead, .. _own];
            }
        }
    }

    /// <summary>Takes the folder's lock.</summary>
    /// <exception cref="FolderInUseException">another run of this server lives</exception>
    public static FormerLogs Take(string folder) =>
        new(FolderLock.Acquire(folder, LockFile), name => Lines(Path.Combine(folder, name)), (name, logs) => Write(Path.Combine(folder, name), logs));

    /// <summary>The spare of the run before was used by it, or is gone: it is a log of a dead process like others.</summary>
    public void RefuseSpare()
    {
        lock (_gate)
        {
            _own.Remove(Spare!);
            _dead = [.. _dead, Spare!];
        }
    }

    /// <summary>Notes that a log was declared ahead and is safe: the next run may use it if this one does not.</summary>
    public void NoteSpare(string log)
    {
        lock (_gate)
        {
            _write(SpareFile, [log]);
        }
    }

    /// <summary>Notes a log of this run, durably, before anything is published in it.</summary>
    /// <exception cref="InvariantException">it is told as dead: a sealer would not wait for what this run believes</exception>
    public void Add(string log)
    {
        lock (_gate)
        {
            Invariant.Require(!_dead.Contains(log), $"The log {log} is of a dead run: it cannot be this run's too.");
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

    public void Dispose() => _lock?.Dispose();

    private static List<string> Lines(string path) => File.Exists(path) ? [.. File.ReadAllLines(path).Where(line => line.Length > 0)] : [];

    private void Write() => _write(ListFile, _dead.Concat(_own));

    private static void Write(string path, IEnumerable<string> logs)
    {
        using var file = new FileStream(path + ".new", FileMode.Create, FileAccess.Write);
        using (var writer = new StreamWriter(file, leaveOpen: true))
        {
            foreach (var log in logs)
            {
                writer.WriteLine(log);
            }
        }

        file.Flush(flushToDisk: true);
        File.Move(path + ".new", path, overwrite: true);
    }
}
