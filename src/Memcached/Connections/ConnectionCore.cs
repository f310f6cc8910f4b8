using Mjolnir.Memcached.Wire;

namespace Mjolnir.Memcached.Connections;

/// <summary>
/// The connection's state and its threads. The callers' threads write: the first that finds nobody writing sends what all have given meanwhile. One thread of its own connects, reads, and ends
/// passes, alone (<see cref="AnswerPump"/>): it sleeps in the kernel until bytes come, so an answer costs one wake-up. A second one is made when the server takes bytes more slowly than they are given.
/// </summary>
internal sealed class ConnectionCore
{
    private const int TokenBits = 48;

    private readonly MemcachedAddress _address;
    private readonly MemcachedLimits _limits;
    private readonly TimeProvider _time;
    private readonly TicketPool _pool;
    private readonly object _gate = new();
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // All below are guarded by the gate.
    private readonly Queue<PassTicket> _waiting = new();
    private readonly Queue<PassTicket> _sent = new();
    private readonly List<PassTicket> _answeredByWriter = [];
    private readonly SendBuffer _buffer = new();
    private SocketLink? _link;
    private long _incarnation = 1;
    private uint _nextOpaque;
    private bool _untold;
    private bool _writing;
    private bool _writerStarted;
    private bool _writerAsked;
    private bool _closing;

    public ConnectionCore(MemcachedAddress address, MemcachedLimits limits, TimeProvider time, TicketPool pool)
    {
        (_address, _limits, _time, _pool) = (address, limits, time, pool);
        new Thread(Read) { IsBackground = true, Name = $"memcached {address}" }.Start();
    }

    public long Incarnation => Volatile.Read(ref _incarnation);

    public bool IsConnected => Volatile.Read(ref _link) is not null;

    public string? LastFault { get; private set; }

    public MemcachedLimits Limits => _limits;

    public ValueTask Run(IMemcachedPass pass)
    {
        var ticket = _pool.Take();
        ValueTask end;
        bool lost;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closing, this);
            end = ticket.Begin(pass, _nextOpaque, _time.GetTimestamp() + Ticks(_limits.Pass));
            _nextOpaque += (uint)pass.Count;
            lost = _untold;
            _untold = false;
            if (!lost)
            {
                _waiting.Enqueue(ticket);
                if (_writing || _link is null)
                {
                    return end;
                }

                _writing = true;
            }
        }

        if (lost)
        {
            ticket.End(Incarnation, complete: false);
        }
        else
        {
            Write();
        }

        return end;
    }

    public Task CloseAsync()
    {
        lock (_gate)
        {
            _closing = true;
            _link?.Cut();
            Monitor.PulseAll(_gate);
        }

        return _closed.Task;
    }

    /// <summary>The oldest pass that awaits answers, or null; and how much of it is written by now. For the reader.</summary>
    public PassTicket? OldestSent(out int written)
    {
        lock (_gate)
        {
            var ticket = _sent.TryPeek(out var oldest) ? oldest : null;
            written = ticket?.Written ?? 0;
            return ticket;
        }
    }

    /// <summary>Notes how far the oldest pass is answered, and takes out the passes that await nothing more; the caller ends them. For the reader.</summary>
    public void NoteAnswered(PassTicket ticket, int answered, List<PassTicket> ended)
    {
        lock (_gate)
        {
            ticket.Answered = answered;
            TakeAnswered(ended);
        }
    }

    /// <summary>True if the oldest pass, sent or not, is past its time. For the reader.</summary>
    public bool IsLate()
    {
        lock (_gate)
        {
            return (_sent.TryPeek(out var oldest) || _waiting.TryPeek(out oldest)) && _time.GetTimestamp() > oldest.Deadline;
        }
    }

    /// <summary>A token as callers know it: with the incarnation in its upper bits, since a restarted server counts from 1 again. Null: no token that a memcached gives.</summary>
    public ulong? TokenOut(ulong token) => token >> TokenBits == 0 ? token | Tag : null;

    private ulong Tag => (ulong)(Incarnation - 1) << TokenBits;

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * _time.TimestampFrequency);

    private void TakeAnswered(List<PassTicket> ended)
    {
        while (_sent.TryPeek(out var oldest) && oldest.IsWritten && oldest.NextSent(oldest.Answered, oldest.Written) == oldest.Written)
        {
            ended.Add(_sent.Dequeue());
        }
    }

    /// <summary>Sends what is waiting until nothing is. The caller has set <see cref="_writing"/>.</summary>
    private void Write()
    {
        var more = true;
        while (more)
        {
            SocketLink? link;
            PassTicket[] ended;
            lock (_gate)
            {
                link = _link;
                if (link is null || !Gather())
                {
                    _buffer.Clear();
                    _writing = false;
                    Monitor.PulseAll(_gate);
                    more = false;
                }

                ended = _answeredByWriter.Count == 0 ? [] : [.. _answeredByWriter];
                _answeredByWriter.Clear();
            }

            End(ended, complete: true);
            more = more && Send(link!);
        }
    }

    /// <summary>Sends the buffer; false: the socket takes no more now, and the second thread goes on.</summary>
    private bool Send(SocketLink link)
    {
        while (!_buffer.IsEmpty)
        {
            var sent = link.Send(_buffer.Unsent);
            if (sent < 0)
            {
                // The reader learns of the end too; only it ends passes.
                link.Cut();
                _buffer.Clear();
                return true;
            }

            if (sent == 0)
            {
                AskWriter();
                return false;
            }

            _buffer.Sent(sent);
        }

        return true;
    }

    /// <summary>Fills the send buffer with waiting operations; false: there are none.</summary>
    private bool Gather()
    {
        while (_buffer.Length < MemcachedLimits.SendBytes && _waiting.TryPeek(out var ticket))
        {
            if (ticket.Written == 0)
            {
                _sent.Enqueue(ticket);
            }

            while (!ticket.IsWritten && _buffer.Length < MemcachedLimits.SendBytes)
            {
                WriteNext(ticket);
            }

            if (!ticket.IsWritten)
            {
                break;
            }

            _waiting.Dequeue();
        }

        // What was sent of a pass may be answered before its last operations turn out to need no sending: then no answer will end it.
        TakeAnswered(_answeredByWriter);

        return !_buffer.IsEmpty;
    }

    private void WriteNext(PassTicket ticket)
    {
        var (pass, index) = (ticket.Pass!, ticket.Written);
        if (!pass.TryAsk(index, out var request))
        {
            ticket.NoteNotSent();
            return;
        }

        if (Refusal(request) is { } refused)
        {
            pass.Answer(index, new MemcachedAnswer(refused));
            ticket.NoteNotSent();
            return;
        }

        request = request with { Token = request.Token & ((1UL << TokenBits) - 1) };
        RequestWriter.Write(_buffer, request, ticket.OpaqueOf(index), _limits.LeaseSeconds);
        ticket.NoteSent(request.Verb);
    }

    /// <summary>Why an operation is not sent at all; null: it is.</summary>
    private MemcachedStatus? Refusal(in MemcachedRequest request)
    {
        if (RequestWriter.HasKey(request.Verb) && !MemcachedKey.IsValid(request.Key))
        {
            return MemcachedStatus.BadKey;
        }

        if (RequestWriter.HasToken(request.Verb) && (request.Token >> TokenBits) << TokenBits != Tag)
        {
            return MemcachedStatus.Conflict;
        }

        return _limits.Holds(request.Key, request.Value.Length) ? null : MemcachedStatus.TooLarge;
    }

    private void End(IEnumerable<PassTicket> tickets, bool complete)
    {
        foreach (var ticket in tickets)
        {
            ticket.End(Incarnation, complete);
        }
    }

    private void AskWriter()
    {
        lock (_gate)
        {
            _writerAsked = true;
            if (!_writerStarted)
            {
                _writerStarted = true;
                new Thread(WriteWhenPossible) { IsBackground = true, Name = $"memcached {_address} writer" }.Start();
            }

            Monitor.PulseAll(_gate);
        }
    }

    private void WriteWhenPossible()
    {
        while (true)
        {
            SocketLink? link;
            lock (_gate)
            {
                while (!_writerAsked && !_closing)
                {
                    Monitor.Wait(_gate);
                }

                if (!_writerAsked)
                {
                    return;
                }

                link = _link;
            }

            if (link is not null && !link.CanSend(MemcachedLimits.Tick))
            {
                continue;
            }

            lock (_gate)
            {
                _writerAsked = false;
            }

            if (link is null || Send(link))
            {
                Write();
            }
        }
    }

    private void Read()
    {
        var pause = _limits.FirstPause;
        while (!IsClosing)
        {
            if (SocketLink.TryConnect(_address, _limits.Connect, out var link, out var fault))
            {
                pause = _limits.FirstPause;
                Begin(link);
                var pump = new AnswerPump(this, link);
                LastFault = $"memcached at {_address}: {pump.Run()}";
                Lose(link, pump.Disbelieved);
            }
            else
            {
                LastFault = $"memcached at {_address}: {fault}";
                Pause(pause);
                pause = pause * 2 < _limits.LongestPause ? pause * 2 : _limits.LongestPause;
            }
        }

        End(TakeAll(), complete: false);
        _closed.SetResult();
    }

    public bool IsClosing => Volatile.Read(ref _closing);

    private void Begin(SocketLink link)
    {
        GiveUpLate();
        lock (_gate)
        {
            if (_closing)
            {
                link.Cut();
            }

            _link = link;
            _writing = true;
        }

        Write();
    }

    /// <summary>The connection is over: nobody uses it any more when this returns, and everybody who awaited something of it goes on.</summary>
    private void Lose(SocketLink link, IReadOnlyList<PassTicket> disbelieved)
    {
        link.Cut();
        lock (_gate)
        {
            _link = null;
            while (_writing)
            {
                Monitor.Wait(_gate);
            }
        }

        link.Dispose();
        List<PassTicket> lost;
        lock (_gate)
        {
            // First: who sees an unknown outcome sees the new incarnation (tokens of the old one are worth nothing).
            Volatile.Write(ref _incarnation, _incarnation + 1);
            lost = [.. disbelieved, .. TakeAll()];
            _untold = lost.Count == 0 && !_closing;
        }

        End(lost, complete: false);
    }

    private List<PassTicket> TakeAll()
    {
        lock (_gate)
        {
            List<PassTicket> all = [.. _sent, .. _waiting.Where(ticket => ticket.Written == 0)];
            _sent.Clear();
            _waiting.Clear();
            return all;
        }
    }

    /// <summary>Waits before the next try to connect.</summary>
    private void Pause(TimeSpan pause)
    {
        lock (_gate)
        {
            if (!_closing)
            {
                Monitor.Wait(_gate, pause);
            }
        }

        GiveUpLate();
    }

    /// <summary>Ends the passes that waited too long for a connection.</summary>
    private void GiveUpLate()
    {
        var late = new List<PassTicket>();
        lock (_gate)
        {
            while (_waiting.TryPeek(out var oldest) && _time.GetTimestamp() > oldest.Deadline)
            {
                late.Add(_waiting.Dequeue());
            }
        }

        End(late, complete: false);
    }
}
