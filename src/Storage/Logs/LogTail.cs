namespace Mjolnir.Storage.Logs;

/// <summary>
/// The confirmed end of a log, as its consumer sees it. New messages are handed over in memory while the consumer keeps up; from the first that does not fit it reads the file,
/// until it has caught up again. Nobody polls: the publisher wakes the consumer.
/// </summary>
/// <param name="confirmed">the newest confirmed sequence</param>
/// <param name="limits">the limits</param>
internal sealed class LogTail(long confirmed, FileLogLimits limits)
{
    private readonly Lock _gate = new();
    private readonly Queue<LogMessage> _ready = new();
    private long _confirmed = confirmed;
    private long _readyBytes;
    private LogPosition? _unread;
    private bool _isRead;
    private TaskCompletionSource? _arrival;
    private Exception? _ended;

    /// <summary>A consumer begins at this place in the files, where <paramref name="next"/> stands or will stand.</summary>
    public void Begin(LogPosition place, long next)
    {
        lock (_gate)
        {
            _isRead = true;
            _unread = next <= _confirmed ? place : null;
        }
    }

    /// <summary>The consumer is gone; the next one begins with the files.</summary>
    public void Leave()
    {
        lock (_gate)
        {
            _isRead = false;
            _unread = null;
            _ready.Clear();
            _readyBytes = 0;
            Wake();
        }
    }

    /// <summary>The log is deleted or closed: whoever waits for messages learns it.</summary>
    public void End(Exception reason)
    {
        lock (_gate)
        {
            _ended = reason;
            Wake();
        }
    }

    /// <summary>These messages are durable.</summary>
    public void Announce(List<AppendedMessage> appended)
    {
        lock (_gate)
        {
            foreach (var one in appended)
            {
                _confirmed = one.Message.Delivery;
                Keep(one);
            }

            Wake();
        }
    }

    /// <summary>
    /// The messages at hand; else, in <paramref name="unread"/>, where to read in the files and up to which sequence; else, in <paramref name="arrival"/>, what to wait for.
    /// </summary>
    public List<LogMessage> Take(out (LogPosition Place, long Through)? unread, out Task arrival)
    {
        lock (_gate)
        {
            if (_ended is not null)
            {
                throw _ended;
            }

            var messages = TakeReady();
            unread = messages.Count == 0 && _unread is { } place ? (place, _confirmed) : null;
            arrival = messages.Count > 0 || unread is not null
                ? Task.CompletedTask
                : (_arrival ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            return messages;
        }
    }

    /// <summary>The consumer read the files up to here.</summary>
    public void CaughtUp(LogPosition place, long through)
    {
        lock (_gate)
        {
            _unread = through < _confirmed ? place : null;
        }
    }

    private void Keep(AppendedMessage one)
    {
        if (!_isRead || _unread is not null)
        {
            return;
        }

        if (_readyBytes + one.Message.Body.Length > limits.TailBytes)
        {
            _unread = one.Position;
            return;
        }

        _ready.Enqueue(one.Message);
        _readyBytes += one.Message.Body.Length;
    }

    private List<LogMessage> TakeReady()
    {
        var messages = new List<LogMessage>(Math.Min(_ready.Count, limits.ReadMessages));
        var bytes = 0L;
        while (messages.Count < limits.ReadMessages && bytes < limits.ReadBytes && _ready.TryDequeue(out var message))
        {
            messages.Add(message);
            bytes += message.Body.Length;
        }

        _readyBytes -= bytes;
        return messages;
    }

    private void Wake()
    {
        _arrival?.SetResult();
        _arrival = null;
    }
}
