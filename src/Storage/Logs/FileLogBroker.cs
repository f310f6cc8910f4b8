using System.Buffers;
using Mjolnir.Storage.Folders;

namespace Mjolnir.Storage.Logs;

/// <summary>
/// The commit logs of the embedded stack: each a folder of append-only files (docs/design/embedded-log.md). What is confirmed is on the disk. One process at a time: the
/// folder is locked while the broker is open.
/// </summary>
public sealed class FileLogBroker : ILogBroker, IAsyncDisposable
{
    // No log's name begins with a dot.
    private const string UnfinishedPrefix = ".";
    private const string LockFile = ".lock";

    private static readonly SearchValues<char> NameCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_");

    private readonly string _folder;
    private readonly FileLogLimits _limits;
    private readonly Action<TornTail>? _reportTorn;
    private readonly ILogDisk _disk;
    private readonly FolderLock _lock;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, FileLog> _open = new(StringComparer.Ordinal);
    private bool _disposed;

    /// <summary>Opens the folder, making it if there is none. A log in it is read, and proved, when it is first used.</summary>
    /// <param name="folder">holds nothing but the logs</param>
    /// <param name="limits">null: the usual ones</param>
    /// <param name="reportTorn">told of each interrupted write that was cut off a log's end; called on the thread that opens the log</param>
    /// <exception cref="FolderInUseException">another process uses the folder</exception>
    public FileLogBroker(string folder, FileLogLimits? limits = null, Action<TornTail>? reportTorn = null)
        : this(folder, limits, reportTorn, LogDisk.Instance)
    {
    }

    internal FileLogBroker(string folder, FileLogLimits? limits, Action<TornTail>? reportTorn, ILogDisk disk)
    {
        _folder = Path.GetFullPath(folder);
        _limits = limits ?? FileLogLimits.Default;
        _reportTorn = reportTorn;
        _disk = disk;
        _lock = FolderLock.Acquire(_folder, LockFile);
        RemoveUnfinished();
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">there is a log of this name</exception>
    public ValueTask DeclareAsync(string log, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            var folder = FolderOf(log);
            if (Directory.Exists(folder))
            {
                throw new InvalidOperationException($"There is a log {log} already.");
            }

            // Made aside and then named, so that a log is there with its first file or not at all.
            var aside = Aside(log);
            FileLog.Create(aside, log, _disk);
            Directory.Move(aside, folder);
            Posix.SyncDirectory(_folder);
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    /// <exception cref="UnknownLogException">there is no such log</exception>
    /// <exception cref="CorruptLogException">the log's files are damaged</exception>
    public ValueTask<ILogPublisher> OpenPublisherAsync(string log, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new(new FileLogPublisher(Find(log)));
    }

    /// <inheritdoc/>
    /// <exception cref="UnknownLogException">there is no such log, or it is deleted while this waits</exception>
    /// <exception cref="CorruptLogException">the log's files are damaged</exception>
    public ValueTask<ILogConsumer> OpenConsumerAsync(string log, CancellationToken cancellationToken) =>
        Find(log).OpenConsumerAsync(cancellationToken);

    /// <inheritdoc/>
    /// <exception cref="CorruptLogException">the log's files are damaged</exception>
    public ValueTask UnbindAsync(string log, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        TryFind(log)?.Unbind();
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    /// <exception cref="UnknownLogException">there is no such log</exception>
    /// <exception cref="IOException">it could not be written; it may be tried again</exception>
    public ValueTask SendSealMarkerAsync(string log, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Find(log).SendSealMarkerAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DeleteAsync(string log, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (Opened(log) is { } open)
        {
            await open.CloseAsync(PublishOutcome.Unroutable, new UnknownLogException(log));
        }

        Unname(log);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<string>> ListAsync(IReadOnlyCollection<string> registered, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        IReadOnlyList<string> logs = Directory.EnumerateDirectories(_folder)
            .Select(path => Path.GetFileName(path))
            .Where(name => !name.StartsWith(UnfinishedPrefix, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .ToList();
        return new(logs);
    }

    /// <summary>Ends what is under way, closes all logs and releases the folder.</summary>
    public async ValueTask DisposeAsync()
    {
        List<FileLog> open;
        lock (_gate)
        {
            _disposed = true;
            open = [.. _open.Values];
            _open.Clear();
        }

        foreach (var log in open)
        {
            await log.DisposeAsync();
        }

        _lock.Dispose();
    }

    private FileLog Find(string log) => TryFind(log) ?? throw new UnknownLogException(log);

    private FileLog? TryFind(string log)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!_open.TryGetValue(log, out var found) && Directory.Exists(FolderOf(log)))
            {
                found = FileLog.Open(FolderOf(log), log, _limits, _disk, out var torn);
                _open.Add(log, found);
                if (torn is not null)
                {
                    _reportTorn?.Invoke(torn);
                }
            }

            return found;
        }
    }

    private FileLog? Opened(string log)
    {
        lock (_gate)
        {
            return _open.GetValueOrDefault(log);
        }
    }

    /// <summary>Takes the log's name away in one step, then removes it: a log that is half deleted would look damaged.</summary>
    private void Unname(string log)
    {
        lock (_gate)
        {
            _open.Remove(log);
            var folder = FolderOf(log);
            if (Directory.Exists(folder))
            {
                Directory.Move(folder, Aside(log));
                Posix.SyncDirectory(_folder);
                Directory.Delete(Aside(log), recursive: true);
            }
        }
    }

    private string FolderOf(string log)
    {
        if (log.Length == 0 || log[0] == '.' || log.AsSpan().ContainsAnyExcept(NameCharacters))
        {
            throw new ArgumentException($"'{log}' is no name of a log: letters, digits and .-_, not starting with a dot.", nameof(log));
        }

        return Path.Combine(_folder, log);
    }

    private string Aside(string log) => Path.Combine(_folder, UnfinishedPrefix + log);

    /// <summary>What a crash left of logs that were being made or deleted.</summary>
    private void RemoveUnfinished()
    {
        foreach (var aside in Directory.EnumerateDirectories(_folder, UnfinishedPrefix + "*"))
        {
            Directory.Delete(aside, recursive: true);
        }
    }
}

/// <summary>The sending end of a <see cref="FileLog"/>.</summary>
internal sealed class FileLogPublisher(FileLog log) : ILogPublisher
{
    private volatile bool _disposed;

    public string Log => log.Name;

    /// <inheritdoc/>
    /// <remarks>A message is not taken back once it is handed over; the token counts before that.</remarks>
    public ValueTask<PublishOutcome> PublishAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        cancellationToken.ThrowIfCancellationRequested();
        return log.PublishAsync(message);
    }

    public ValueTask DisposeAsync()
    {
        _disposed = true;
        return ValueTask.CompletedTask;
    }
}
