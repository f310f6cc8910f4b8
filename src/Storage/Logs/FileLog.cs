using Mjolnir.Storage.Folders;

namespace Mjolnir.Storage.Logs;

/// <summary>
/// One log in its folder. Messages that wait while a group is being made durable are the next group; the writing is done on a thread of the pool, one group at a time, and
/// no thread is kept while there is nothing to write.
/// </summary>
internal sealed class FileLog : IThreadPoolWorkItem, IAsyncDisposable
{
    private const string UnboundFile = "unbound";
    private const string ConfirmedFile = "confirmed";
    private const string AcknowledgedFile = "acknowledged";

    private readonly Lock _gate = new();
    private readonly FileLogLimits _limits;
    private readonly LogAppender _appender;
    private readonly MarkFile _acknowledged;
    private readonly Queue<WaitingMessage> _waiting = new();
    private readonly SemaphoreSlim _consumerTurn = new(1);
    private readonly CancellationTokenSource _closing = new();
    private long _firstChunk;
    private bool _writing;
    private bool _unbound;
    private volatile bool _unboundDurably;
    private PublishOutcome? _closedOutcome;
    private TaskCompletionSource? _idle;

    private FileLog(string folder, string name, LogContent content, MarkFile confirmed, MarkFile acknowledged, FileLogLimits limits, ILogDisk disk)
    {
        (Folder, Name, _limits, _acknowledged) = (folder, name, limits, acknowledged);
        _firstChunk = content.FirstChunk;
        _unbound = _unboundDurably = File.Exists(Path.Combine(folder, UnboundFile));
        _appender = new LogAppender(folder, name, content, confirmed, limits, disk);
        Tail = new LogTail(content.LastSequence, limits);
    }

    public string Folder { get; }

    public string Name { get; }

    public LogTail Tail { get; }

    public long Acknowledged => _acknowledged.Value;

    /// <summary>Makes the folder of a new log, without its name yet: the caller names it when this returns.</summary>
    public static void Create(string folder, string log, ILogDisk disk)
    {
        Directory.CreateDirectory(folder);
        LogChunk.Create(disk, folder, log, 1);
    }

    /// <summary>Opens what is there, proves it, and cuts a torn tail.</summary>
    /// <exception cref="CorruptLogException">it is not what was confirmed</exception>
    public static FileLog Open(string folder, string log, FileLogLimits limits, ILogDisk disk, out TornTail? torn)
    {
        var confirmed = MarkFile.Open(Path.Combine(folder, ConfirmedFile));
        var acknowledged = MarkFile.Open(Path.Combine(folder, AcknowledgedFile));
        try
        {
            var content = new LogOpening(folder, log, Math.Max(confirmed.Value, acknowledged.Value), acknowledged.Value, limits.WindowBytes).Read();
            torn = content.Torn;
            RemoveChunks(folder, chunk => chunk < content.FirstChunk || chunk > content.End.Chunk);
            return new FileLog(folder, log, content, confirmed, acknowledged, limits, disk);
        }
        catch
        {
            confirmed.Dispose();
            acknowledged.Dispose();
            throw;
        }
    }

    public ValueTask<PublishOutcome> PublishAsync(ReadOnlyMemory<byte> body) =>
        body.Length > _limits.MessageBytes ? new(PublishOutcome.Refused) : Enqueue(body, FrameKind.Message);

    public async ValueTask SendSealMarkerAsync()
    {
        var outcome = await Enqueue(default, FrameKind.Seal);
        if (outcome != PublishOutcome.Confirmed)
        {
            throw new IOException($"The seal marker could not be written to log {Name} ({outcome}).");
        }
    }

    /// <summary>Later publishes are unroutable, in this process and in the next; what waits to be written is, too.</summary>
    public void Unbind()
    {
        lock (_gate)
        {
            if (_unboundDurably || _closedOutcome is not null)
            {
                return;
            }

            _unbound = true;
        }

        // Not under the lock, which publishers take. Twice does no harm, and if the disk refuses, the caller tries again.
        using (var marker = File.OpenHandle(Path.Combine(Folder, UnboundFile), FileMode.Create, FileAccess.Write, FileShare.ReadWrite))
        {
            RandomAccess.FlushToDisk(marker);
        }

        Posix.SyncDirectory(Folder);
        _unboundDurably = true;
    }

    public async ValueTask<ILogConsumer> OpenConsumerAsync(CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _closing.Token);
        try
        {
            await _consumerTurn.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new UnknownLogException(Name);
        }

        try
        {
            return new FileLogConsumer(this, _limits);
        }
        catch
        {
            _consumerTurn.Release();
            throw;
        }
    }

    /// <summary>The active consumer is gone.</summary>
    public void Leave()
    {
        Tail.Leave();
        _consumerTurn.Release();
    }

    /// <summary>The chunk that holds this message or will be followed by one that does. A chunk still being made does not count: the ones before it are needed until it is durable.</summary>
    public long ChunkOf(long sequence) => LogChunk.List(Folder).FindLast(chunk => chunk <= Math.Min(sequence, _appender.Chunk));

    /// <summary>Everything up to here is in the store. Chunks that hold nothing else are deleted; the mark is made durable before, since from then on only it tells that they are not missing.</summary>
    public void Acknowledge(long sequence)
    {
        if (sequence <= _acknowledged.Value)
        {
            return;
        }

        _acknowledged.Write(sequence);
        var chunk = ChunkOf(sequence + 1);
        if (chunk > _firstChunk)
        {
            _acknowledged.Flush();
            RemoveChunks(Folder, one => one < chunk);
            _firstChunk = chunk;
        }
    }

    void IThreadPoolWorkItem.Execute()
    {
        var group = TakeGroup(out var unroutable);
        var outcome = PublishOutcome.Confirmed;
        Exception? bug = null;
        try
        {
            outcome = Write(group);
        }
        catch (Exception fault)
        {
            _appender.Break(fault);
            bug = fault;
        }

        // The next group is under way before anybody who waited for this one goes on, on this thread.
        Continue();
        unroutable.ForEach(message => message.Complete(PublishOutcome.Unroutable));
        group.ForEach(message => Tell(message, outcome, bug));
    }

    /// <summary>Closes the log's files when what is under way is done; later publishes end with this outcome.</summary>
    public async ValueTask CloseAsync(PublishOutcome laterPublishes, Exception reason)
    {
        Task idle;
        lock (_gate)
        {
            if (_closedOutcome is not null)
            {
                return;
            }

            _closedOutcome = laterPublishes;
            _idle = _writing ? new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously) : null;
            idle = _idle?.Task ?? Task.CompletedTask;
        }

        await idle;
        Tail.End(reason);
        await _closing.CancelAsync();
        _appender.Dispose();
        _acknowledged.Dispose();
    }

    public ValueTask DisposeAsync() => CloseAsync(PublishOutcome.Refused, new ObjectDisposedException(nameof(FileLogBroker)));

    private ValueTask<PublishOutcome> Enqueue(ReadOnlyMemory<byte> body, FrameKind kind)
    {
        var message = new WaitingMessage(body, kind);
        lock (_gate)
        {
            if (_closedOutcome is { } closed)
            {
                return new(closed);
            }

            if (_unbound && kind == FrameKind.Message)
            {
                return new(PublishOutcome.Unroutable);
            }

            _waiting.Enqueue(message);
            if (!_writing)
            {
                _writing = true;
                ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
            }
        }

        return new(message.Outcome);
    }

    private List<WaitingMessage> TakeGroup(out List<WaitingMessage> unroutable)
    {
        var group = new List<WaitingMessage>();
        unroutable = [];
        var bytes = 0L;
        lock (_gate)
        {
            while (_waiting.TryPeek(out var message) && (group.Count == 0 || bytes + message.Body.Length <= _limits.GroupBytes))
            {
                _waiting.Dequeue();
                var isRouted = message.Kind == FrameKind.Seal || !_unbound;
                (isRouted ? group : unroutable).Add(message);
                bytes += isRouted ? message.Body.Length : 0;
            }
        }

        return group;
    }

    private PublishOutcome Write(List<WaitingMessage> group)
    {
        if (group.Count == 0)
        {
            return PublishOutcome.Unroutable;
        }

        var outcome = _appender.Append(group, out var appended);
        Tail.Announce(appended);
        return outcome;
    }

    private void Continue()
    {
        lock (_gate)
        {
            if (_waiting.Count > 0)
            {
                ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
                return;
            }

            _writing = false;
            _idle?.SetResult();
        }
    }

    private static void Tell(WaitingMessage message, PublishOutcome outcome, Exception? bug)
    {
        if (bug is null)
        {
            message.Complete(outcome);
        }
        else
        {
            message.Fail(bug);
        }
    }

    private static void RemoveChunks(string folder, Func<long, bool> unwanted)
    {
        foreach (var chunk in LogChunk.List(folder).Where(unwanted))
        {
            File.Delete(LogChunk.PathOf(folder, chunk));
        }
    }
}
