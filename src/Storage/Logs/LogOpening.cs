namespace Mjolnir.Storage.Logs;

/// <summary>What was found in a log's folder.</summary>
/// <param name="FirstChunk">the oldest chunk that still holds something unacknowledged</param>
/// <param name="End">behind the last frame</param>
/// <param name="LastSequence">of the last frame, or of the one before the first chunk</param>
/// <param name="Torn">what a crash left behind the end; null if nothing</param>
internal sealed record LogContent(long FirstChunk, LogPosition End, long LastSequence, TornTail? Torn);

/// <summary>
/// Reads a log at the start of a process and decides what a bad frame is: a write that a crash interrupted, or damage to what was confirmed. The reasoning is in
/// docs/design/embedded-log.md; in short, a frame is damage if anything proves that it was confirmed once, and torn otherwise.
/// </summary>
/// <param name="folder">the log's folder</param>
/// <param name="log">its name</param>
/// <param name="proven">up to here everything was confirmed, as the marks tell</param>
/// <param name="acknowledged">up to here everything is in the store</param>
/// <param name="windowBytes">how much is read at a time</param>
internal sealed class LogOpening(string folder, string log, long proven, long acknowledged, int windowBytes)
{
    private long _next;

    public LogContent Read()
    {
        var chunks = LogChunk.List(folder);
        var torn = TakeTornBirth(chunks);
        RemoveAcknowledged(chunks);
        _next = chunks[0];
        var end = default(LogPosition);
        foreach (var chunk in chunks)
        {
            var isLast = torn is null && chunk == chunks[^1];
            (end, var tornTail) = ReadChunk(chunk, isLast);
            torn ??= tornTail;
        }

        RequireAllProven(end);
        return new LogContent(chunks[0], end, _next - 1, torn);
    }

    /// <summary>
    /// Takes away a last file whose making was interrupted. The header is durable before any frame is written, so a file that goes on behind it had a good one.
    /// </summary>
    private TornTail? TakeTornBirth(List<long> chunks)
    {
        if (chunks.Count < 2 || chunks[^1] <= proven)
        {
            return null;
        }

        using var reader = new LogFileReader(LogChunk.PathOf(folder, chunks[^1]), windowBytes);
        if (reader.Length > LogChunk.HeaderBytes || HasHeader(reader, chunks[^1]))
        {
            return null;
        }

        chunks.RemoveAt(chunks.Count - 1);
        return new TornTail(log, reader.Path, 0, reader.Length);
    }

    /// <summary>Takes away the chunks that are wholly acknowledged: a crash may have let some of them come back, and not others.</summary>
    private void RemoveAcknowledged(List<long> chunks)
    {
        while (chunks.Count > 1 && chunks[1] <= acknowledged + 1)
        {
            chunks.RemoveAt(0);
        }

        var isThere = chunks.Count > 0 && chunks[0] <= acknowledged + 1;
        Require(isThere, LogChunk.PathOf(folder, acknowledged + 1), 0, $"the file with message {acknowledged + 1} is missing.");
    }

    private (LogPosition End, TornTail? Torn) ReadChunk(long chunk, bool isLast)
    {
        using var reader = new LogFileReader(LogChunk.PathOf(folder, chunk), windowBytes);
        Require(chunk == _next, reader.Path, 0, $"the file begins with message {chunk}, but the one before it ends with {_next - 1}.");
        Require(HasHeader(reader, chunk), reader.Path, 0, $"the header of the file is not that of log {log} from message {chunk} on.");
        return ReadFrames(reader, chunk, isLast);
    }

    private bool HasHeader(LogFileReader reader, long chunk) =>
        reader.Bytes(0, LogChunk.HeaderBytes).Span.SequenceEqual(LogChunk.Header(log, chunk));

    private (LogPosition End, TornTail? Torn) ReadFrames(LogFileReader reader, long chunk, bool isLast)
    {
        var offset = (long)LogChunk.HeaderBytes;
        while (reader.Read(offset, out var frame) == FrameState.Good)
        {
            Require(frame.Sequence == _next, reader.Path, offset, $"message {_next} should stand here, and it is message {frame.Sequence}.");
            _next++;
            offset += frame.Length;
        }

        var rest = reader.Length - offset;
        if (rest > 0)
        {
            RequireTorn(reader, offset, isLast);
        }

        var end = new LogPosition(chunk, offset);
        return (end, rest > 0 ? new TornTail(log, reader.Path, offset, rest) : null);
    }

    private void RequireTorn(LogFileReader reader, long offset, bool isLast)
    {
        var why = !isLast ? "a later file was begun, and that is done only behind confirmed messages"
            : _next <= proven ? $"the log's marks say that all up to message {proven} was confirmed"
            : LaterWitness(reader, offset) is { } witness ? $"message {witness.Sequence} behind it was written when {witness.Confirmed} was confirmed"
            : null;
        Require(why is null, reader.Path, offset, $"message {_next} does not agree with its checksum, and it is no interrupted write: {why}.");
    }

    /// <summary>
    /// A good frame behind a bad one that was written after the bad one was confirmed. One that was not proves nothing: both may be of the group whose writing a
    /// crash interrupted, and a disk need not write in order.
    /// </summary>
    private LogFrame? LaterWitness(LogFileReader reader, long offset)
    {
        while (NextMagic(reader, offset + 1) is { } candidate)
        {
            if (reader.Read(candidate, out var frame) == FrameState.Good && frame.Confirmed >= _next)
            {
                return frame;
            }

            offset = candidate;
        }

        return null;
    }

    private long? NextMagic(LogFileReader reader, long offset)
    {
        while (true)
        {
            var bytes = reader.Bytes(offset, windowBytes).Span;
            var found = bytes.IndexOf(LogFrame.Magic);
            if (found >= 0)
            {
                return offset + found;
            }

            if (bytes.Length < windowBytes)
            {
                return null;
            }

            offset += bytes.Length - LogFrame.Magic.Length + 1;
        }
    }

    private void RequireAllProven(LogPosition end) =>
        Require(_next > proven, LogChunk.PathOf(folder, end.Chunk), end.Offset, $"the log ends with message {_next - 1}, though {proven} was confirmed.");

    private static void Require(bool condition, string path, long offset, string finding)
    {
        if (!condition)
        {
            throw new CorruptLogException(path, offset, finding);
        }
    }
}
