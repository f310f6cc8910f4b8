using System.Threading.Tasks.Sources;

namespace Mjolnir.Memcached.Connections;

/// <summary>A pass on its way: what was sent of it, what was answered, and who awaits its end. Used again for later passes.</summary>
internal sealed class PassTicket : IValueTaskSource
{
    private const MemcachedVerb NotSent = 0;

    private readonly TicketPool _pool;
    private ManualResetValueTaskSourceCore<bool> _end;
    private MemcachedVerb[] _verbs = [];
    private MemcachedStatus _classicAnswer;
    private uint _firstOpaque;

    public PassTicket(TicketPool pool, bool continueInline)
    {
        _pool = pool;
        _end.RunContinuationsAsynchronously = !continueInline;
    }

    /// <summary>Null while it lies in the pool.</summary>
    public IMemcachedPass? Pass { get; private set; }

    /// <summary>Timestamp after which it is given up.</summary>
    public long Deadline { get; private set; }

    /// <summary>Timestamp at which the last of it was written to the send buffer. Guarded by the connection's gate.</summary>
    public long WrittenAt { get; set; }

    /// <summary>Operations written to the send buffer, or answered without it. Guarded by the connection's gate; grows only.</summary>
    public int Written { get; private set; }

    /// <summary>Of those, the ones whose answer is known. Of the reader; published under the gate.</summary>
    public int Answered { get; set; }

    /// <summary>True if nothing more of it will be written.</summary>
    public bool IsWritten => Written == Pass!.Count;

    public ValueTask Begin(IMemcachedPass pass, uint firstOpaque, long deadline)
    {
        (Pass, _firstOpaque, Deadline) = (pass, firstOpaque, deadline);
        (Written, Answered, _classicAnswer) = (0, 0, MemcachedStatus.Pending);
        if (_verbs.Length < pass.Count)
        {
            _verbs = new MemcachedVerb[Math.Max(pass.Count, 16)];
        }

        return new ValueTask(this, _end.Version);
    }

    public uint OpaqueOf(int index) => (_firstOpaque + (uint)index) & Wire.Opaque.Mask;

    public MemcachedVerb VerbOf(int index) => _verbs[index];

    public void NoteSent(MemcachedVerb verb) => _verbs[Written++] = verb;

    public void NoteNotSent() => _verbs[Written++] = NotSent;

    /// <summary>The first operation from here on that awaits an answer, or the end of what is written.</summary>
    public int NextSent(int index, int written)
    {
        while (index < written && _verbs[index] == NotSent)
        {
            index++;
        }

        return index;
    }

    /// <summary>What a classic command answered, while the answer to the get behind it is awaited; then Pending again.</summary>
    public MemcachedStatus TakeClassicAnswer()
    {
        var status = _classicAnswer;
        _classicAnswer = MemcachedStatus.Pending;
        return status;
    }

    public void KeepClassicAnswer(MemcachedStatus status) => _classicAnswer = status;

    /// <summary>Tells the pass, and lets the one who awaits it go on. Never under the gate.</summary>
    public void End(long incarnation, bool complete)
    {
        Pass!.End(incarnation, complete);
        _end.SetResult(true);
    }

    public void GetResult(short token)
    {
        _end.GetResult(token);
        _end.Reset();
        Pass = null;
        if (_verbs.Length > MemcachedLimits.KeptOperations)
        {
            _verbs = [];
        }

        _pool.Return(this);
    }

    public ValueTaskSourceStatus GetStatus(short token) => _end.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _end.OnCompleted(continuation, state, token, flags);
}

/// <summary>Tickets that wait for their next pass.</summary>
internal sealed class TicketPool(bool continueInline)
{
    private readonly Stack<PassTicket> _tickets = new(MemcachedLimits.KeptTickets);

    public PassTicket Take()
    {
        lock (_tickets)
        {
            return _tickets.TryPop(out var ticket) ? ticket : new PassTicket(this, continueInline);
        }
    }

    public void Return(PassTicket ticket)
    {
        lock (_tickets)
        {
            if (_tickets.Count < MemcachedLimits.KeptTickets)
            {
                _tickets.Push(ticket);
            }
        }
    }
}
