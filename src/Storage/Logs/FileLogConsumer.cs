namespace Mjolnir.Storage.Logs;

/// <summary>The single active consumer of a <see cref="FileLog"/>: memory while it keeps up, files while it does not.</summary>
internal sealed class FileLogConsumer : ILogConsumer
{
    private readonly FileLog _log;
    private readonly FileLogLimits _limits;
    private LogFileReader? _reader;
    private long _chunk;
    private long _next;
    private bool _disposed;

    public FileLogConsumer(FileLog log, FileLogLimits limits)
    {
        (_log, _limits) = (log, limits);
        Acknowledged = log.Acknowledged;
        _next = log.Acknowledged + 1;
        log.Tail.Begin(Seek(log.ChunkOf(_next)), _next);
    }

    /// <inheritdoc/>
    public long? Acknowledged { get; }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<LogMessage>> ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            cancellationToken.ThrowIfCancellationRequested();
            var messages = _log.Tail.Take(out var unread, out var arrival);
            if (unread is { } rest)
            {
                messages = ReadFiles(rest.Place, rest.Through);
            }

            if (messages.Count > 0)
            {
                _next = messages[^1].Delivery + 1;
                return messages;
            }

            await arrival.WaitAsync(cancellationToken);
        }
    }

    /// <inheritdoc/>
    public ValueTask AcknowledgeAsync(long delivery, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        cancellationToken.ThrowIfCancellationRequested();
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(delivery, _next);
        _log.Acknowledge(delivery);
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        if (!_disposed)
        {
            _disposed = true;
            _reader?.Dispose();
            _log.Leave();
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>The place of the next message: behind those of its chunk that are acknowledged.</summary>
    private LogPosition Seek(long chunk)
    {
        var place = LogPosition.StartOf(chunk);
        for (var sequence = chunk; sequence < _next; sequence++)
        {
            place = ReadFrame(place, sequence, out _);
        }

        return place;
    }

    private List<LogMessage> ReadFiles(LogPosition place, long through)
    {
        var messages = new List<LogMessage>();
        var bytes = 0L;
        _reader?.Refresh();
        while (_next + messages.Count <= through && messages.Count < _limits.ReadMessages && bytes < _limits.ReadBytes)
        {
            place = ReadFrame(place, _next + messages.Count, out var frame);
            messages.Add(new LogMessage(frame.Sequence, frame.Body, frame.Kind == FrameKind.Seal));
            bytes += frame.Body.Length;
        }

        _log.Tail.CaughtUp(place, messages[^1].Delivery);
        return messages;
    }

    /// <summary>Reads one frame that was confirmed; gives the place behind it.</summary>
    private LogPosition ReadFrame(LogPosition place, long sequence, out LogFrame frame)
    {
        var reader = ReaderOf(place.Chunk);
        if (place.Offset == reader.Length)
        {
            place = LogPosition.StartOf(sequence);
            reader = ReaderOf(sequence);
        }

        if (reader.Read(place.Offset, out frame) != FrameState.Good || frame.Sequence != sequence)
        {
            throw new CorruptLogException(reader.Path, place.Offset, $"message {sequence}, confirmed by this process, is not there any more.");
        }

        return place with { Offset = place.Offset + frame.Length };
    }

    private LogFileReader ReaderOf(long chunk)
    {
        if (_reader is null || _chunk != chunk)
        {
            _reader?.Dispose();
            _reader = new LogFileReader(LogChunk.PathOf(_log.Folder, chunk), _limits.WindowBytes);
            _chunk = chunk;
        }

        return _reader;
    }
}
