using Mjolnir.Memcached.Wire;

namespace Mjolnir.Memcached.Connections;

/// <summary>
/// The connection's state and its threads. The callers' threads write: the first that finds nobody writing sends what all have given meanwhile. One thread of its own connects, reads, and ends
/// passes, alone (<see cref="AnswerPump"/>): it sleeps in the kernel until bytes come, so an answer costs one wake-up. A second one is made when the server takes bytes more slowly than they are given.
/// </summary>
internal sealed partial class ConnectionCore
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

    public bool IsClosing => Volatile.Read(ref _closing);

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
            lost = _untold && !pass.IsHousekeeping;
            _untold &= !lost;
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

    private void End(IEnumerable<PassTicket> tickets, bool complete)
    {
        foreach (var ticket in tickets)
        {
            ticket.End(Incarnation, complete);
        }
    }
}
