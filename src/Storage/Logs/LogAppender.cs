using Microsoft.Win32.SafeHandles;
using Mjolnir.Storage.Folders;

namespace Mjolnir.Storage.Logs;

/// <summary>A message on its way to the disk, and whoever waits for it.</summary>
internal sealed class WaitingMessage(ReadOnlyMemory<byte> body, FrameKind kind)
{
    // The publisher goes on where its message was made durable: another hop between threads would cost as much as the disk does.
    private readonly TaskCompletionSource<PublishOutcome> _outcome = new();

    public ReadOnlyMemory<byte> Body { get; } = body;

    public FrameKind Kind { get; } = kind;

    public Task<PublishOutcome> Outcome => _outcome.Task;

    public void Complete(PublishOutcome outcome) => _outcome.SetResult(outcome);

    public void Fail(Exception fault) => _outcome.SetException(fault);
}

/// <summary>A message that is durable now, and where it stands.</summary>
internal readonly record struct AppendedMessage(LogMessage Message, LogPosition Position);

/// <summary>The writing end of a log's files. Used by one thread at a time; one group is under way at a time, which is what makes <see cref="LogFrame.Confirmed"/> a proof.</summary>
internal sealed class LogAppender : IDisposable
{
    private readonly string _folder;
    private readonly string _log;
    private readonly FileLogLimits _limits;
    private readonly ILogDisk _disk;
    private readonly MarkFile _confirmedMark;
    private SafeFileHandle _file;
    private LogPosition _end;
    private long _chunk;
    private long _confirmed;
    private Exception? _broken;

    public LogAppender(string folder, string log, LogContent content, MarkFile confirmedMark, FileLogLimits limits, ILogDisk disk)
    {
        (_folder, _log, _limits, _disk, _confirmedMark) = (folder, log, limits, disk, confirmedMark);
        (_end, _confirmed) = (content.End, content.LastSequence);
        _chunk = _end.Chunk;
        _file = OpenChunk(_end.Chunk);
        Settle();
    }

    /// <summary>The chunk that is written to, durable itself.</summary>
    public long Chunk => Volatile.Read(ref _chunk);

    /// <summary>Writes the group behind the log's end and makes it durable.</summary>
    /// <param name="group">the messages, in order</param>
    /// <param name="appended">the messages when the outcome is <see cref="PublishOutcome.Confirmed"/>, else empty</param>
    public PublishOutcome Append(List<WaitingMessage> group, out List<AppendedMessage> appended)
    {
        appended = [];
        if (_broken is not null && !CanMend(group))
        {
            return PublishOutcome.Refused;
        }

        if (!TryBeginChunk())
        {
            return PublishOutcome.Refused;
        }

        var bytes = Encode(group, appended);
        if (TryWrite(bytes))
        {
            Confirm(bytes.Length, group.Count);
            return PublishOutcome.Confirmed;
        }

        appended = [];
        return TryCutBack() ? PublishOutcome.Refused : PublishOutcome.Unknown;
    }

    /// <summary>Stops the log after a fault of this program: what is in the files is not certain until they are opened again.</summary>
    public void Break(Exception fault) => _broken = fault;

    public void Dispose()
    {
        _file.Dispose();
        _confirmedMark.Flush();
        _confirmedMark.Dispose();
    }

    private SafeFileHandle OpenChunk(long first) =>
        File.OpenHandle(LogChunk.PathOf(_folder, first), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);

    /// <summary>Cuts a torn tail, and makes durable what a killed process may have written and not flushed: from here on all of it counts as confirmed.</summary>
    private void Settle()
    {
        if (RandomAccess.GetLength(_file) > _end.Offset)
        {
            _disk.SetLength(_file, _end.Offset);
        }

        _disk.Flush(_file);
        _confirmedMark.Write(_confirmed);
    }

    /// <summary>A seal marker may follow an unknown outcome, if what that left behind can be cut off after all: then the unknown message is void.</summary>
    private bool CanMend(List<WaitingMessage> group) => group[0].Kind == FrameKind.Seal && TryCutBack();

    private bool TryBeginChunk()
    {
        if (_end.Offset < _limits.ChunkBytes)
        {
            return true;
        }

        var first = _confirmed + 1;
        try
        {
            LogChunk.Create(_disk, _folder, _log, first);
            var file = OpenChunk(first);
            _file.Dispose();
            (_file, _end) = (file, LogPosition.StartOf(first));
            Volatile.Write(ref _chunk, first);
            return true;
        }
        catch (Exception fault) when (IsDiskFault(fault))
        {
            return ForgetChunk(first);
        }
    }

    /// <summary>A chunk that could not be begun must not stay: nothing may be written to the one before it while it is there.</summary>
    private bool ForgetChunk(long first)
    {
        try
        {
            File.Delete(LogChunk.PathOf(_folder, first));
            Posix.SyncDirectory(_folder);
        }
        catch (Exception fault) when (IsDiskFault(fault))
        {
            _broken = fault;
        }

        return false;
    }

    private byte[] Encode(List<WaitingMessage> group, List<AppendedMessage> appended)
    {
        var bytes = new byte[group.Sum(message => (long)LogFrame.OverheadBytes + message.Body.Length)];
        var offset = 0;
        foreach (var message in group)
        {
            var sequence = _confirmed + 1 + appended.Count;
            var frame = new LogFrame(sequence, _confirmed, message.Kind, message.Body);
            frame.Write(bytes.AsSpan(offset, frame.Length));
            var body = bytes.AsMemory(offset, frame.Length)[frame.BodyRange];
            appended.Add(new AppendedMessage(new LogMessage(sequence, body, frame.Kind == FrameKind.Seal), _end with { Offset = _end.Offset + offset }));
            offset += frame.Length;
        }

        return bytes;
    }

    private bool TryWrite(byte[] bytes)
    {
        try
        {
            _disk.Write(_file, bytes, _end.Offset);
            _disk.Flush(_file);
            return true;
        }
        catch (Exception fault) when (IsDiskFault(fault))
        {
            _broken = fault;
            return false;
        }
    }

    private void Confirm(int bytes, int messages)
    {
        _end = _end with { Offset = _end.Offset + bytes };
        _confirmed += messages;
        try
        {
            _confirmedMark.Write(_confirmed);
        }
        catch (Exception fault) when (IsDiskFault(fault))
        {
            // These messages are durable all the same; without marks the log does not go on.
            _broken = fault;
        }
    }

    private bool TryCutBack()
    {
        try
        {
            _disk.SetLength(_file, _end.Offset);
            _disk.Flush(_file);
            _broken = null;
            return true;
        }
        catch (Exception fault) when (IsDiskFault(fault))
        {
            _broken = fault;
            return false;
        }
    }

    private static bool IsDiskFault(Exception fault) => fault is IOException or UnauthorizedAccessException;
}
