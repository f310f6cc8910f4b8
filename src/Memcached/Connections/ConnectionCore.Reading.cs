namespace Mjolnir.Memcached.Connections;

/// <summary>The reading thread: connects, has answers read, and ends passes, until the connection is closed.</summary>
internal sealed partial class ConnectionCore
{
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

    /// <summary>The connection's clock.</summary>
    public long Now => _time.GetTimestamp();

    /// <summary>True if the oldest pass, sent or not, is past its time, or the server has been silent for too long while it owes the answer. For the reader.</summary>
    /// <param name="heardAt">when it was last heard</param>
    public bool IsLate(long heardAt)
    {
        lock (_gate)
        {
            var now = Now;
            return (_sent.TryPeek(out var oldest) || _waiting.TryPeek(out oldest))
                && (now > oldest.Deadline || (oldest.IsWritten && now - Math.Max(oldest.WrittenAt, heardAt) > Ticks(_limits.Silence)));
        }
    }

    private void Read()
    {
        var pause = _limits.FirstPause;
        while (!IsClosing)
        {
            // A server that accepts and closes again, or talks nonsense, is asked as seldom as one that is not there.
            if (Serve())
            {
                pause = _limits.FirstPause;
            }
            else
            {
                Pause(pause);
                pause = pause * 2 < _limits.LongestPause ? pause * 2 : _limits.LongestPause;
            }
        }

        End(TakeAll(), complete: false);
        _closed.SetResult();
    }

    /// <summary>One connection from its beginning to its end; false: it never answered anything.</summary>
    private bool Serve()
    {
        if (!SocketLink.TryConnect(_address, _limits.Connect, out var link, out var fault))
        {
            LastFault = $"memcached at {_address}: {fault}";
            return false;
        }

        Begin(link);
        var pump = new AnswerPump(this, link);
        LastFault = $"memcached at {_address}: {pump.Run()}";
        Lose(link, pump.Disbelieved);
        return pump.HasAnswered;
    }

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
            _untold = !_closing && lost.TrueForAll(ticket => ticket.Pass!.IsHousekeeping);
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
